#pragma once
// Recent: what happened to a thing on a link lately: that a record or a question was heard there, or that we
// sent it there. What we sent to a link and hear from it is no news of that link: so nothing goes in
// circles, however many reflectors there are and however they rewrite it.

#include "base/time.hpp"
#include "discovery/mdns/types.hpp"
#include "discovery/reflector/limits.hpp"
#include "discovery/reflector/recency_table.hpp"

namespace kith::discovery::reflector {

/// Stands for a thing on a link; `thing` is a keyed hash, so peers cannot make two the same.
inline std::uint64_t key_on_link(mdns::InterfaceId interface, IpFamily family,
                                 std::uint64_t thing) {
    const auto link = std::uint64_t{interface} << 8 | static_cast<std::uint64_t>(family);
    return thing ^ link * 0x9e3779b97f4a7c15U;
}

class Recent {
public:
    struct Entry {
        Time at{};       // when it happened last
        Duration gap{};  // until a question may be sent again that may be going in circles
    };

    explicit Recent(std::size_t max = recent_max) : entries_(max) {}

    /// nullptr: it never happened, is older than echo_life, or was pushed out by later things.
    const Entry* find(Time now, std::uint64_t key) const {
        const Entry* const entry = entries_.find(key);
        return entry != nullptr && entry->at + echo_life > now ? entry : nullptr;
    }
    /// Whether it happened less than `life` ago; at most echo_life.
    bool within(Time now, std::uint64_t key, Duration life) const {
        const Entry* const entry = find(now, key);
        return entry != nullptr && entry->at + life > now;
    }
    /// It happens now. What is as old as echo_life goes, and the oldest when there are `max`.
    Entry& touch(Time now, std::uint64_t key) {
        entries_.prune([&](const Entry& entry) { return entry.at + echo_life <= now; });
        Entry& entry = entries_.touch(key);
        entry.at = now;
        return entry;
    }
    std::size_t size() const { return entries_.size(); }

private:
    RecencyTable<Entry> entries_;
};

}  // namespace kith::discovery::reflector
