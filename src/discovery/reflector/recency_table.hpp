#pragma once
// RecencyTable: values by key, of a bounded number. What was touched longest ago goes first, so that
// touching one key again and again pushes nothing else out.

#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace kith::discovery::reflector {

template <class Value>
class RecencyTable {
public:
    explicit RecencyTable(std::size_t max) : max_(max) {}

    /// nullptr: not there. Valid until the next touch() or prune().
    const Value* find(std::uint64_t key) const {
        const auto place = places_.find(key);
        return place == places_.end() ? nullptr : &place->second->value;
    }
    Value* find(std::uint64_t key) {
        const auto place = places_.find(key);
        return place == places_.end() ? nullptr : &place->second->value;
    }
    /// The value of `key`, made from `args` if it is not there, as the latest of all.
    template <class... Args>
    Value& touch(std::uint64_t key, const Args&... args) {
        const auto place = places_.find(key);
        if (place != places_.end()) {
            entries_.splice(entries_.end(), entries_, place->second);
            return place->second->value;
        }
        if (entries_.size() >= max_) drop_oldest();
        entries_.push_back({key, Value(args...)});
        places_[key] = std::prev(entries_.end());
        return entries_.back().value;
    }
    /// Drops the oldest as long as `is_over(value)` says so.
    template <class IsOver>
    void prune(IsOver is_over) {
        while (!entries_.empty() && is_over(entries_.front().value)) drop_oldest();
    }
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::uint64_t key = 0;
        Value value;
    };
    void drop_oldest() {
        places_.erase(entries_.front().key);
        entries_.pop_front();
    }

    std::size_t max_;
    std::list<Entry> entries_;  // oldest first
    std::unordered_map<std::uint64_t, typename std::list<Entry>::iterator> places_;
};

}  // namespace kith::discovery::reflector
