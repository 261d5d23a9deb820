#include "resolve/forward_config.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "resolve/limits.hpp"

namespace kith::resolve {
namespace {

template <class... T>
Problem problem(fmt::format_string<T...> format, T&&... values) {
    Problem out;
    out.text = fmt::format(format, std::forward<T>(values)...);
    return out;
}

void check_route(const ForwardConfig& config, const Route& route, Problems& problems) {
    const std::string domain = route.domain.to_text();
    if (route.upstreams.size() > route_upstreams_max) {
        problems.push_back(problem("\"{}\" has {} upstreams, expected at most {}: remove some",
                                   domain, route.upstreams.size(), route_upstreams_max));
    }
    for (const Endpoint& upstream : route.upstreams) {
        if (upstream.port == 0 || upstream.address.is_unspecified() ||
            upstream.address.is_multicast()) {
            problems.push_back(
                problem("upstream {} of \"{}\" cannot be asked: expected the address "
                        "and port of one server",
                        upstream.to_text(), domain));
        } else if (is_own_endpoint(config, upstream)) {
            problems.push_back(
                problem("upstream {} of \"{}\" is this server itself, so every question "
                        "would come back: name another server",
                        upstream.to_text(), domain));
        }
    }
}

}  // namespace

Problems check_config(const ForwardConfig& config) {
    Problems problems;
    std::set<std::string> domains;
    std::set<std::string> servers;
    for (const Route& route : config.routes) {
        if (!domains.insert(route.domain.lowered().to_text()).second) {
            problems.push_back(problem("\"{}\" has upstreams twice: write them in one list",
                                       route.domain.to_text()));
        }
        for (const Endpoint& upstream : route.upstreams) servers.insert(upstream.to_text());
        check_route(config, route, problems);
    }
    if (servers.size() > servers_max) {
        problems.push_back(problem("{} upstream servers in all, expected at most {}",
                                   servers.size(), servers_max));
    }
    return problems;
}

bool is_own_endpoint(const ForwardConfig& config, const Endpoint& upstream) {
    const bool is_local =
        upstream.address.is_loopback() || upstream.address.is_unspecified() ||
        std::ranges::find(config.local_addresses, upstream.address) != config.local_addresses.end();
    return std::ranges::any_of(config.own_endpoints, [&](const Endpoint& own) {
        if (own.port != upstream.port) return false;
        if (own.address == upstream.address) return true;
        // A socket bound to :: takes IPv4 too unless told otherwise, so the family does not matter here.
        return own.address.is_unspecified() && is_local;
    });
}

std::optional<Endpoint> parse_upstream(std::string_view text, std::uint16_t default_port) {
    const std::optional<Endpoint> endpoint = Endpoint::from_text(text, default_port);
    if (!endpoint || endpoint->port == 0) return std::nullopt;
    if (endpoint->address.is_unspecified() || endpoint->address.is_multicast()) return std::nullopt;
    return endpoint;
}

}  // namespace kith::resolve
