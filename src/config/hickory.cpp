#include "config/hickory.hpp"

#include <fmt/format.h>

#include "config/hickory_zone.hpp"
#include "config/text.hpp"

namespace kith::config {
namespace {

using enum KeyUse;

constexpr std::string_view no_tls = "DNS over TLS, HTTPS and QUIC are not served";
constexpr std::string_view no_metrics = "counters are logged on SIGUSR1";
constexpr std::string_view sockets = "each worker has a socket of its own for each address";

// clang-format off
constexpr KeyRow document_keys[] = {
    {"listen_addrs_ipv4"}, {"listen_addrs_ipv6"}, {"listen_port"}, {"directory"}, {"zones"},
    {"tcp_request_timeout"},
    {"log_level", no_effect, "it never had one: -q and -d say what is logged"},
    {"tls_listen_port", no_effect, no_tls}, {"https_listen_port", no_effect, no_tls},
    {"quic_listen_port", no_effect, no_tls}, {"http_endpoint", no_effect, no_tls},
    {"disable_tls", no_effect, no_tls}, {"disable_https", no_effect, no_tls},
    {"disable_quic", no_effect, no_tls}, {"ssl_keylog_enabled", no_effect, no_tls},
    {"tls_cert", not_yet, no_tls},
    {"prometheus_listen_addr", no_effect, no_metrics}, {"disable_prometheus", no_effect, no_metrics},
    {"disable_tcp", not_yet, "every address is served over UDP and TCP"},
    {"disable_udp", not_yet, "every address is served over UDP and TCP"},
    {"user", no_effect, "kith keeps the user it is started as: let the service manager choose it"},
    {"group", no_effect, "kith keeps the group it is started as: let the service manager choose it"},
    {"drop_privileges", no_effect, "kith keeps the user it is started as"},
    {"deny_networks", not_yet, "who may ask is not limited by network"},
    {"allow_networks", not_yet, "who may ask is not limited by network"},
    {"udp_socket", no_effect, sockets}, {"tcp_socket", no_effect, sockets},
};
// clang-format on

/// The addresses to serve; without any, all of this machine.
void read_addresses(const TomlTable& document, HickoryEra era, ServerSection& out) {
    const auto port =
        static_cast<std::uint16_t>(document.number("listen_port", 1, 65'535).value_or(53));
    for (const std::string_view key : {"listen_addrs_ipv4", "listen_addrs_ipv6"}) {
        for (const TomlTable::Item& item : document.texts(key)) {
            const auto address = IpAddress::from_text(item.text);
            const bool is_v4 = key.ends_with("4");
            if (address && address->is_v4() == is_v4) {
                out.listen.push_back({*address, port});
            } else {
                document.error(item.at, fmt::format("'{}': expected an {} address, found {}", key,
                                                    is_v4 ? "IPv4" : "IPv6", shown(item.text)));
            }
        }
    }
    if (!out.listen.empty()) return;
    out.listen.push_back({IpAddress::v4(0, 0, 0, 0), port});
    if (era == HickoryEra::today) out.listen.push_back({*IpAddress::from_text("::"), port});
}

/// That of 2016 knows these words, today's no longer.
HickoryEra era_of(const TomlTable& document) {
    for (const toml::table* const zone : document.tables("zones")) {
        for (const char* const key : {"allow_update", "enable_dnssec"}) {
            if (zone->contains(key)) return HickoryEra::of_2016;
        }
        const auto type = (*zone)["zone_type"].value<std::string_view>();
        for (const std::string_view word : {"Master", "Slave", "Hint", "Forward"}) {
            if (type == word) return HickoryEra::of_2016;
        }
    }
    return HickoryEra::today;
}

void read_document(const TomlTable& document, const HickoryOverrides& overrides, Config& config) {
    const HickoryEra era = era_of(document);
    document.check_keys(document_keys);
    read_addresses(document, era, config.server);
    if (const auto seconds = document.number("tcp_request_timeout", 0, 3600);
        seconds && *seconds > 0) {
        config.server.tcp_idle_timeout = std::chrono::seconds(*seconds);
    }
    HickoryPlace place{overrides.directory, era};
    if (place.directory.empty())
        place.directory = document.text("directory").value_or("/var/named");
    for (const toml::table* const zone : document.tables("zones")) {
        read_hickory_zone(document.inside(*zone, "a zone"), place, config);
    }
}

}  // namespace

bool is_hickory_config(std::string_view file) { return file.ends_with(".toml"); }

std::string replace_extension(std::string_view path, std::string_view extension) {
    const std::size_t dot = path.rfind('.');
    const std::size_t slash = path.rfind('/');
    const bool has_one = dot != path.npos && (slash == path.npos || dot > slash + 1) && dot > 0;
    return std::string(has_one ? path.substr(0, dot) : path).append(extension);
}

Loaded load_hickory_config(std::string_view text, std::string file,
                           const HickoryOverrides& overrides) {
    Loaded out;
    out.config.file = std::move(file);
    out.config.lines = Lines(text);
    // It forwards only where a zone says so, and keeps answers as long as their TTLs say.
    out.config.server.upstream.clear();
    out.config.server.cache_ttl = std::chrono::hours(24);
    ProblemList problems(out.config);
    if (text.size() > config_bytes_max) {
        problems.error(0, fmt::format("expected at most {} of configuration, found {}",
                                      size_text(config_bytes_max), size_text(text.size())));
    } else if (const toml::parse_result parsed = toml::parse(text); !parsed) {
        const toml::source_position at = parsed.error().source().begin;
        problems.error(out.config.lines.offset_of({at.line, at.column}),
                       fmt::format("not TOML: {}", parsed.error().description()));
    } else {
        read_document(TomlTable(parsed.table(), "the configuration", out.config.lines, problems),
                      overrides, out.config);
    }
    out.problems = problems.take();
    return out;
}

}  // namespace kith::config
