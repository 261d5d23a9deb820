#pragma once
// What a zone keeps of one name: NodeView and RrSetView, which read it in place.
//
// A node is one block of memory that never changes once a version with it is published:
//
//   offset  size  contents
//   0       1     flags (NodeFlag)
//   1       1     bytes of the owner that follows, 0 for the apex
//   2       1     number of RRsets; 0: empty non-terminal (RFC 8499 §7)
//   3       1     labels of the owner below the apex
//   4       n     owner relative to the apex: labels without the root, case kept
//   4+n           RRsets in ascending order of type, without padding:
//                   2  type
//                   2  number of records, with RrSetFlag
//                   4  TTL
//                   uniform: 2  RDATA bytes of each record
//                   varied:  4  bytes of all records with their lengths
//                   8 per record, only with_provenance: Provenance
//                   records: RDATA, each after 2 bytes of length when varied
//
// Numbers are in host order and unaligned. A node is at least 7 bytes longer than its owner needs,
// so that owners compare in words. Views are two words at most, never own anything, and are good
// as long as any version of the zone that holds the node.

#include "dns/name.hpp"
#include "dns/rr_type.hpp"

namespace kith::zone {

using dns::Name;
using dns::NameView;
using dns::RrType;

/// Who says so: kept for each record at no cost while all is default.
struct Provenance {
    std::uint16_t source = 0;  // number of the source in the configuration; 0: the zone's own file
    std::uint16_t owner = 0;   // who of that source: key, client, member
    std::uint32_t lease_end = 0;  // UNIX seconds; 0: no lease

    friend bool operator==(const Provenance&, const Provenance&) = default;
};
static_assert(sizeof(Provenance) == 8, "stored as it is");

enum NodeFlag : std::uint8_t {
    node_plain = 0,
    node_is_cut = 1,  // NS below the apex
    node_has_cname = 2,
    node_has_dname = 4,
    node_is_occluded = 8,          // strictly below a cut or a DNAME
    node_has_wildcard_child = 16,  // "*" in front of this owner exists
    node_one_label_wildcard = 32,  // see NodeView::one_label_wildcard()
    node_from_change = 64,         // 4 bytes in front of the node tell which change made it
    node_is_hash = 128,            // holds NSEC3 and their signatures, nothing else
};

enum RrSetFlag : std::uint16_t {
    rrset_varied = 0x8000,  // records differ in size
    rrset_with_provenance = 0x4000,
    rrset_count_mask = 0x3fff,
};

template <class T>
T load_host(const std::uint8_t* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

/// One RRset of a node. All its records have one TTL, but RRSIGs: see record_ttl().
class RrSetView {
public:
    RrSetView() = default;  ///< none: false
    explicit RrSetView(const std::uint8_t* at) : at_(at) {}

    explicit operator bool() const { return at_ != nullptr; }
    RrType type() const { return static_cast<RrType>(load_host<std::uint16_t>(at_)); }
    std::uint32_t ttl() const { return load_host<std::uint32_t>(at_ + 4); }
    /// TTL of the record with this RDATA, which is one of the RRset. That is ttl(), except for RRSIG:
    /// signatures have the TTLs of what they cover, which is their Original TTL (RFC 4034 §3).
    std::uint32_t record_ttl(Bytes rdata) const {
        if (type() != RrType::RRSIG || rdata.size() < 8) return ttl();
        return load_u32(rdata.data() + 4) & 0x7fffffff;
    }
    std::uint16_t count() const { return word() & rrset_count_mask; }

    /// Goes over the RDATA of each record (wire form, uncompressed) in stored order.
    class Iterator {
    public:
        using value_type = Bytes;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        /// `size` is that of every record, or -1: each record tells.
        Iterator(const std::uint8_t* at, int size) : at_(at), size_(size) {}
        Bytes operator*() const {
            if (size_ >= 0) return {at_, static_cast<std::size_t>(size_)};
            return {at_ + 2, load_host<std::uint16_t>(at_)};
        }
        Iterator& operator++() {
            at_ += size_ >= 0 ? size_ : 2 + load_host<std::uint16_t>(at_);
            ++index_;
            return *this;
        }
        Iterator operator++(int) {
            const Iterator old = *this;
            ++*this;
            return old;
        }
        /// Which record, from 0.
        int index() const { return index_; }
        friend bool operator==(const Iterator& a, int count) { return a.index_ == count; }

    private:
        const std::uint8_t* at_ = nullptr;
        int size_ = 0;
        int index_ = 0;
    };
    Iterator begin() const {
        return {records(), is_varied() ? -1 : load_host<std::uint16_t>(at_ + 8)};
    }
    int end() const { return count(); }

    /// RDATA of record `index` < count(). One step when all records have the same size, else `index`.
    Bytes rdata(int index) const {
        if (!is_varied()) {
            const std::size_t size = load_host<std::uint16_t>(at_ + 8);
            return {records() + static_cast<std::size_t>(index) * size, size};
        }
        Iterator at = begin();
        while (at.index() < index) ++at;
        return *at;
    }
    Provenance provenance(int index) const {
        if (!has_provenance()) return {};
        return load_host<Provenance>(at_ + head_bytes() + static_cast<std::size_t>(index) * 8);
    }
    bool has_provenance() const { return (word() & rrset_with_provenance) != 0; }
    /// Where the next RRset of the node begins; for node.cpp and NodeView.
    const std::uint8_t* after() const {
        if (is_varied()) return records() + load_host<std::uint32_t>(at_ + 8);
        return records() + std::size_t{count()} * load_host<std::uint16_t>(at_ + 8);
    }

private:
    std::uint16_t word() const { return load_host<std::uint16_t>(at_ + 2); }
    bool is_varied() const { return (word() & rrset_varied) != 0; }
    std::size_t head_bytes() const { return is_varied() ? 12 : 10; }
    const std::uint8_t* records() const {
        return at_ + head_bytes() + (has_provenance() ? std::size_t{count()} * 8 : 0);
    }
    const std::uint8_t* at_ = nullptr;
};

/// One name of a zone and its RRsets.
class NodeView {
public:
    NodeView() = default;  ///< none: false
    explicit NodeView(const std::uint8_t* at) : at_(at) {}

    explicit operator bool() const { return at_ != nullptr; }
    /// The same node, not only equal contents.
    friend bool operator==(NodeView a, NodeView b) = default;

    /// The RRset of `type`; false when there is none.
    RrSetView find(RrType type) const {
        const std::uint8_t* at = rrsets_at();
        for (int left = rrset_count(); left > 0; --left) {
            const RrSetView rrset(at);
            if (rrset.type() == type) return rrset;
            if (rrset.type() > type) return {};
            at = rrset.after();
        }
        return {};
    }

    class Iterator {
    public:
        using value_type = RrSetView;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        Iterator(const std::uint8_t* at, int left) : at_(at), left_(left) {}
        RrSetView operator*() const { return RrSetView(at_); }
        Iterator& operator++() {
            at_ = RrSetView(at_).after();
            --left_;
            return *this;
        }
        Iterator operator++(int) {
            const Iterator old = *this;
            ++*this;
            return old;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

    private:
        const std::uint8_t* at_ = nullptr;
        int left_ = 0;
    };
    struct RrSets {
        Iterator first;
        Iterator begin() const { return first; }
        Iterator end() const { return {}; }
    };
    /// Its RRsets in ascending order of type, for range-for.
    RrSets rrsets() const { return {Iterator(rrsets_at(), rrset_count())}; }
    int rrset_count() const { return at_[2]; }

    /// An empty non-terminal: no records, but names below it.
    bool is_empty() const { return rrset_count() == 0; }
    /// A zone cut: NS here, and this is not the apex.
    bool is_cut() const { return has(node_is_cut); }
    bool has_cname() const { return has(node_has_cname); }
    bool has_dname() const { return has(node_has_dname); }
    /// Strictly below a cut or a DNAME: glue, or never answered (RFC 6672 §2.4).
    bool is_occluded() const { return has(node_is_occluded); }
    bool has_wildcard_child() const { return has(node_has_wildcard_child); }
    /// Nothing but NSEC3 records: names that, unless others are below them, do not exist (RFC 5155 §7.2.8).
    bool is_hash() const { return has(node_is_hash); }
    /// A "*" that stands for exactly one label, not for any number of them as RFC 4592 has it.
    bool one_label_wildcard() const { return has(node_one_label_wildcard); }

    /// The owner's labels below the apex, without the root label; case kept. Empty for the apex.
    Bytes relative_owner() const { return {at_ + 4, at_[1]}; }
    /// Labels below the apex: 0 for the apex.
    int relative_labels() const { return at_[3]; }
    /// The whole owner; `apex` is that of the zone.
    Name owner(NameView apex) const;

    const std::uint8_t* data() const { return at_; }
    std::uint8_t flags() const { return at_[0]; }

private:
    bool has(NodeFlag flag) const { return (at_[0] & flag) != 0; }
    const std::uint8_t* rrsets_at() const { return at_ + 4 + at_[1]; }
    const std::uint8_t* at_ = nullptr;
};

/// A node and the hash of its name, for building and inserting.
struct HashedNode {
    std::uint64_t hash;
    const std::uint8_t* node;
};

}  // namespace kith::zone
