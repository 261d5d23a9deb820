#include "net/load_queries.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "dns/name.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"
#include "dns/wire.hpp"

namespace kith::net {
namespace {

// A file in another format is wrong on every line; its author needs to see only the first few.
constexpr std::size_t query_problems_max = 20;

constexpr std::string_view blanks = " \t\r";

/// Empty, or a comment: `#` and `;` stand in names too, so only at the start of a line.
bool says_nothing(std::string_view line) {
    const std::size_t first = line.find_first_not_of(blanks);
    return first == std::string_view::npos || line[first] == '#' || line[first] == ';';
}

/// The next word of `rest`, which is left after it; empty at the end of the line.
std::string_view take_word(std::string_view& rest) {
    const std::size_t begin = rest.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    const std::size_t end = std::min(rest.find_first_of(blanks, begin), rest.size());
    const std::string_view word = rest.substr(begin, end - begin);
    rest.remove_prefix(end);
    return word;
}

struct Encoded {
    std::array<std::uint8_t, QueryList::message_bytes_max> buffer;
    std::size_t size = 0;
};

Encoded encode(dns::NameView name, dns::RrType type, const QueryStyle& style) {
    Encoded out;
    dns::Writer writer(out.buffer);
    const bool with_opt = style.edns || style.dnssec_ok;
    writer.u16(0);                                     // id: the generator's
    writer.u16(style.recursion_desired ? 0x0100 : 0);  // RD
    writer.u16(1);                                     // one question
    writer.u32(0);
    writer.u16(with_opt ? 1 : 0);
    writer.bytes(name.wire());
    writer.u16(static_cast<std::uint16_t>(type));
    writer.u16(static_cast<std::uint16_t>(dns::RrClass::IN));
    if (with_opt) {
        writer.u8(0);  // OPT's owner is the root
        writer.u16(static_cast<std::uint16_t>(dns::RrType::OPT));
        writer.u16(style.udp_payload_bytes);
        writer.u16(0);                             // extended rcode, version
        writer.u16(style.dnssec_ok ? 0x8000 : 0);  // DO (RFC 3225 §3)
        writer.u16(0);                             // no options
    }
    out.size = writer.size();
    return out;
}

/// Adds the query of one line, which is not empty; otherwise says what is wrong with it.
std::optional<std::string> add_line(std::string_view line, const QueryStyle& style,
                                    QueryList& out) {
    const std::string_view name_text = take_word(line);
    const std::string_view type_text = take_word(line);
    if (type_text.empty())
        return fmt::format("expected a name and a type, found only '{}'", name_text);
    if (const std::string_view more = take_word(line); !more.empty()) {
        return fmt::format("expected the end of the line after the type, found '{}'", more);
    }
    const auto name = dns::Name::from_text(name_text);
    if (!name) return fmt::format("'{}' is not a domain name", name_text);
    const auto type = dns::parse_type(type_text);
    if (!type) return fmt::format("'{}' is not a record type such as A, AAAA or TYPE65", type_text);
    const Encoded query = encode(*name, *type, style);
    KITH_CHECK(out.add({query.buffer.data(), query.size}));  // the longest name leaves room
    return std::nullopt;
}

}  // namespace

bool QueryList::add(Bytes message) {
    if (message.size() < header_size || message.size() > message_bytes_max) return false;
    std::size_t at = header_size;
    while (at < message.size() && message[at] != 0) at += message[at] + std::size_t{1};
    at += 5;  // root label, type, class
    if (at > message.size()) return false;
    entries_.push_back({bytes_.size(), static_cast<std::uint16_t>(message.size()),
                        static_cast<std::uint16_t>(at - header_size)});
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    return true;
}

Result<QueryList, Problems> parse_query_list(std::string_view text, std::string_view file,
                                             const QueryStyle& style) {
    QueryList out;
    Problems problems;
    std::uint32_t line_number = 0;
    while (!text.empty() && problems.size() < query_problems_max) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++line_number;
        if (says_nothing(line)) continue;
        if (auto fault = add_line(line, style, out)) {
            problems.push_back(
                {.file = std::string(file), .line = line_number, .text = *std::move(fault)});
        }
    }
    if (!problems.empty()) return std::unexpected(std::move(problems));
    return out;
}

}  // namespace kith::net
