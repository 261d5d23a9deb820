#pragma once
// EchoGuard: knows our own packets and records when they come back.
//
// What we multicast returns through loopback, a bridge between two of our interfaces, a reflector
// or a container network: at once or seconds later, as it was or rewritten, from our address or
// another. A responder that takes its own record for a rival's renames itself again and again.
// So two things are remembered for all interfaces together: digests of packets sent lately, and
// hashes of every record we have or had for as long as anybody may repeat it. All hashes are keyed.

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/time.hpp"

namespace kith::discovery::mdns {

class EchoGuard {
public:
    /// A packet with this digest was sent.
    void on_sent(Time now, std::uint64_t digest);
    bool was_sent(Time now, std::uint64_t digest) const;

    /// One more interface has this record, or proposes it while probing.
    void hold(std::uint64_t record);
    /// One fewer. After the last the record stays known for `life`, at most former_record_life_max.
    void release(Time now, std::uint64_t record, Duration life);
    /// We have this record, or had it lately.
    bool is_ours(Time now, std::uint64_t record) const;
    /// We have it now, on some interface.
    bool is_held(std::uint64_t record) const;

    std::size_t former_count() const {
        return former_order_.size();
    }  ///< for the test of its bound
    std::size_t digest_count() const { return sent_order_.size(); }

private:
    struct Sent {
        Time time;
        std::uint64_t digest;
    };
    struct Known {
        std::uint32_t holders = 0;
        Time until{};  // with no holders
    };

    std::unordered_map<std::uint64_t, Time> sent_;  // when last
    std::deque<Sent> sent_order_;
    std::unordered_map<std::uint64_t, Known> records_;
    std::deque<std::uint64_t> former_order_;  // may name records that are held again
};

}  // namespace kith::discovery::mdns
