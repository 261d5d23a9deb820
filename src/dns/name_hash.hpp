#pragma once
// The keyed hash of names that every table here uses, and LookupName, a name made ready for
// looking up.
//
// The hash of a name is built label by label from the root, so that one pass over a query name
// gives the hashes of all its suffixes: the same numbers find the zone, the node, the closest
// encloser, a rewrite and the cache entry. It ignores ASCII case. It is keyed, because clients
// choose names: without the key they cannot choose names that collide.

#include <array>
#include <cstdint>

#include "dns/name.hpp"

namespace kith::dns {

/// Replaces the key, once, before any name is hashed and any thread started; kith does it with
/// random bits at start. Without it (tests, tools) the key is fixed, so that runs repeat.
void set_name_hash_key(std::uint64_t a, std::uint64_t b);

/// Hash of the root.
std::uint64_t root_hash();
/// Hash of the name made of `label` (1..63 bytes, any case) in front of a name with hash `suffix`.
std::uint64_t child_hash(Bytes label, std::uint64_t suffix);
/// Hash of a whole name.
std::uint64_t name_hash(NameView name);

/// A name in lower case with the places and hashes of all its suffixes. 1.4 kB: lives in the
/// worker's buffers, never on the heap.
class LookupName {
public:
    LookupName() = default;  ///< the root
    explicit LookupName(NameView name) { assign(name); }

    void assign(NameView name);

    /// The name in lower case.
    NameView view() const KITH_LIFETIMEBOUND { return NameView::unchecked({lower_.data(), size_}); }
    std::size_t size() const { return size_; }
    /// 1 for the root.
    int label_count() const { return labels_; }
    /// The last `labels` labels in lower case; 1 <= labels <= label_count().
    NameView suffix(int labels) const KITH_LIFETIMEBOUND {
        const std::size_t at = offset(labels);
        return NameView::unchecked({lower_.data() + at, size_ - at});
    }
    /// Where suffix(labels) begins, in bytes from the front; the same in the original name.
    std::size_t offset(int labels) const { return offsets_[static_cast<std::size_t>(labels)]; }
    /// Hash of suffix(labels).
    std::uint64_t hash(int labels) const { return hashes_[static_cast<std::size_t>(labels)]; }
    /// Hash of the whole name.
    std::uint64_t hash() const { return hash(labels_); }

private:
    std::size_t size_ = 1;
    int labels_ = 1;
    // Both indexed by label count, 1..128; entries beyond labels_ are not initialized.
    std::array<std::uint8_t, labels_max + 1> offsets_ = first_offset();
    std::array<std::uint64_t, labels_max + 1> hashes_ = first_hash();
    std::array<std::uint8_t, name_bytes_max + 9> lower_{};  // 8 spare bytes: read in words

    static std::array<std::uint8_t, labels_max + 1> first_offset() { return {}; }
    static std::array<std::uint64_t, labels_max + 1> first_hash() {
        std::array<std::uint64_t, labels_max + 1> out{};
        out[1] = root_hash();
        return out;
    }
};

}  // namespace kith::dns
