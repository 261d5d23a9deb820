#pragma once
// NameIndex: from the hash of a name to its node, copy-on-write.
//
// The first bits of the hash choose an entry of a directory, the entry a page, and a page is the
// nodes whose hashes share those bits, sorted by a tag of 16 other bits. Tags are spread evenly, so
// the place of one is guessed to within a few slots and a lookup costs two cache misses: slots and
// node. Pages have no spare slots: each change of one writes a new page.
//
//   directory -> blocks of 256 entries -> pages -> nodes
//
//   entry: slots of the page << 48 | page       several entries may share a page (extendible hashing)
//   page:  maker, slots, hash bits it stands for | slot, slot, ...
//   slot:  tag << 48 | node                     user addresses have 48 bits
//
// A NameIndex is a value of two words: one version's view. Changing it goes through an Edit.

#include <cstdint>
#include <span>

#include "dns/name_hash.hpp"
#include "zone/lineage.hpp"
#include "zone/node.hpp"

namespace kith::zone {

/// True when `stored`, in any case, is `lower`, which is in lower case; both may be read up to 7
/// bytes past `size`.
bool same_lower(const std::uint8_t* stored, const std::uint8_t* lower, std::size_t size);

class NameIndex {
public:
    /// Calls `is_it(const std::uint8_t* node)` for nodes that may have this hash, until it is true.
    template <class IsIt>
    const std::uint8_t* find(std::uint64_t hash, IsIt is_it) const {
        const Entry entry = entry_of(hash);
        const std::uint64_t* const slots = slots_of(entry);
        const std::size_t count = entry >> address_bits;
        const std::uint64_t tag = tag_of(hash);
        for (std::size_t at = first_not_below(slots, count, tag);
             at < count && slots[at] >> address_bits == tag; ++at) {
            const std::uint8_t* const node = node_of(slots[at]);
            if (is_it(node)) return node;
        }
        return nullptr;
    }

    void prefetch_slots(std::uint64_t hash) const {
        const Entry entry = entry_of(hash);
        __builtin_prefetch(slots_of(entry) + guess(entry >> address_bits, tag_of(hash)));
    }
    /// The first node that may have this hash, unread and on its way into the caches; null when
    /// there is certainly none.
    const std::uint8_t* prefetch_node(std::uint64_t hash) const {
        return find(hash, [](const std::uint8_t* node) {
            __builtin_prefetch(node);
            __builtin_prefetch(node + 63);  // nodes are not aligned to cache lines
            return true;
        });
    }

    /// The apex's node, kept at hand: it encloses every name that does not exist.
    const std::uint8_t* apex() const { return apex_; }

    /// An index of these nodes, the apex first.
    static NameIndex build(Edit& edit, std::span<const HashedNode> nodes);
    /// Adds a node whose name is not there.
    void insert(Edit& edit, const HashedNode& node, std::uint64_t apex_hash);
    /// Puts `now` in the place of `before`, a node of the same name.
    void replace(Edit& edit, std::uint64_t hash, const std::uint8_t* before,
                 const std::uint8_t* now);
    void erase(Edit& edit, std::uint64_t hash, const std::uint8_t* node);

    /// Frees the directory and the pages made after version `before`; of a version never built upon.
    void free_newer_than(std::uint32_t before, Slab& slab) const;

private:
    using Entry = std::uint64_t;
    static constexpr int address_bits = 48;
    static constexpr std::uint64_t address_mask = (std::uint64_t{1} << address_bits) - 1;
    static constexpr std::size_t block_entries = 256;

    struct Page {
        std::uint32_t made_by;
        std::uint16_t count;
        std::uint8_t bits;  // leading hash bits shared by all its nodes
        std::uint8_t unused;
    };
    struct Block {
        std::uint32_t made_by;
        std::uint32_t count;
        Entry* entries() { return reinterpret_cast<Entry*>(this + 1); }
        const Entry* entries() const { return reinterpret_cast<const Entry*>(this + 1); }
    };
    struct Directory {
        std::uint32_t made_by;
        std::uint32_t bits;  // of the hash that choose an entry
        Block** blocks() { return reinterpret_cast<Block**>(this + 1); }
        Block* const* blocks() const { return reinterpret_cast<Block* const*>(this + 1); }
        std::size_t entry_count() const { return std::size_t{1} << bits; }
        std::size_t block_count() const {
            return (entry_count() + block_entries - 1) / block_entries;
        }
    };

    static std::uint64_t tag_of(std::uint64_t hash) { return hash & 0xffff; }
    /// Where `tag` is expected among `count` sorted ones.
    static std::size_t guess(std::size_t count, std::uint64_t tag) { return (tag * count) >> 16; }
    static std::size_t first_not_below(const std::uint64_t* slots, std::size_t count,
                                       std::uint64_t tag) {
        std::size_t at = guess(count, tag);
        if (at < count && slots[at] >> address_bits < tag) {
            do ++at;
            while (at < count && slots[at] >> address_bits < tag);
        } else {
            while (at > 0 && slots[at - 1] >> address_bits >= tag) --at;
        }
        return at;
    }
    static const std::uint8_t* node_of(std::uint64_t slot) {
        return reinterpret_cast<const std::uint8_t*>(slot & address_mask);
    }
    static Page* page_of(Entry entry) { return reinterpret_cast<Page*>(entry & address_mask); }
    static const std::uint64_t* slots_of(Entry entry) {
        return reinterpret_cast<const std::uint64_t*>(page_of(entry) + 1);
    }
    std::size_t entry_index(std::uint64_t hash) const {
        return directory_->bits == 0 ? 0 : hash >> (64 - directory_->bits);
    }
    Entry entry_of(std::uint64_t hash) const {
        const std::size_t index = entry_index(hash);
        return directory_->blocks()[index / block_entries]->entries()[index % block_entries];
    }

    static Entry make_page(Edit& edit, std::span<const std::uint64_t> slots, int bits);
    static Directory* make_directory(Edit& edit, std::uint32_t bits);
    static std::size_t directory_bytes(const Directory& directory);
    static void discard_page(Edit& edit, Page* page);
    void own_directory(Edit& edit);
    void set_entries(Edit& edit, std::uint64_t hash, int bits, Entry entry);
    void double_directory(Edit& edit);
    void split(Edit& edit, std::uint64_t hash, std::span<const std::uint64_t> slots, int bits,
               std::uint64_t apex_hash);

    Directory* directory_ = nullptr;
    const std::uint8_t* apex_ = nullptr;
};

/// Hash of the name of `node` in a zone whose apex hashes to `apex_hash`.
std::uint64_t node_hash(NodeView node, std::uint64_t apex_hash);

}  // namespace kith::zone
