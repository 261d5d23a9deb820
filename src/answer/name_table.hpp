#pragma once
// NameTable: a value per name, found by the hashes a LookupName already has.
//
// For the tables that are built once with a configuration and then only read: rewrites,
// special-use names, per-domain rules. Open addressing, 12 bytes a slot with the name in a common
// store of bytes, so that 100,000 rewrites take few megabytes and a miss is one cache line.

#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "dns/name_hash.hpp"

namespace kith::answer {

template <class Value>
class NameTable {
public:
    bool empty() const { return values_.empty(); }
    std::size_t size() const { return values_.size(); }

    /// The value of `name`, made by default if there was none. Case does not matter.
    Value& operator[](dns::NameView name) {
        if (2 * (values_.size() + 1) > slots_.size()) grow();
        const dns::LookupName lookup(name);
        const std::uint32_t slot = probe(lookup.hash(), lookup.view());
        if (slots_[slot].value == 0) {
            slots_[slot] = {tag(lookup.hash()), static_cast<std::uint32_t>(names_.size()),
                            static_cast<std::uint32_t>(values_.size() + 1)};
            const Bytes wire = lookup.view().wire();
            names_.insert(names_.end(), wire.begin(), wire.end());
            values_.emplace_back();
            hashes_.push_back(lookup.hash());
            label_counts_ |= count_bit(lookup.label_count());
        }
        return values_[slots_[slot].value - 1];
    }

    /// The value of the last `labels` labels of `name`; null if there is none.
    const Value* find(const dns::LookupName& name, int labels) const {
        if ((label_counts_ & count_bit(labels)) == 0) return nullptr;
        const Slot& slot = slots_[probe(name.hash(labels), name.suffix(labels))];
        return slot.value == 0 ? nullptr : &values_[slot.value - 1];
    }

    struct Match {
        const Value* value = nullptr;
        int labels = 0;  // of the name in the table, root included
        explicit operator bool() const { return value != nullptr; }
    };

    /// The longest name of the table that is `name` or above it, of at most `labels` labels.
    Match closest(const dns::LookupName& name, int labels) const {
        for (; labels > 0; --labels) {
            if (const Value* value = find(name, labels)) return {value, labels};
        }
        return {};
    }
    Match closest(const dns::LookupName& name) const {
        return empty() ? Match{} : closest(name, name.label_count());
    }

private:
    struct Slot {
        std::uint32_t tag = 0;
        std::uint32_t name = 0;   // where it begins in names_
        std::uint32_t value = 0;  // index + 1; 0: free
    };

    static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
    /// Names of 64 labels and more share the last bit.
    static std::uint64_t count_bit(int labels) {
        return std::uint64_t{1} << (labels < 63 ? labels : 63);
    }

    /// The slot of the name, or the free one where it would stand. Requires a free slot.
    std::uint32_t probe(std::uint64_t hash, dns::NameView lower) const {
        const auto mask = static_cast<std::uint32_t>(slots_.size() - 1);
        for (auto at = static_cast<std::uint32_t>(hash) & mask;; at = (at + 1) & mask) {
            const Slot& slot = slots_[at];
            if (slot.value == 0) return at;
            if (slot.tag == tag(hash) && names_.size() - slot.name >= lower.size() &&
                std::memcmp(names_.data() + slot.name, lower.wire().data(), lower.size()) == 0) {
                return at;
            }
        }
    }

    void grow() {
        std::vector<Slot> old =
            std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 8 : 2 * slots_.size()));
        const std::size_t mask = slots_.size() - 1;
        for (const Slot& slot : old) {
            if (slot.value == 0) continue;
            std::size_t at = hashes_[slot.value - 1] & mask;
            while (slots_[at].value != 0) at = (at + 1) & mask;
            slots_[at] = slot;
        }
    }

    std::vector<Slot> slots_;  // a power of two, at most half full
    std::vector<std::uint8_t> names_;
    std::vector<Value> values_;
    std::vector<std::uint64_t> hashes_;
    std::uint64_t label_counts_ = 0;
};

}  // namespace kith::answer
