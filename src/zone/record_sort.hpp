#pragma once
// StagedRecords: what ZoneBuilder was given, packed, and put in canonical order of owners.

#include <cstdint>
#include <span>
#include <vector>

#include "zone/chunk.hpp"
#include "zone/node_block.hpp"

namespace kith::zone {

struct StagedRecord;

/// One record and the start of its owner's OrderKey.
struct StagedKey {
    std::uint64_t word;
    const StagedRecord* record;
};

class StagedRecords {
public:
    /// Copies the record. RDATA of at most 65,535 bytes.
    void add(Bytes relative_owner, const NodeRecord& record);
    std::size_t size() const { return keys_.size(); }

    /// All of them by owner; records of one owner in the order they came.
    std::span<const StagedKey> sorted();

    static NodeRecord read(const StagedKey& key);
    static Bytes owner(const StagedKey& key);
    static bool same_owner(const StagedKey& a, const StagedKey& b);
    /// Pulls in what is read a few records after `from`.
    static void prefetch(std::span<const StagedKey> keys, std::size_t from);

private:
    std::uint8_t* allocate(std::size_t bytes);

    std::vector<Chunk> chunks_;
    std::uint8_t* at_ = nullptr;
    std::size_t left_ = 0;
    std::size_t held_bytes_ = 0;
    std::vector<StagedKey> keys_;
    bool in_order_ = true;
};

}  // namespace kith::zone
