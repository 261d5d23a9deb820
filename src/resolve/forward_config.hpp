#pragma once
// What the forwarder is told: where to send what, and its limits. A plain value; config/ fills it,
// check_config() judges it, Forwarder takes it whole.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/problem.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"

namespace kith::resolve {

/// The servers for a domain and all below it, except where a longer route says otherwise.
struct Route {
    dns::Name domain;                 // the root: everything else
    std::vector<Endpoint> upstreams;  // in order of preference; empty: never forward these names
    friend bool operator==(const Route&, const Route&) = default;
};

struct ForwardConfig {
    std::vector<Route> routes;
    /// Addresses this server listens on. 0.0.0.0 and :: stand for every address in `local_addresses`
    /// and loopback. An upstream among them would ask us again: it is refused.
    std::vector<Endpoint> own_endpoints;
    std::vector<IpAddress> local_addresses;

    // Times. One message to one server counts as lost after `attempt_timeout` (NanoDNS's
    // upstream_timeout); the next server is asked sooner, when the measured round trip says so, and a
    // late reply still counts. All tries together end after `total_timeout`: clients (dig, glibc) wait
    // 5 s, and SERVFAIL tells them more than silence.
    Duration attempt_timeout = 3s;
    Duration total_timeout = 4500ms;

    // What is sent.
    std::uint16_t udp_payload_bytes = 1232;  // EDNS size told to upstreams: no fragments
    bool case_randomized = true;             // 0x20: the question's case as further secret bits

    // What is kept. Lifetimes of upstream's records are brought between these two.
    std::uint32_t ttl_seconds_min = 0;
    std::uint32_t ttl_seconds_max = 86400;
    std::uint32_t negative_ttl_seconds_max = 3600;  // RFC 2308 §5: 1 to 3 hours

    // Stale data (RFC 8767). How long it is kept is the cache's limit; here is when it is used.
    bool stale_served = true;
    Duration stale_client_timeout = 1800ms;  // RFC 8767 §5: answer stale when upstream takes longer

    bool prefetched = true;  // popular answers are fetched again before they end

    // Tables of one worker.
    std::size_t questions_max = 4096;  // in flight
    std::size_t waiters_max = 16384;   // clients waiting for them
    std::size_t waiters_per_client_max = 1000;

    friend bool operator==(const ForwardConfig&, const ForwardConfig&) = default;
};

/// Why the configuration cannot be used as it is: an upstream that is ourselves, port 0, a domain
/// twice, too many upstreams. Empty: it is fine. Problems have no place: the caller knows it.
Problems check_config(const ForwardConfig& config);

/// The endpoint is one that this server listens on.
bool is_own_endpoint(const ForwardConfig& config, const Endpoint& upstream);

/// One upstream as NanoDNS writes it: `8.8.8.8`, `9.9.9.9:53`, `2001:db8::1`, `[2001:db8::1]:5353`.
/// nullopt: not an address (names are not resolved), port 0, multicast or unspecified.
std::optional<Endpoint> parse_upstream(std::string_view text, std::uint16_t default_port);

}  // namespace kith::resolve
