#include "zone/difference_at.hpp"

#include <algorithm>

#include "zone/missing_records.hpp"

namespace kith::zone {

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
            return added.type == removed.type && added.ttl == removed.ttl &&
                   added.owner == removed.owner && added.rdata == removed.rdata;
        });
    });
}

}  // namespace kith::zone
