#include "zone/slab.hpp"

#include <algorithm>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
// Freed blocks are poisoned under AddressSanitizer, so that it sees use after free in a slab too.
#define ASAN_POISON_MEMORY_REGION(at, bytes) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) static_cast<void>(0)
#endif

namespace kith::zone {
namespace {

std::size_t round_up(std::size_t bytes, Slab::Align align) {
    const auto mask = static_cast<std::size_t>(align) - 1;
    return (bytes + mask) & ~mask;
}

/// Blocks of one key may stand in for each other. Sizes are multiples of 4.
std::size_t list_key(std::size_t bytes, Slab::Align align) {
    return bytes | (align == Slab::Align::page ? 1U : 0U);
}

}  // namespace

std::uint8_t* Slab::allocate(std::size_t bytes, Align align) {
    bytes = round_up(bytes, align);
    if (!free_.empty()) {
        if (const auto list = free_.find(list_key(bytes, align));
            list != free_.end() && !list->second.empty()) {
            std::uint8_t* const block = list->second.back();
            list->second.pop_back();
            free_bytes_ -= bytes;
            ASAN_UNPOISON_MEMORY_REGION(block, bytes);
            return block;
        }
    }
    std::size_t skip =
        -reinterpret_cast<std::uintptr_t>(at_) & (static_cast<std::size_t>(align) - 1);
    if (left_ < bytes + skip) {
        add_chunk(bytes);
        skip = 0;
    }
    std::uint8_t* const block = at_ + skip;
    at_ += skip + bytes;
    left_ -= skip + bytes;
    return block;
}

void Slab::free(std::uint8_t* at, std::size_t bytes, Align align) {
    bytes = round_up(bytes, align);
    free_[list_key(bytes, align)].push_back(at);
    free_bytes_ += bytes;
    ASAN_POISON_MEMORY_REGION(at, bytes);
}

void Slab::add_chunk(std::size_t bytes_min) {
    std::size_t bytes = std::max(next_chunk_bytes(reserved_bytes_), bytes_min);
    chunks_.push_back(allocate_chunk(bytes));
    at_ = chunks_.back().get();
    left_ = bytes;
    reserved_bytes_ += bytes;
}

}  // namespace kith::zone
