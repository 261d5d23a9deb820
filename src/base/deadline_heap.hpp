#pragma once
// DeadlineHeap: which of many things is due first. Each thing is a small number with at most one
// deadline, which may be moved or taken away at any time. A binary heap that knows where each
// number stands: O(log n) to change, O(1) to ask. Not thread-safe.
//
// IndexedHeap is the same for any key that can be compared: the smallest stands first.

#include <optional>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace kith {

template <class Key>
class IndexedHeap {
public:
    struct Due {
        Key time;  // the key
        std::uint32_t item;
    };

    /// The earliest; nullopt when there is none.
    std::optional<Due> first() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front();
    }
    std::size_t size() const { return heap_.size(); }

    /// Gives `item` this deadline (key) instead of any it had.
    void set(std::uint32_t item, Key time) {
        if (item >= places_.size()) places_.resize(item + std::size_t{1}, absent);
        if (places_[item] == absent) {
            places_[item] = heap_.size();
            heap_.push_back({time, item});
        } else {
            heap_[places_[item]].time = time;
        }
        settle(places_[item]);
    }

    bool has(std::uint32_t item) const { return item < places_.size() && places_[item] != absent; }
    /// Requires has().
    Key at(std::uint32_t item) const { return heap_[places_[item]].time; }

    /// Takes the deadline of `item` away; nothing happens when it has none.
    void erase(std::uint32_t item) {
        if (item >= places_.size() || places_[item] == absent) return;
        const std::size_t place = std::exchange(places_[item], absent);
        const Due last = heap_.back();
        heap_.pop_back();
        if (place == heap_.size()) return;
        put(place, last);
        settle(place);
    }

private:
    static constexpr std::size_t absent = ~std::size_t{0};

    void put(std::size_t place, Due due) {
        heap_[place] = due;
        places_[due.item] = place;
    }

    /// Moves what stands at `place` up or down to where it belongs.
    void settle(std::size_t place) {
        const Due due = heap_[place];
        while (place > 0 && due.time < heap_[(place - 1) / 2].time) {
            put(place, heap_[(place - 1) / 2]);
            place = (place - 1) / 2;
        }
        for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
            if (child + 1 < heap_.size() && heap_[child + 1].time < heap_[child].time) ++child;
            if (due.time <= heap_[child].time) break;
            put(place, heap_[child]);
            place = child;
        }
        put(place, due);
    }

    std::vector<Due> heap_;
    std::vector<std::size_t> places_;  // by item
};

using DeadlineHeap = IndexedHeap<Time>;

}  // namespace kith
