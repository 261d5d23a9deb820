#include "dns/message_text.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "dns/encoding.hpp"
#include "dns/rdata.hpp"
#include "dns/registry.hpp"
#include "dns/text_escape.hpp"

namespace kith::dns {
namespace {

struct NamedFlag {
    std::uint16_t bit;
    std::string_view name;
};
constexpr NamedFlag header_flags[] = {{Header::qr, "qr"}, {Header::aa, "aa"}, {Header::tc, "tc"},
                                      {Header::rd, "rd"}, {Header::ra, "ra"}, {Header::z, "z"},
                                      {Header::ad, "ad"}, {Header::cd, "cd"}};

std::string hex(Bytes bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}

std::string quoted(Bytes bytes) {
    std::string out;
    append_quoted(out, bytes);
    return out;
}

std::string hex_with_text(Bytes bytes) {
    return bytes.empty() ? std::string() : fmt::format("{} ({})", hex(bytes), quoted(bytes));
}

// family 16 | source prefix 8 | scope prefix 8 | as many address bytes as the source prefix needs
std::string subnet_text(Bytes value) {
    if (value.size() < 4) return hex(value);
    const std::uint16_t family = load_u16(value.data());
    const std::size_t size = family == 1 ? 4 : family == 2 ? 16 : 0;
    if (size == 0 || value.size() - 4 > size) return hex(value);
    std::uint8_t address[16] = {};
    std::copy(value.begin() + 4, value.end(), address);
    return fmt::format("{}/{}/{}", IpAddress::from_bytes({address, size})->to_text(), value[2],
                       value[3]);
}

std::string error_text(Bytes value) {
    if (value.size() < 2) return hex(value);
    const auto code = static_cast<EdeCode>(load_u16(value.data()));
    std::string out = fmt::format("{} ({})", static_cast<unsigned>(code), ede_name(code));
    if (value.size() > 2) out += ": " + quoted(value.subspan(2));
    return out;
}

std::string numbers_text(Bytes value) {
    if (value.size() % 2 != 0) return hex(value);
    std::string out;
    for (std::size_t i = 0; i < value.size(); i += 2) {
        fmt::format_to(std::back_inserter(out), "{}{}", i > 0 ? " " : "",
                       load_u16(value.data() + i));
    }
    return out;
}

std::string bytes_as_numbers(Bytes value) { return fmt::format("{}", fmt::join(value, " ")); }

// label count 8 | type 8 (0: SOA serial) | value (RFC 9660 §2)
std::string zone_version_text(Bytes value) {
    if (value.size() != 6 || value[1] != 0) return hex(value);
    return fmt::format("serial {} of the zone with {} labels", load_u32(value.data() + 2),
                       value[0]);
}

std::string name_or_hex(Bytes value) {
    const auto name = NameView::from_wire(value);
    return name && name->size() == value.size() ? name->to_text() : hex(value);
}

void append_line(std::string& out, std::string_view before, NameView owner, RrType type,
                 RrClass klass, std::uint32_t ttl, Bytes rdata) {
    out += before;
    out += to_text(owner, type, klass, ttl, rdata);
    out += '\n';
}

void append_edns(std::string& out, const Edns& edns) {
    out += "\n;; OPT PSEUDOSECTION:\n";
    fmt::format_to(std::back_inserter(out), "; EDNS: version: {}, flags:{}; udp: {}\n",
                   edns.version, edns.dnssec_ok ? " do" : "", edns.payload_bytes);
    edns.for_each([&](const Option& option) {
        fmt::format_to(std::back_inserter(out), "; {}: {}\n", option_name(option.code),
                       option_text(option));
    });
}

void append_questions(std::string& out, const MessageView& message) {
    Reader reader(message.bytes(), header_bytes);
    for (int i = 0; i < message.header().counts[0]; ++i) {
        const auto question = read_question(reader);
        if (!question) return;  // parse() has seen it: cannot happen
        if (i == 0)
            out += message.header().opcode() == Opcode::UPDATE ? "\n;; ZONE SECTION:\n"
                                                               : "\n;; QUESTION SECTION:\n";
        fmt::format_to(std::back_inserter(out), ";{}\t\t{}\t{}\n", question->name.to_text(),
                       class_name(question->klass), type_name(question->type));
    }
}

// RFC 2136 §2 gives the sections of an UPDATE other names.
std::string_view section_title(Section section, Opcode opcode) {
    const bool update = opcode == Opcode::UPDATE;
    switch (section) {
        case Section::question: return update ? "ZONE" : "QUESTION";
        case Section::answer: return update ? "PREREQUISITE" : "ANSWER";
        case Section::authority: return update ? "UPDATE" : "AUTHORITY";
        case Section::additional: return "ADDITIONAL";
    }
    return "";
}

}  // namespace

std::string option_text(const Option& option) {
    switch (option.code) {
        case OptionCode::CLIENT_SUBNET: return subnet_text(option.value);
        case OptionCode::EDE: return error_text(option.value);
        case OptionCode::NSID: return hex_with_text(option.value);
        case OptionCode::KEY_TAG: return numbers_text(option.value);
        case OptionCode::DAU:
        case OptionCode::DHU:
        case OptionCode::N3U: return bytes_as_numbers(option.value);
        case OptionCode::ZONEVERSION: return zone_version_text(option.value);
        case OptionCode::CHAIN:
        case OptionCode::REPORT_CHANNEL: return name_or_hex(option.value);
        case OptionCode::PADDING: return fmt::format("{} bytes", option.value.size());
        case OptionCode::TCP_KEEPALIVE:  // RFC 7828 §3.1: units of 100 ms
            if (option.value.size() == 2) {
                const unsigned tenths = load_u16(option.value.data());
                return fmt::format("{}.{} s", tenths / 10, tenths % 10);
            }
            return hex(option.value);
        case OptionCode::EXPIRE:
            return option.value.size() == 4 ? fmt::format("{} s", load_u32(option.value.data()))
                                            : hex(option.value);
        case OptionCode::LLQ:
        case OptionCode::UL:
        case OptionCode::COOKIE: break;
    }
    return hex(option.value);
}

std::string to_text(NameView owner, RrType type, RrClass klass, std::uint32_t ttl, Bytes rdata) {
    std::string out =
        fmt::format("{}\t{}\t{}\t{}", owner.to_text(), ttl, class_name(klass), type_name(type));
    const bool update_set = rdata.empty() && (klass == RrClass::ANY || klass == RrClass::NONE);
    if (!update_set) {
        const std::string text = rdata_to_text(type, klass, rdata);
        if (!text.empty()) out += '\t';
        out += text;
    }
    return out;
}

std::string to_text(const MessageView& message) {
    const Header& header = message.header();
    std::string out =
        fmt::format(";; opcode: {}, status: {}, id: {}\n;; flags:", opcode_name(header.opcode()),
                    rcode_name(message.rcode()), header.id);
    for (const NamedFlag& flag : header_flags) {
        if (header.has(flag.bit)) fmt::format_to(std::back_inserter(out), " {}", flag.name);
    }
    const bool update = header.opcode() == Opcode::UPDATE;
    fmt::format_to(std::back_inserter(out), "; {}: {}, {}: {}, {}: {}, ADDITIONAL: {}\n",
                   update ? "ZONE" : "QUERY", header.counts[0],
                   section_title(Section::answer, header.opcode()), header.counts[1],
                   section_title(Section::authority, header.opcode()), header.counts[2],
                   header.counts[3]);
    if (message.edns()) append_edns(out, *message.edns());
    append_questions(out, message);
    std::vector<std::uint8_t> scratch(rdata_bytes_max);
    for (const Section section : {Section::answer, Section::authority, Section::additional}) {
        bool first = true;
        message.for_each(section, [&](const RecordView& record) {
            if (first)
                fmt::format_to(std::back_inserter(out), "\n;; {} SECTION:\n",
                               section_title(section, header.opcode()));
            first = false;
            Writer expanded(scratch);
            const auto fits = expand_rdata(message.bytes(), record, expanded);
            if (fits) {
                append_line(out, "", record.owner, record.type, record.klass, record.ttl,
                            expanded.written());
            } else {
                // Shown as it stands in the message and commented out: it cannot be pasted.
                fmt::format_to(std::back_inserter(out), "; RDATA does not fit {}: {}\n",
                               type_name(record.type), fits.error().to_text());
                append_line(out, "; ", record.owner, RrType::NULL_, record.klass, record.ttl,
                            record.rdata);
            }
        });
    }
    return out;
}

}  // namespace kith::dns
