#include "zone/chunk.hpp"

#include <algorithm>
#include <new>

namespace kith::zone {
namespace {

constexpr std::size_t chunk_bytes_min = 1024;  // a zone of a few names
constexpr std::size_t chunk_bytes_max = huge_page_bytes;
constexpr std::size_t huge_from_bytes = huge_page_bytes / 2;

HugeChunkHook huge_chunk_hook = nullptr;

}  // namespace

void set_huge_chunk_hook(HugeChunkHook hook) { huge_chunk_hook = hook; }

void ChunkDeleter::operator()(std::uint8_t* at) const {
    if (is_huge) {
        ::operator delete[](at, std::align_val_t{huge_page_bytes});
    } else {
        ::operator delete[](at);
    }
}

Chunk allocate_chunk(std::size_t& bytes) {
    if (bytes < huge_from_bytes) {
        return Chunk(static_cast<std::uint8_t*>(::operator new[](bytes)), ChunkDeleter{false});
    }
    bytes = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
    void* const at = ::operator new[](bytes, std::align_val_t{huge_page_bytes});
    if (huge_chunk_hook != nullptr) huge_chunk_hook(at, bytes);
    return Chunk(static_cast<std::uint8_t*>(at), ChunkDeleter{true});
}

std::size_t next_chunk_bytes(std::size_t held) {
    return std::clamp(held / 2, chunk_bytes_min, chunk_bytes_max);
}

}  // namespace kith::zone
