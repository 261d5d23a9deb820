#pragma once
// Writing and reading whole nodes, and their memory; for the builder and for changes.

#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "zone/fault.hpp"
#include "zone/limits.hpp"
#include "zone/lineage.hpp"
#include "zone/node.hpp"

namespace kith::zone {

/// One record of a node about to be written, or of one read. Does not own its RDATA.
struct NodeRecord {
    RrType type{};
    std::uint32_t ttl = 0;
    Bytes rdata;
    Provenance provenance;
    std::uint32_t tag = 0;  // the builder's caller's
};

/// The records of `node` in stored order.
void read_records(NodeView node, std::vector<NodeRecord>& records);

/// Equal as DNS data: names inside RDATA compare without case where RFC 4034 §6.2 says so.
bool same_rdata(RrType type, Bytes a, Bytes b);

/// The serial of a SOA's RDATA; nullopt when that is too short to hold one.
std::optional<std::uint32_t> soa_serial(Bytes rdata);
bool set_soa_serial(MutableBytes rdata, std::uint32_t serial);

/// Why a node with these records (sorted by type, without duplicates) may not be; `at` is the index
/// of the record to blame.
struct NodeFault {
    ZoneFault fault{};
    std::size_t at = 0;
    std::size_t other = 0;  // index of the record it collides with; `at` when there is none
};
Result<void, NodeFault> check_records(std::span<const NodeRecord> records, bool is_apex,
                                      const Bounds& bounds);

/// Flags that follow from the records.
std::uint8_t flags_of(std::span<const NodeRecord> records, bool is_apex);

/// Writes a node with these records: sorted by type, one TTL per type, within the limits. `flags`
/// are completed by those that follow from the records.
NodeView make_node(Edit& edit, Bytes relative_owner, std::uint8_t flags,
                   std::span<const NodeRecord> records);
/// The same node with `flags` in the place of those that do not follow from its records.
NodeView copy_node(Edit& edit, NodeView node, std::uint8_t flags);

/// Version that made the node.
std::uint32_t node_maker(NodeView node);
void discard_node(Edit& edit, NodeView node);
void free_node(Slab& slab, NodeView node);

}  // namespace kith::zone
