#include "config/nanodns.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/ip_address.hpp"
#include "config/values.hpp"

namespace kith::config {
namespace {

/// The address as NanoDNS joins it with its port.
std::string joined(const IpAddress& host, std::uint16_t port) {
    return Endpoint{host, port, 0}.to_text();
}

std::string texts(const auto& values) {
    std::string out = "[";
    for (const auto& value : values) out += (out.size() > 1 ? ", " : "") + print_value(value);
    return out + ']';
}

std::string line(std::string_view label, const std::string& value) {
    return fmt::format("  {:<15}: {}\n", label, value);
}

/// Whole seconds as NanoDNS counts them; a shorter time is not cut to none.
std::string seconds(milliseconds value) {
    if (value.count() % 1000 != 0) return fmt::format("{}ms", value.count());
    return fmt::format("{}s", value.count() / 1000);
}

bool is_family(const std::string& text, IpFamily family) {
    const auto address = IpAddress::from_text(text);
    return address && address->family() == family;
}

}  // namespace

std::string nanodns_check_text(const Config& config, std::string_view path) {
    const ServerSection& server = config.server;
    std::string out = fmt::format("✓ Config valid: {}\n", path);
    out += line("Records", std::to_string(config.records.size()));
    out += line("Rewrites", std::to_string(config.rewrites.size()));
    out += line("Zones", std::to_string(config.zones.size()));
    out += line("Bind", joined(server.host, server.port));
    out += line("Upstream", fmt::format("{} timeout={} port={}", texts(server.upstream),
                                        seconds(server.upstream_timeout), server.upstream_port));
    out += line("Cache", fmt::format("enabled={} ttl={} size={}", server.cache_enabled,
                                     seconds(server.cache_ttl), server.cache_size));
    out += line("Hot-reload", server.hot_reload ? "true" : "false");
    out += line("Config version", std::to_string(server.config_version));
    out += line("Mgmt API",
                server.mgmt_port == 0 ? "disabled" : joined(server.mgmt_host, server.mgmt_port));
    if (!server.peers.empty()) out += line("Peers", texts(server.peers));
    return out;
}

std::string nanodns_unreadable(std::string_view path) {
    return fmt::format("Cannot read config: {}", path);
}

std::string nanodns_reason(const Config& config, const Problems& problems, std::string_view path) {
    const auto error = std::ranges::find(problems, Severity::error, &Problem::severity);
    if (error == problems.end()) return {};
    for (const Record& record : config.records) {
        const Place place = config.lines.at(record.value_at);
        const bool reported = std::ranges::any_of(problems, [&](const Problem& problem) {
            return problem.severity == Severity::error && problem.line == place.line &&
                   problem.column == place.column;
        });
        if (!reported) continue;
        if (record.type == dns::RrType::A && !is_family(record.value, IpFamily::v4)) {
            return fmt::format("Record '{}': invalid IPv4 '{}'", record.name, record.value);
        }
        if (record.type == dns::RrType::AAAA && !is_family(record.value, IpFamily::v6)) {
            return fmt::format("Record '{}': invalid IPv6 '{}'", record.name, record.value);
        }
        return error->text;
    }
    return fmt::format("Cannot parse config: {}", path);
}

}  // namespace kith::config
