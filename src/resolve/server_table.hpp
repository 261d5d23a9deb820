#pragma once
// ServerTable: the upstream servers, what was measured of each, and which to ask next.
//
// Round trips are smoothed as TCP does it (RFC 6298 §2). A server that misses several replies in
// a row is left alone for a while; only silence counts against a server, never a packet, because
// packets can be forged. A server is known by a small number that stays valid while it is used.

#include <optional>
#include <span>
#include <vector>

#include "base/ip_address.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"

namespace kith::resolve {

using ServerIndex = std::uint16_t;

struct Server {
    Endpoint endpoint;
    Duration round_trip{};  // smoothed; 0: nothing measured
    Duration deviation{};
    int timeouts = 0;  // in a row
    Time backed_off_until{};
    Duration back_off{};      // 0: not backed off
    Time lower_case_until{};  // changes the case of questions: 0x20 is of no use
    Time plain_until{};       // answers FORMERR to EDNS
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    bool in_use = false;

    bool is_backed_off(Time now) const { return now < backed_off_until; }
    void on_reply(Duration round_trip);
    /// A reply that came too late or over TCP: the server lives, but nothing was measured.
    void on_sign_of_life();
    void on_timeout(Time now);
    /// How long to wait before asking someone else as well; `attempts` were made before.
    Duration retry_after(int attempts, Duration attempt_timeout) const;
};

class ServerTable {
public:
    /// The number of this server, known or new; nullopt when servers_max are in use.
    std::optional<ServerIndex> add(const Endpoint& endpoint);
    Server& operator[](ServerIndex index) { return servers_[index]; }
    const Server& operator[](ServerIndex index) const { return servers_[index]; }
    const std::vector<Server>& all() const { return servers_; }
    /// Forgets the servers for which `is_used(index)` is false; their numbers may be given out again.
    template <class IsUsed>
    void forget_unused(IsUsed is_used) {
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            if (!is_used(static_cast<ServerIndex>(i))) servers_[i].in_use = false;
        }
    }

    /// The best of `candidates` (not empty, in order of preference): not backed off, and the first
    /// unless another is clearly faster. Now and then any other, to measure it. When all are backed
    /// off: the one whose time ends first.
    ServerIndex pick(Time now, std::span<const ServerIndex> candidates, Rng& rng) const;

private:
    std::vector<Server> servers_;
};

}  // namespace kith::resolve
