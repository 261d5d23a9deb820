#include "cli/words.hpp"

#include <fmt/format.h>

#include <vector>

#include "config/text.hpp"
#include "dns/rdata_table.hpp"
#include "dnssec/key_file.hpp"
#include "net/system.hpp"
#include "zone/zone_file.hpp"

namespace kith::cli {

using config::shown;

Read<dns::Name> read_name(std::string_view what, std::string_view text) {
    const auto name = dns::Name::from_text(text);
    if (name) return *name;
    return std::unexpected(fmt::format("{}: {}", what, name.error().text));
}

Read<dns::RrType> read_type(std::string_view text) {
    if (const auto type = dns::parse_type(text)) return *type;
    std::vector<std::string_view> known;
    for (const dns::TypeRow& row : dns::all_types()) known.push_back(row.mnemonic);
    return std::unexpected(fmt::format(
        "expected a record type such as A, MX or TYPE65280 (up to TYPE65535), found {}{}",
        shown(text), config::did_you_mean(text, known)));
}

Read<Endpoint> read_server(std::string_view text, std::uint16_t port) {
    if (const auto server = Endpoint::from_text(text, port)) return *server;
    return std::unexpected(fmt::format(
        "expected a server's address such as 192.0.2.1 or [2001:db8::1]:5353 (ports up to 65535), "
        "found {}",
        shown(text)));
}

Read<std::uint32_t> read_seconds(std::string_view what, std::string_view text) {
    if (const auto seconds = zone::parse_ttl(text)) return *seconds;
    return std::unexpected(fmt::format("{}: expected seconds, or a time such as 1h or 7d, found {}",
                                       what, shown(text)));
}

Read<UnixTime> read_begin(std::string_view text) {
    if (text.empty()) return net::unix_now();
    if (const auto from = dnssec::parse_key_time(text)) return *from;
    return std::unexpected(
        fmt::format("--from: expected YYYYMMDDHHMMSS in UTC, found {}", shown(text)));
}

}  // namespace kith::cli
