#pragma once
// Slab: the memory of one zone and all its versions. Grows by chunks, frees into lists by size, and
// goes back to the system as a whole. Not thread-safe; reading what it holds needs no lock.

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "zone/chunk.hpp"

namespace kith::zone {

class Slab {
public:
    // Nodes need no more than 4 bytes of alignment, pages of pointers 8.
    enum class Align : std::uint8_t { node = 4, page = 8 };

    Slab() = default;
    Slab(const Slab&) = delete;
    Slab& operator=(const Slab&) = delete;

    /// `bytes` of uninitialized memory.
    std::uint8_t* allocate(std::size_t bytes, Align align);
    /// Takes back what allocate() gave, with the same arguments.
    void free(std::uint8_t* at, std::size_t bytes, Align align);

    /// All memory held, in use or not.
    std::size_t reserved_bytes() const { return reserved_bytes_; }
    /// Of it, what was in use and waits in the lists.
    std::size_t free_bytes() const { return free_bytes_; }

private:
    void add_chunk(std::size_t bytes_min);

    std::vector<Chunk> chunks_;
    std::uint8_t* at_ = nullptr;  // where the newest chunk is unused
    std::size_t left_ = 0;
    std::size_t reserved_bytes_ = 0;
    std::size_t free_bytes_ = 0;
    // By size and alignment. A zone that never changes has none.
    std::unordered_map<std::size_t, std::vector<std::uint8_t*>> free_;
};

}  // namespace kith::zone
