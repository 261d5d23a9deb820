#pragma once
// Memory in large pieces, for zones and for what builds them.
//
// A large zone in pages of 4 kB costs a walk of page tables for nearly every lookup, and filling it
// a page fault for every hundred records. So pieces of 2 MiB and more are aligned to that and shown to
// a hook, with which the server asks the system for huge pages: lookups among a million names take two
// thirds of the time, building three quarters.

#include <cstddef>
#include <cstdint>
#include <memory>

namespace kith::zone {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

/// Told of each new piece of whole huge pages before it is used. Set once, before any zone is built
/// and any thread started; null by default. It may do nothing.
using HugeChunkHook = void (*)(void* at, std::size_t bytes);
void set_huge_chunk_hook(HugeChunkHook hook);

struct ChunkDeleter {
    bool is_huge = false;
    void operator()(std::uint8_t* at) const;
};
using Chunk = std::unique_ptr<std::uint8_t[], ChunkDeleter>;

/// At least `bytes` of uninitialized memory; from 1 MiB on `bytes` is made a multiple of huge pages.
Chunk allocate_chunk(std::size_t& bytes);

/// How much to ask for next when `held` bytes were not enough: little for a small zone, few pieces for
/// a large one.
std::size_t next_chunk_bytes(std::size_t held);

}  // namespace kith::zone
