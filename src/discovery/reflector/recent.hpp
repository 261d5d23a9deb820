#pragma once
// Recent: which records and questions were heard on which link lately, and which we sent there. What
// we sent to a link and hear from it is no news of that link: so nothing goes in circles, however
// many reflectors there are and however they rewrite it.

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/time.hpp"

namespace kith::discovery::reflector {

class Recent {
public:
    static constexpr Time never = Time::min();
    struct Entry {
        Time heard = never;
        Time sent = never;
        Duration gap{};  // of a question that may be going in circles

        bool heard_within(Time now, Duration life) const {
            return heard != never && heard + life > now;
        }
        bool sent_within(Time now, Duration life) const {
            return sent != never && sent + life > now;
        }
    };

    /// What is known of `key`, which stands for a thing and a link. Never heard of: an empty entry.
    Entry get(std::uint64_t key) const;
    /// Keeps it for echo_life. The oldest go when there are recent_max.
    void set(Time now, std::uint64_t key, const Entry& entry);

    std::size_t size() const { return order_.size(); }

private:
    struct Kept {
        Time at{};
        std::uint64_t key = 0;
    };
    void prune(Time now);

    std::unordered_map<std::uint64_t, Entry> entries_;
    std::deque<Kept> order_;  // a key once for each time it was kept
};

}  // namespace kith::discovery::reflector
