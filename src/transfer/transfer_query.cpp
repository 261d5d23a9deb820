#include "transfer/transfer_query.hpp"

#include "base/check.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "transfer/serial.hpp"

namespace kith::transfer {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;

// A header, the longest name twice, a SOA with two names, OPT with one option.
constexpr std::size_t query_bytes_max = 2048;

/// The serial in the authority section of an IXFR query: one SOA of the zone (RFC 1995 §3).
std::optional<std::uint32_t> read_client_serial(const dns::MessageView& message,
                                                const TransferQuery& query) {
    std::optional<std::uint32_t> serial;
    int records = 0;
    message.for_each(dns::Section::authority, [&](const dns::RecordView& record) {
        ++records;
        if (record.type != RrType::SOA || record.klass != query.klass || record.owner != query.zone)
            return;
        std::uint8_t space[2 * dns::name_bytes_max + 20];
        dns::Writer rdata(space);
        if (dns::expand_rdata(message.bytes(), record, rdata)) {
            serial = read_soa_numbers(rdata.written()).serial;
        }
    });
    return records == 1 ? serial : std::nullopt;
}

/// Writes OPT with an empty EXPIRE option (RFC 7314 §3.1).
void add_opt(dns::MessageBuilder& builder) {
    constexpr std::uint8_t expire[] = {0, static_cast<std::uint8_t>(dns::OptionCode::EXPIRE), 0, 0};
    KITH_CHECK(builder.add_opt(dns::udp_bytes_default, Rcode::NOERROR, 0, 0, expire));
}

std::vector<std::uint8_t> finish(dns::MessageBuilder& builder, std::vector<std::uint8_t>& buffer,
                                 MessageSigner* signer) {
    std::size_t size = builder.finish().size();
    if (signer != nullptr) {
        buffer.resize(size + signer->room());
        size = signer->sign(buffer, size);
    }
    buffer.resize(size);
    return std::move(buffer);
}

}  // namespace

Result<TransferQuery, Rcode> read_transfer_query(Bytes message) {
    const auto parsed = dns::MessageView::parse(message);
    if (!parsed) return std::unexpected(Rcode::FORMERR);
    const Header& header = parsed->header();
    const auto question = parsed->question();
    if (header.has(Header::qr) || header.opcode() != dns::Opcode::QUERY || header.counts[0] != 1 ||
        header.counts[1] != 0) {
        return std::unexpected(Rcode::FORMERR);
    }
    TransferQuery out;
    out.id = header.id;
    out.recursion_desired = header.has(Header::rd);
    out.zone = question->name;
    out.klass = question->klass;
    if (const auto& edns = parsed->edns()) {
        if (edns->version != 0) return std::unexpected(Rcode::BADVERS);
        out.has_edns = true;
        out.wants_expire = edns->option(dns::OptionCode::EXPIRE).has_value();
        out.payload_bytes =
            static_cast<std::uint16_t>(edns->usable_payload(dns::message_bytes_max));
    }
    if (question->type == RrType::AXFR) return out;
    if (question->type != RrType::IXFR) return std::unexpected(Rcode::FORMERR);
    out.kind = Kind::ixfr;
    const auto serial = read_client_serial(*parsed, out);
    if (!serial) return std::unexpected(Rcode::FORMERR);
    out.serial = *serial;
    return out;
}

std::vector<std::uint8_t> write_transfer_query(const QueryOut& query, MessageSigner* signer) {
    std::vector<std::uint8_t> buffer(query_bytes_max);
    dns::MessageBuilder builder;
    builder.start_query(buffer, query.id, query.zone,
                        query.kind == Kind::axfr ? RrType::AXFR : RrType::IXFR, query.klass);
    if (query.kind == Kind::ixfr) {
        KITH_CHECK(builder.add_record(dns::Section::authority, query.zone, RrType::SOA, query.klass,
                                      0, query.soa));
    }
    if (query.edns) add_opt(builder);
    return finish(builder, buffer, signer);
}

std::vector<std::uint8_t> write_soa_query(std::uint16_t id, dns::NameView zone, dns::RrClass klass,
                                          MessageSigner* signer) {
    std::vector<std::uint8_t> buffer(query_bytes_max);
    dns::MessageBuilder builder;
    builder.start_query(buffer, id, zone, RrType::SOA, klass);
    add_opt(builder);
    return finish(builder, buffer, signer);
}

}  // namespace kith::transfer
