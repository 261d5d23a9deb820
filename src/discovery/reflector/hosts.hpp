#pragma once
// Hosts: whose addresses may be shown, for services of theirs are, and who of them has no address that
// another link can use. Only services make a host known here: addresses alone, which anybody may say any
// number of, push nobody out.

#include <cstdint>

#include "base/time.hpp"
#include "discovery/reflector/limits.hpp"
#include "discovery/reflector/recency_table.hpp"

namespace kith::discovery::reflector {

class Hosts {
public:
    /// A service that is shown names this host. Keys stand for a host on a link. At hosts_max the host goes that
    /// was heard of longest ago; it is known again when it is heard again.
    void on_service(Time now, std::uint64_t host, Duration ttl);
    enum class Reach : std::uint8_t { this_link, beyond };
    /// It has an address that is valid on its link only, or beyond. Nothing of a host without a service.
    void on_address(Time now, std::uint64_t host, Reach reach, Duration ttl);

    bool has_service(Time now, std::uint64_t host) const;
    /// All that is known of it are addresses that mean nothing on another link.
    bool is_out_of_reach(Time now, std::uint64_t host) const;

    std::size_t size() const { return hosts_.size(); }

private:
    struct Host {
        Time service_until{}, near_until{}, far_until{};
    };
    RecencyTable<Host> hosts_{hosts_max};
};

}  // namespace kith::discovery::reflector
