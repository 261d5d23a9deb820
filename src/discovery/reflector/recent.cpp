#include "discovery/reflector/recent.hpp"

#include <algorithm>

#include "discovery/reflector/limits.hpp"

namespace kith::discovery::reflector {

Recent::Entry Recent::get(std::uint64_t key) const {
    const auto found = entries_.find(key);
    return found == entries_.end() ? Entry{} : found->second;
}

void Recent::set(Time now, std::uint64_t key, const Entry& entry) {
    prune(now);
    entries_[key] = entry;
    order_.push_back({now, key});
}

void Recent::prune(Time now) {
    while (!order_.empty() &&
           (order_.size() >= recent_max || order_.front().at + echo_life <= now)) {
        const auto found = entries_.find(order_.front().key);
        // One that was kept again since has a later place in the order.
        if (found != entries_.end() &&
            std::max(found->second.heard, found->second.sent) <= order_.front().at)
            entries_.erase(found);
        order_.pop_front();
    }
}

}  // namespace kith::discovery::reflector
