#pragma once
// Places in vectors whose elements are known by number, used again after they are freed.

#include <cstdint>
#include <vector>

#include "base/hash_index.hpp"

namespace kith::discovery::mdns {

/// The number of a fresh element: one of `free`, or a new one at the end.
template <class T>
std::uint32_t take_place(std::vector<T>& things, std::vector<std::uint32_t>& free) {
    if (free.empty()) {
        things.emplace_back();
        return static_cast<std::uint32_t>(things.size() - 1);
    }
    const std::uint32_t index = free.back();
    free.pop_back();
    things[index] = T{};
    return index;
}

inline void insert_growing(HashIndex& index, std::uint64_t hash, std::uint32_t value) {
    if (index.is_full()) index.grow();
    index.insert(hash, value);
}

}  // namespace kith::discovery::mdns
