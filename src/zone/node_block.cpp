#include "zone/node_block.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "dns/rdata.hpp"

namespace kith::zone {
namespace {

constexpr std::size_t head_bytes = 4;
// An owner is read in words of 8, so a node goes on for 7 bytes after it.
constexpr std::size_t tail_bytes_min = 7;
constexpr std::size_t record_wire_bytes = 12;  // compressed owner, type, class, TTL, RDLENGTH
constexpr std::size_t serial_from_end = 20;    // SOA: five numbers after two names

using Records = std::span<const NodeRecord>;

/// The records at the front of `records` that have one type.
Records first_rrset(Records records) {
    const auto end = std::ranges::find_if(
        records, [&](const NodeRecord& record) { return record.type != records.front().type; });
    return records.first(static_cast<std::size_t>(end - records.begin()));
}

struct Shape {
    bool varied;
    bool provenance;
    std::size_t rdata_bytes;  // of all records
    std::size_t bytes;        // of the RRset in a node
};

Shape shape_of(Records rrset) {
    Shape shape{false, false, 0, 0};
    for (const NodeRecord& record : rrset) {
        shape.varied |= record.rdata.size() != rrset.front().rdata.size();
        shape.provenance |= record.provenance != Provenance{};
        shape.rdata_bytes += record.rdata.size();
    }
    shape.bytes = (shape.varied ? 12 + 2 * rrset.size() : 10) + shape.rdata_bytes +
                  (shape.provenance ? sizeof(Provenance) * rrset.size() : 0);
    return shape;
}

template <class T>
std::uint8_t* put(std::uint8_t* at, T value) {
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

std::uint8_t* put(std::uint8_t* at, Bytes bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    return at + bytes.size();
}

/// Signatures of one name are stored as one RRset, though each has the TTL of what it covers
/// (RrSetView::record_ttl()); the lowest is good for answers that show them all.
std::uint32_t stored_ttl(Records rrset) {
    if (rrset.front().type != RrType::RRSIG) return rrset.front().ttl;
    std::uint32_t lowest = 0x7fffffff;
    for (const NodeRecord& record : rrset) {
        const bool is_whole = record.rdata.size() >= 8;
        const std::uint32_t ttl = is_whole ? load_u32(record.rdata.data() + 4) : record.ttl;
        lowest = std::min(lowest, ttl & 0x7fffffff);
    }
    return lowest;
}

std::uint8_t* put_rrset(std::uint8_t* at, Records rrset) {
    const Shape shape = shape_of(rrset);
    at = put(at, static_cast<std::uint16_t>(rrset.front().type));
    std::size_t count = rrset.size();
    if (shape.varied) count |= rrset_varied;
    if (shape.provenance) count |= rrset_with_provenance;
    at = put(at, static_cast<std::uint16_t>(count));
    at = put(at, stored_ttl(rrset));
    if (shape.varied) {
        at = put(at, static_cast<std::uint32_t>(shape.rdata_bytes + 2 * rrset.size()));
    } else {
        at = put(at, static_cast<std::uint16_t>(rrset.front().rdata.size()));
    }
    if (shape.provenance) {
        for (const NodeRecord& record : rrset) at = put(at, record.provenance);
    }
    for (const NodeRecord& record : rrset) {
        if (shape.varied) at = put(at, static_cast<std::uint16_t>(record.rdata.size()));
        at = put(at, record.rdata);
    }
    return at;
}

std::size_t owner_labels(Bytes relative_owner) {
    std::size_t labels = 0;
    for (std::size_t at = 0; at < relative_owner.size(); at += relative_owner[at] + 1U) ++labels;
    return labels;
}

std::size_t node_bytes(NodeView node) {
    const std::uint8_t* end = node.data() + head_bytes + node.relative_owner().size();
    for (const RrSetView rrset : node.rrsets()) end = rrset.after();
    return std::max(static_cast<std::size_t>(end - node.data()),
                    head_bytes + node.relative_owner().size() + tail_bytes_min);
}

/// The block a node stands in: one made by a change has its maker in front.
struct Block {
    std::uint8_t* at;
    std::size_t bytes;
};
Block block_of(NodeView node) {
    const std::size_t front = (node.flags() & node_from_change) != 0 ? sizeof(std::uint32_t) : 0;
    return {const_cast<std::uint8_t*>(node.data()) - front, node_bytes(node) + front};
}

/// Memory for a node of `bytes`, with its maker in front unless a builder makes it.
std::uint8_t* allocate_node(Edit& edit, std::size_t bytes) {
    if (edit.version() == Lineage::first_version) return edit.allocate(bytes, Slab::Align::node);
    return put(edit.allocate(bytes + sizeof(std::uint32_t), Slab::Align::node), edit.version());
}

std::uint8_t origin_flag(const Edit& edit) {
    return edit.version() == Lineage::first_version ? node_plain : node_from_change;
}

/// Flags that say where a node stands and what it is for, not what it holds.
constexpr std::uint8_t place_flags =
    node_is_occluded | node_has_wildcard_child | node_one_label_wildcard;

/// Types that may stand beside CNAME (RFC 4034 §3, §4; RFC 2181 §10.1; RFC 3007 §3.1.1).
bool may_join_cname(RrType type) {
    switch (type) {
        case RrType::CNAME:
        case RrType::RRSIG:
        case RrType::NSEC:
        case RrType::SIG:
        case RrType::NXT:
        case RrType::KEY: return true;
        default: return false;
    }
}

std::optional<ZoneFault> rrset_fault(Records rrset, bool is_apex, const Bounds& bounds) {
    const bool several = rrset.size() > 1;
    const RrType type = rrset.front().type;
    if (type == RrType::SOA && !is_apex) return ZoneFault::soa_below_apex;
    if (type == RrType::SOA && several) return ZoneFault::second_soa;
    if (type == RrType::CNAME && several) return ZoneFault::second_cname;
    if (type == RrType::DNAME && several) return ZoneFault::second_dname;
    if (rrset.size() > bounds.records_per_rrset) return ZoneFault::too_many_records;
    if (shape_of(rrset).rdata_bytes + rrset.size() * record_wire_bytes > rrset_bytes_max) {
        return ZoneFault::rrset_too_large;
    }
    return std::nullopt;
}

}  // namespace

void read_records(NodeView node, std::vector<NodeRecord>& records) {
    for (const RrSetView rrset : node.rrsets()) {
        for (auto at = rrset.begin(); at != rrset.end(); ++at) {
            records.push_back(
                {rrset.type(), rrset.record_ttl(*at), *at, rrset.provenance(at.index()), 0});
        }
    }
}

std::optional<std::uint32_t> soa_serial(Bytes rdata) {
    if (rdata.size() < serial_from_end + 2) return std::nullopt;
    return load_u32(rdata.data() + rdata.size() - serial_from_end);
}

bool set_soa_serial(MutableBytes rdata, std::uint32_t serial) {
    if (rdata.size() < serial_from_end + 2) return false;
    store_u32(rdata.data() + rdata.size() - serial_from_end, serial);
    return true;
}

bool same_rdata(RrType type, Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    if (std::ranges::equal(a, b)) return true;
    if (!std::ranges::equal(a, b, {}, dns::lower, dns::lower)) return false;
    // Letters of different case: equal only where they are letters of names.
    std::vector<std::uint8_t> canonical_a(a.begin(), a.end());
    std::vector<std::uint8_t> canonical_b(b.begin(), b.end());
    dns::canonicalize_rdata(type, canonical_a);
    dns::canonicalize_rdata(type, canonical_b);
    return canonical_a == canonical_b;
}

Result<void, NodeFault> check_records(Records records, bool is_apex, const Bounds& bounds) {
    const NodeRecord* cname = nullptr;
    const NodeRecord* ns = nullptr;
    std::size_t types = 0;
    for (Records rest = records; !rest.empty(); ++types) {
        const Records rrset = first_rrset(rest);
        const auto at = static_cast<std::size_t>(rrset.data() - records.data());
        const auto index = [&](const NodeRecord* record) {
            return static_cast<std::size_t>(record - records.data());
        };
        if (const auto fault = rrset_fault(rrset, is_apex, bounds)) {
            return std::unexpected(NodeFault{*fault, at + rrset.size() - 1, at});
        }
        const RrType type = rrset.front().type;
        if (type == RrType::CNAME) cname = &rrset.front();
        if (type == RrType::NS) ns = &rrset.front();
        if (type == RrType::DNAME && ns != nullptr && !is_apex) {
            return std::unexpected(NodeFault{ZoneFault::dname_at_cut, at, index(ns)});
        }
        rest = rest.subspan(rrset.size());
        if (types == bounds.types_per_name) {
            return std::unexpected(NodeFault{ZoneFault::too_many_types, at, at});
        }
    }
    if (cname != nullptr) {
        const auto other = std::ranges::find_if(
            records, [](const NodeRecord& record) { return !may_join_cname(record.type); });
        if (other != records.end()) {
            const NodeFault fault{ZoneFault::cname_and_other,
                                  static_cast<std::size_t>(other - records.begin()),
                                  static_cast<std::size_t>(cname - records.data())};
            return std::unexpected(fault);
        }
    }
    return {};
}

std::uint8_t flags_of(Records records, bool is_apex) {
    unsigned flags = 0;
    bool has_nsec3 = false;
    bool has_other = false;
    for (const NodeRecord& record : records) {
        if (record.type == RrType::NSEC3)
            has_nsec3 = true;
        else if (record.type != RrType::RRSIG)
            has_other = true;
        if (record.type == RrType::NS && !is_apex) flags |= node_is_cut;
        if (record.type == RrType::CNAME) flags |= node_has_cname;
        if (record.type == RrType::DNAME) flags |= node_has_dname;
    }
    if (has_nsec3 && !has_other && !is_apex) flags |= node_is_hash;
    return static_cast<std::uint8_t>(flags);
}

NodeView make_node(Edit& edit, Bytes relative_owner, std::uint8_t flags, Records records) {
    std::size_t rrsets = 0;
    std::size_t tail = 0;
    for (Records rest = records; !rest.empty(); ++rrsets) {
        const Records rrset = first_rrset(rest);
        tail += shape_of(rrset).bytes;
        rest = rest.subspan(rrset.size());
    }
    const std::size_t bytes = head_bytes + relative_owner.size() + std::max(tail, tail_bytes_min);
    std::uint8_t* const node = allocate_node(edit, bytes);
    const bool is_apex = relative_owner.empty();
    node[0] = static_cast<std::uint8_t>((flags & place_flags) | flags_of(records, is_apex) |
                                        origin_flag(edit));
    node[1] = static_cast<std::uint8_t>(relative_owner.size());
    node[2] = static_cast<std::uint8_t>(rrsets);
    node[3] = static_cast<std::uint8_t>(owner_labels(relative_owner));
    std::uint8_t* at = put(node + head_bytes, relative_owner);
    for (Records rest = records; !rest.empty();) {
        const Records rrset = first_rrset(rest);
        at = put_rrset(at, rrset);
        rest = rest.subspan(rrset.size());
    }
    if (records.empty()) std::memset(at, 0, tail_bytes_min);
    return NodeView(node);
}

NodeView copy_node(Edit& edit, NodeView node, std::uint8_t flags) {
    const std::size_t bytes = node_bytes(node);
    std::uint8_t* const copy = allocate_node(edit, bytes);
    std::memcpy(copy, node.data(), bytes);
    const unsigned kept = node.flags() & ~unsigned{place_flags} & ~unsigned{node_from_change};
    copy[0] = static_cast<std::uint8_t>(kept | (flags & place_flags) | origin_flag(edit));
    return NodeView(copy);
}

std::uint32_t node_maker(NodeView node) {
    if ((node.flags() & node_from_change) == 0) return Lineage::first_version;
    return load_host<std::uint32_t>(node.data() - sizeof(std::uint32_t));
}

void discard_node(Edit& edit, NodeView node) {
    const Block block = block_of(node);
    edit.discard(block.at, block.bytes, Slab::Align::node, node_maker(node));
}

void free_node(Slab& slab, NodeView node) {
    const Block block = block_of(node);
    slab.free(block.at, block.bytes, Slab::Align::node);
}

}  // namespace kith::zone
