#pragma once
// Zone: one immutable version of a zone, as the answering stages read it.
//
// Names are found by hash (name_index.hpp) and kept in canonical order (order_tree.hpp); both share
// structure with the versions before and after it (lineage.hpp). Made by ZoneBuilder (builder.hpp)
// from nothing, or by apply_change() (change.hpp) from the version before.
//
// Any number of threads may read a Zone. The last ZonePtr of a version must be let go on the thread
// that applies changes, because freeing works on memory that the versions share.

#include <cstdint>
#include <memory>

#include "dns/name_hash.hpp"
#include "dns/registry.hpp"
#include "zone/name_index.hpp"
#include "zone/node.hpp"
#include "zone/order_tree.hpp"

namespace kith::zone {

class Lineage;
class ZoneEditor;

/// What the answering algorithm (RFC 1034 §4.3.2, RFC 4592 §3.3.1) needs to know of one name. At
/// most one of `cut` and `dname` is set: whatever stands below the higher one is not looked at.
struct Lookup {
    // Node of that very name, perhaps an empty non-terminal; none: no such name. Names that own NSEC3 and
    // nothing else do not exist (RFC 5155 §7.2.8).
    NodeView exact;
    NodeView encloser;  // `exact`, or the closest encloser; always set
    NodeView cut;       // topmost zone cut below the apex, down to the name itself
    NodeView dname;     // topmost DNAME strictly above the name, apex included
    NodeView wildcard;  // the "*" child of the closest encloser, when `exact` is none
    // Labels of the owner of each, the root label counted; 0 when it is none.
    int encloser_labels = 0;
    int cut_labels = 0;
    int dname_labels = 0;
};

class Zone {
public:
    ~Zone();
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

    NameView apex() const KITH_LIFETIMEBOUND { return apex_.view(); }
    /// 2 for "example.": the root label counts.
    int apex_labels() const { return apex_labels_; }
    /// Of the SOA (RFC 1982 arithmetic).
    std::uint32_t serial() const { return serial_; }
    dns::RrClass klass() const { return klass_; }
    NodeView apex_node() const { return NodeView(index_.apex()); }
    /// Of this version; never given twice by this process, so that what is known of a version can be kept
    /// beside its number when nobody holds the version.
    std::uint64_t id() const { return id_; }

    /// All about `name`, which must be under the apex. No allocation; about two cache misses for a
    /// name that exists, at most 10 probes however many labels a name that does not exist has.
    Lookup find(const dns::LookupName& name) const {
        return find_from(name, probe(name, name.label_count()));
    }
    /// The same and faster; `likely` is what prefetch_node() gave for the name's hash.
    Lookup find(const dns::LookupName& name, NodeView likely) const;
    /// The node of exactly this name, occluded or not; false when there is none, or it is not
    /// under the apex.
    NodeView find_node(const dns::LookupName& name) const;
    NodeView find_node(NameView name) const;

    /// For batches: pulls in what find() touches first of a name with this hash; and, once that has
    /// arrived, the node that may be its own, none when there is certainly no such name.
    void prefetch(std::uint64_t name_hash) const { index_.prefetch_slots(name_hash); }
    NodeView prefetch_node(std::uint64_t name_hash) const {
        return NodeView(index_.prefetch_node(name_hash));
    }

    /// The apex: first in canonical order (RFC 4034 §6.1). Cursors are good as long as this version.
    Cursor first() const KITH_LIFETIMEBOUND { return order_.first(); }
    /// The first node that is not before `name` in canonical order; may be at the end.
    Cursor lower_bound(NameView name) const KITH_LIFETIMEBOUND;
    /// The last node before `name`, which is under the apex; false for the apex itself. Empty
    /// non-terminals and occluded nodes are nodes too: step back with a Cursor to skip them.
    NodeView predecessor(NameView name) const;

    /// For denials (RFC 4035 §3.1.3): the last node before `name`, which is under the apex, that owns an
    /// NSEC; nodes below cuts do not count. None: the zone has no NSEC before it. Costs one search in
    /// order, however many names without NSEC are between the two.
    NodeView nsec_before(NameView name) const;
    /// The node of `owner` when it has an NSEC3; none: it has none. Owners are relative to the apex and in
    /// lower case, with 7 bytes behind them that may be read.
    NodeView nsec3_at(Bytes owner) const;
    /// The last node with NSEC3 before `owner`, and the last of all. None: there is none.
    NodeView nsec3_before(Bytes owner) const;
    NodeView last_nsec3() const { return order_.last(ChainLink::nsec3); }

    /// Calls `visit(const Name& owner, NodeView node)` for every node in canonical order.
    template <class Visit>
    void for_each_in_order(Visit visit) const {
        for (Cursor at = first(); at; at.next()) visit(at.node().owner(apex()), at.node());
    }

    std::size_t record_count() const { return record_count_; }
    /// Names, empty non-terminals included.
    std::size_t node_count() const { return node_count_; }
    /// Memory of this version and all others alive that share structure with it.
    std::size_t memory_bytes() const;

private:
    friend class ZoneEditor;
    friend bool can_follow(const Zone& base);
    Zone() = default;
    /// Fills in cut and dname of a name whose encloser is occluded, from the apex downwards.
    void find_occluder(const dns::LookupName& name, Lookup& found) const;
    int find_encloser(const dns::LookupName& name, NodeView& encloser) const;
    bool has_names_below(NodeView node) const;
    void pass_over_hash(const dns::LookupName& name, Lookup& found) const;
    NodeView probe(const dns::LookupName& name, int labels) const;
    Lookup find_from(const dns::LookupName& name, NodeView exact) const;
    bool is_node_of(const std::uint8_t* node, const dns::LookupName& name, int labels) const;

    NameIndex index_;
    OrderTree order_;
    Name apex_;
    std::uint64_t apex_hash_ = 0;
    std::uint64_t id_ = 0;
    int apex_labels_ = 1;
    std::uint32_t serial_ = 0;
    dns::RrClass klass_ = dns::RrClass::IN;
    std::size_t record_count_ = 0;
    std::size_t node_count_ = 0;
    std::shared_ptr<Lineage> lineage_;
    std::uint32_t version_ = 0;  // number of this version in its lineage
};

/// How zones are held by snapshots; never copied while answering.
using ZonePtr = std::shared_ptr<const Zone>;

}  // namespace kith::zone
