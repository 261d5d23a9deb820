#include "zone/difference_at.hpp"

#include <algorithm>

#include "zone/node_block.hpp"

namespace kith::zone {
namespace {

void append_missing(const Name& owner, NodeView node, NodeView other, std::vector<Record>& out) {
    if (!node) return;
    for (const RrSetView rrset : node.rrsets()) {
        const RrSetView there = other ? other.find(rrset.type()) : RrSetView();
        // An RRset that did not change is the same bytes: an update of one leaves the others.
        for (int i = 0; i < rrset.count(); ++i) {
            const Bytes rdata = rrset.rdata(i);
            bool found = false;
            for (int j = 0; there && !found && j < there.count(); ++j) {
                found = there.ttl() == rrset.ttl() && there.provenance(j) == rrset.provenance(i) &&
                        std::ranges::equal(there.rdata(j), rdata);
            }
            if (found) continue;
            out.push_back({owner, rrset.type(), rrset.ttl(), {rdata.begin(), rdata.end()}, rrset.provenance(i)});
        }
    }
}

}  // namespace

ZoneChange difference_at(const Zone& from, const Zone& to, std::span<const Name> owners) {
    ZoneChange change{from.apex(), from.serial(), to.serial(), {}, {}};
    for (const Name& owner : owners) {
        const NodeView before = from.find_node(owner.view());
        const NodeView after = to.find_node(owner.view());
        if (before == after) continue;
        append_missing(before ? before.owner(from.apex()) : owner, before, after, change.removed);
        append_missing(after ? after.owner(to.apex()) : owner, after, before, change.added);
    }
    return change;
}

bool is_provenance_only(const ZoneChange& change) {
    if (change.removed.size() != change.added.size()) return false;
    return std::ranges::all_of(change.removed, [&change](const Record& removed) {
        return std::ranges::any_of(change.added, [&removed](const Record& added) {
            return added.type == removed.type && added.ttl == removed.ttl && added.owner == removed.owner && added.rdata == removed.rdata;
        });
    });
}

}  // namespace kith::zone
