#include <algorithm>
#include <array>

#include "dns/message_builder.hpp"
#include "update/update.hpp"

namespace kith::update {
namespace {

// Longest EXTRA-TEXT sent: a reason with two long names. It is cut at a whole byte of UTF-8.
constexpr std::size_t ede_text_bytes_max = 255;

std::string_view cut(std::string_view text) {
    if (text.size() <= ede_text_bytes_max) return text;
    std::size_t size = ede_text_bytes_max;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
    return text.substr(0, size);
}

void write_option(dns::Writer& out, dns::OptionCode code, Bytes value) {
    out.u16(static_cast<std::uint16_t>(code));
    out.u16(static_cast<std::uint16_t>(value.size()));
    out.bytes(value);
}

void write_ede(dns::Writer& out, const Refusal& refusal) {
    const std::string_view text = cut(refusal.reason);
    std::array<std::uint8_t, 2 + ede_text_bytes_max> value;
    dns::Writer writer(value);
    writer.u16(static_cast<std::uint16_t>(refusal.ede));
    writer.bytes(as_bytes(text));
    write_option(out, dns::OptionCode::EDE, writer.written());
}

}  // namespace

Bytes write_update_response(MutableBytes buffer, std::size_t limit, Bytes request, Rcode rcode,
                            const Refusal* refusal, const std::optional<Lease>& granted,
                            std::size_t reserve) {
    const auto header = dns::read_header(request);
    if (!header) return {};
    dns::MessageBuilder builder;
    builder.start(buffer, limit);
    builder.header().id = header->id;
    // QR, the opcode as it came, RD as everywhere (RFC 1035 §4.1.1); the rest is zero (§3.8).
    builder.header().flags =
        static_cast<std::uint16_t>(dns::Header::qr | (header->flags & (0x7800U | dns::Header::rd)));
    builder.set_rcode(rcode);
    dns::Reader reader(request, dns::header_bytes);
    const auto zone = dns::read_question(reader);
    if (header->counts[0] == 1 && zone) builder.add_question(zone->name, zone->type, zone->klass);
    const auto view = dns::MessageView::parse(request);
    if (view && view->edns()) {
        std::array<std::uint8_t, 12 + 6 + ede_text_bytes_max> bytes;
        dns::Writer options(bytes);
        if (granted && rcode == Rcode::NOERROR)
            write_option(options, dns::OptionCode::UL, write_lease(*granted));
        if (refusal != nullptr && !refusal->reason.empty()) write_ede(options, *refusal);
        const std::size_t room = builder.room();
        const bool fits = room >= reserve + 11 + options.size();
        builder.add_opt(dns::udp_bytes_default, rcode, 0, 0, fits ? options.written() : Bytes{});
    }
    return builder.finish();
}

}  // namespace kith::update
