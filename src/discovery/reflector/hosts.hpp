#pragma once
// Hosts: whose addresses may be shown, for services of theirs are, and who has none that another
// link can use.

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/time.hpp"

namespace kith::discovery::reflector {

class Hosts {
public:
    /// A service that is shown names this host. Keys stand for a host on a link.
    void on_service(Time now, std::uint64_t host, Duration ttl);
    enum class Reach : std::uint8_t { this_link, beyond };
    /// It has an address that is valid on its link only, or beyond.
    void on_address(Time now, std::uint64_t host, Reach reach, Duration ttl);

    bool has_service(Time now, std::uint64_t host) const;
    /// All that is known of it are addresses that mean nothing on another link.
    bool is_out_of_reach(Time now, std::uint64_t host) const;

    std::size_t size() const { return hosts_.size(); }

private:
    struct Host {
        Time service_until{}, near_until{}, far_until{};
    };
    Host& at(std::uint64_t host);

    std::unordered_map<std::uint64_t, Host> hosts_;
    std::deque<std::uint64_t> order_;  // the oldest goes when there are hosts_max
};

}  // namespace kith::discovery::reflector
