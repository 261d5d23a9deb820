#pragma once
// HashIndex: a set of 32-bit numbers found by hash, for tables whose entries live elsewhere.
//
// Open addressing with linear probing; a slot is 8 bytes and carries 32 bits of the hash, so that
// a probe touches the entry itself only when it is almost certainly the right one. Removal shifts
// back, so there are no tombstones and no slow decay. Hashes must be keyed when clients choose
// what is hashed (dns/name_hash.hpp). Not thread-safe.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kith {

class HashIndex {
public:
    static constexpr std::uint32_t none = 0xffffffffU;

    /// The value whose hash is `hash` and for which `is_it(value)`; `none` when there is none.
    template <class IsIt>
    std::uint32_t find(std::uint64_t hash, IsIt is_it) const {
        if (slots_.empty()) return none;
        const std::uint32_t tag = tag_of(hash);
        for (std::size_t at = tag & mask();; at = (at + 1) & mask()) {
            const Slot& slot = slots_[at];
            if (slot.value == none) return none;
            if (slot.tag == tag && is_it(slot.value)) return slot.value;
        }
    }

    /// Starts loading the slot of `hash` into the processor's cache.
    void prefetch(std::uint64_t hash) const {
        if (!slots_.empty()) __builtin_prefetch(&slots_[tag_of(hash) & mask()]);
    }

    /// True when insert() needs grow() first.
    bool is_full() const { return (count_ + 1) * 4 > slots_.size() * 3; }
    /// Bytes the table takes now, and after grow().
    std::size_t bytes() const { return slots_.size() * sizeof(Slot); }
    std::size_t grown_bytes() const { return grown_slots() * sizeof(Slot); }

    /// Doubles the table. Both tables exist for a moment.
    void grow() {
        std::vector<Slot> old(grown_slots());
        old.swap(slots_);
        for (const Slot& slot : old) {
            if (slot.value != none) place(slot);
        }
    }

    /// Adds a value that is not in the set; requires !is_full().
    void insert(std::uint64_t hash, std::uint32_t value) {
        place({tag_of(hash), value});
        ++count_;
    }

    /// Takes `value` out; false when it was not in.
    bool erase(std::uint64_t hash, std::uint32_t value) {
        if (slots_.empty()) return false;
        std::size_t at = tag_of(hash) & mask();
        while (slots_[at].value != value) {
            if (slots_[at].value == none) return false;
            at = (at + 1) & mask();
        }
        close_gap(at);
        --count_;
        return true;
    }

    void clear() {
        slots_.clear();
        slots_.shrink_to_fit();
        count_ = 0;
    }
    std::size_t size() const { return count_; }

private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t value = none;
    };
    static constexpr std::size_t slots_min = 64;

    static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32);
    }
    std::size_t mask() const { return slots_.size() - 1; }
    std::size_t grown_slots() const { return slots_.empty() ? slots_min : slots_.size() * 2; }

    void place(Slot slot) {
        std::size_t at = slot.tag & mask();
        while (slots_[at].value != none) at = (at + 1) & mask();
        slots_[at] = slot;
    }

    /// Empties the slot and moves back those behind it that may stand nearer to their home.
    void close_gap(std::size_t gap) {
        for (std::size_t at = (gap + 1) & mask(); slots_[at].value != none;
             at = (at + 1) & mask()) {
            const std::size_t home = slots_[at].tag & mask();
            if (((at - home) & mask()) < ((at - gap) & mask()))
                continue;  // home lies after the gap
            slots_[gap] = slots_[at];
            gap = at;
        }
        slots_[gap] = Slot{};
    }

    std::vector<Slot> slots_;  // a power of two of them, or none
    std::size_t count_ = 0;
};

}  // namespace kith
