#include "zone/name_index.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "base/check.hpp"
#include "dns/lower_word.hpp"

namespace kith::zone {
namespace {

// A full page splits in two. Larger pages make changes dearer and guesses wider of the mark; smaller
// ones make the directory, which should stay in a cache, larger.
constexpr std::size_t page_slots_max = 56;
constexpr std::size_t page_slots_built = 40;  // at most this many on average after build()
// Beyond it pages grow instead: 2^28 entries are more than any zone needs.
constexpr int directory_bits_max = 28;

std::uint64_t make_slot(std::uint64_t hash, const std::uint8_t* node) {
    return hash << 48 | reinterpret_cast<std::uintptr_t>(node);
}

}  // namespace

bool same_lower(const std::uint8_t* stored, const std::uint8_t* lower, std::size_t size) {
    for (; size > 8; size -= 8, stored += 8, lower += 8) {
        if (dns::lower_word(load_host<std::uint64_t>(stored)) != load_host<std::uint64_t>(lower))
            return false;
    }
    if (size == 0) return true;
    const std::uint64_t differ =
        dns::lower_word(load_host<std::uint64_t>(stored)) ^ load_host<std::uint64_t>(lower);
    return differ << (64 - 8 * size) == 0;  // the first byte is the lowest: little-endian only
}
static_assert(std::endian::native == std::endian::little,
              "words are compared byte by byte from below");

std::uint64_t node_hash(NodeView node, std::uint64_t apex_hash) {
    const Bytes owner = node.relative_owner();
    std::array<std::uint8_t, dns::labels_max> starts;
    std::size_t labels = 0;
    for (std::size_t at = 0; at < owner.size(); at += owner[at] + 1U) {
        starts[labels++] = static_cast<std::uint8_t>(at);
    }
    std::uint64_t hash = apex_hash;
    while (labels > 0) {
        const std::size_t at = starts[--labels];
        hash = dns::child_hash(owner.subspan(at + 1, owner[at]), hash);
    }
    return hash;
}

NameIndex::Entry NameIndex::make_page(Edit& edit, std::span<const std::uint64_t> slots, int bits) {
    KITH_CHECK(slots.size() <= 0xffff);
    auto* const at = edit.allocate(sizeof(Page) + slots.size_bytes(), Slab::Align::page);
    auto* const page = new (at) Page{edit.version(), static_cast<std::uint16_t>(slots.size()),
                                     static_cast<std::uint8_t>(bits), 0};
    if (!slots.empty()) std::memcpy(at + sizeof(Page), slots.data(), slots.size_bytes());
    return std::uint64_t{page->count} << address_bits | reinterpret_cast<std::uintptr_t>(page);
}

void NameIndex::discard_page(Edit& edit, Page* page) {
    edit.discard(reinterpret_cast<std::uint8_t*>(page), sizeof(Page) + std::size_t{page->count} * 8,
                 Slab::Align::page, page->made_by);
}

std::size_t NameIndex::directory_bytes(const Directory& directory) {
    return sizeof(Directory) + directory.block_count() * sizeof(Block*);
}

/// A directory with uninitialized entries.
NameIndex::Directory* NameIndex::make_directory(Edit& edit, std::uint32_t bits) {
    const Directory head{edit.version(), bits};
    auto* const directory =
        new (edit.allocate(directory_bytes(head), Slab::Align::page)) Directory(head);
    const std::size_t entries = std::min(head.entry_count(), block_entries);
    for (std::size_t i = 0; i < head.block_count(); ++i) {
        auto* const at = edit.allocate(sizeof(Block) + entries * sizeof(Entry), Slab::Align::page);
        directory->blocks()[i] =
            new (at) Block{edit.version(), static_cast<std::uint32_t>(entries)};
    }
    return directory;
}

NameIndex NameIndex::build(Edit& edit, std::span<const HashedNode> nodes) {
    std::uint32_t bits = 0;
    while (nodes.size() >> bits > page_slots_built) ++bits;
    NameIndex index;
    index.apex_ = nodes.front().node;
    index.directory_ = make_directory(edit, bits);
    const std::size_t entries = index.directory_->entry_count();
    // Distributes by entry in one counted pass, then sorts each page by tag.
    std::vector<std::uint32_t> ends(entries + 1);
    for (const HashedNode& node : nodes) ++ends[index.entry_index(node.hash) + 1];
    for (std::size_t i = 0; i < entries; ++i) ends[i + 1] += ends[i];
    std::vector<std::uint64_t> slots(nodes.size());
    for (const HashedNode& node : nodes) {
        slots[ends[index.entry_index(node.hash)]++] = make_slot(node.hash, node.node);
    }
    std::size_t start = 0;
    for (std::size_t i = 0; i < entries; ++i) {
        const std::span page(slots.data() + start, ends[i] - start);
        std::ranges::sort(page);
        index.directory_->blocks()[i / block_entries]->entries()[i % block_entries] =
            make_page(edit, page, static_cast<int>(bits));
        start = ends[i];
    }
    return index;
}

/// Makes the directory's top this version's own, so that its blocks can be replaced.
void NameIndex::own_directory(Edit& edit) {
    if (directory_->made_by == edit.version()) return;
    const std::size_t bytes = directory_bytes(*directory_);
    auto* const copy = edit.allocate(bytes, Slab::Align::page);
    std::memcpy(copy, directory_, bytes);
    edit.discard(reinterpret_cast<std::uint8_t*>(directory_), bytes, Slab::Align::page,
                 directory_->made_by);
    directory_ = reinterpret_cast<Directory*>(copy);
    directory_->made_by = edit.version();
}

/// Points all entries for hashes with the same first `bits` bits as `hash` to `entry`.
void NameIndex::set_entries(Edit& edit, std::uint64_t hash, int bits, Entry entry) {
    own_directory(edit);
    const std::size_t count = std::size_t{1} << (directory_->bits - static_cast<unsigned>(bits));
    const std::size_t first = entry_index(hash) & ~(count - 1);
    for (std::size_t i = first; i < first + count; ++i) {
        Block*& block = directory_->blocks()[i / block_entries];
        if (block->made_by != edit.version()) {
            const std::size_t bytes = sizeof(Block) + block->count * sizeof(Entry);
            auto* const copy = edit.allocate(bytes, Slab::Align::page);
            std::memcpy(copy, block, bytes);
            edit.discard(reinterpret_cast<std::uint8_t*>(block), bytes, Slab::Align::page,
                         block->made_by);
            block = reinterpret_cast<Block*>(copy);
            block->made_by = edit.version();
        }
        block->entries()[i % block_entries] = entry;
    }
}

void NameIndex::double_directory(Edit& edit) {
    Directory* const old = directory_;
    directory_ = make_directory(edit, old->bits + 1);
    for (std::size_t i = 0; i < directory_->entry_count(); ++i) {
        directory_->blocks()[i / block_entries]->entries()[i % block_entries] =
            old->blocks()[i / 2 / block_entries]->entries()[i / 2 % block_entries];
    }
    for (std::size_t i = 0; i < old->block_count(); ++i) {
        Block* const block = old->blocks()[i];
        edit.discard(reinterpret_cast<std::uint8_t*>(block),
                     sizeof(Block) + block->count * sizeof(Entry), Slab::Align::page,
                     block->made_by);
    }
    edit.discard(reinterpret_cast<std::uint8_t*>(old), directory_bytes(*old), Slab::Align::page,
                 old->made_by);
}

void NameIndex::insert(Edit& edit, const HashedNode& node, std::uint64_t apex_hash) {
    const Entry entry = entry_of(node.hash);
    Page* const page = page_of(entry);
    std::vector<std::uint64_t> slots(slots_of(entry), slots_of(entry) + page->count);
    const std::uint64_t slot = make_slot(node.hash, node.node);
    slots.insert(std::ranges::upper_bound(slots, slot), slot);
    const int bits = page->bits;
    if (slots.size() > page_slots_max && bits < directory_bits_max) {
        split(edit, node.hash, slots, bits, apex_hash);
    } else {
        set_entries(edit, node.hash, bits, make_page(edit, slots, bits));
    }
    discard_page(edit, page);
}

void NameIndex::split(Edit& edit, std::uint64_t hash, std::span<const std::uint64_t> slots,
                      int bits, std::uint64_t apex_hash) {
    if (static_cast<std::uint32_t>(bits) == directory_->bits) double_directory(edit);
    const std::uint64_t next_bit = std::uint64_t{1} << (63 - bits);
    std::vector<std::uint64_t> halves[2];
    for (const std::uint64_t slot : slots) {
        const std::uint64_t slot_hash = node_hash(NodeView(node_of(slot)), apex_hash);
        halves[(slot_hash & next_bit) != 0 ? 1 : 0].push_back(slot);
    }
    set_entries(edit, hash & ~next_bit, bits + 1, make_page(edit, halves[0], bits + 1));
    set_entries(edit, hash | next_bit, bits + 1, make_page(edit, halves[1], bits + 1));
}

void NameIndex::replace(Edit& edit, std::uint64_t hash, const std::uint8_t* before,
                        const std::uint8_t* now) {
    if (apex_ == before) apex_ = now;
    const Entry entry = entry_of(hash);
    Page* page = page_of(entry);
    const bool own = page->made_by == edit.version();
    const Entry target = own ? entry : make_page(edit, {slots_of(entry), page->count}, page->bits);
    const std::uint64_t slot = make_slot(hash, before);
    auto* const slots = const_cast<std::uint64_t*>(slots_of(target));
    std::uint64_t* const at = std::find(slots, slots + page->count, slot);
    KITH_CHECK(at != slots + page->count);
    *at = make_slot(hash, now);
    // Equal tags are rare; keep them in order of address, as insert() does.
    std::sort(slots, slots + page->count);
    if (own) return;
    set_entries(edit, hash, page->bits, target);
    discard_page(edit, page);
}

void NameIndex::erase(Edit& edit, std::uint64_t hash, const std::uint8_t* node) {
    const Entry entry = entry_of(hash);
    Page* const page = page_of(entry);
    std::vector<std::uint64_t> slots(slots_of(entry), slots_of(entry) + page->count);
    KITH_CHECK(std::erase(slots, make_slot(hash, node)) == 1);
    set_entries(edit, hash, page->bits, make_page(edit, slots, page->bits));
    discard_page(edit, page);
}

void NameIndex::free_newer_than(std::uint32_t before, Slab& slab) const {
    if (directory_->made_by <= before) return;
    const Page* last = nullptr;  // entries that share a page are neighbors
    for (std::size_t b = 0; b < directory_->block_count(); ++b) {
        Block* const block = directory_->blocks()[b];
        if (block->made_by <= before) continue;
        for (std::size_t i = 0; i < block->count; ++i) {
            Page* const page = page_of(block->entries()[i]);
            if (page == last || page->made_by <= before) continue;
            last = page;
            const std::size_t bytes = sizeof(Page) + std::size_t{page->count} * 8;
            slab.free(reinterpret_cast<std::uint8_t*>(page), bytes, Slab::Align::page);
        }
        slab.free(reinterpret_cast<std::uint8_t*>(block),
                  sizeof(Block) + block->count * sizeof(Entry), Slab::Align::page);
    }
    slab.free(reinterpret_cast<std::uint8_t*>(directory_), directory_bytes(*directory_),
              Slab::Align::page);
}

}  // namespace kith::zone
