#include <algorithm>

#include "zone/change.hpp"
#include "zone/node_block.hpp"
#include "zone/order_key.hpp"

namespace kith::zone {
namespace {

bool same_record(const NodeRecord& a, const NodeRecord& b) {
    return a.type == b.type && a.ttl == b.ttl && a.provenance == b.provenance &&
           std::ranges::equal(a.rdata, b.rdata);
}

/// Appends to `out` the records of `node` that `other` lacks. Either may be none.
void append_missing(NameView apex, NodeView node, NodeView other, std::vector<Record>& out) {
    if (!node || node.is_empty()) return;
    std::vector<NodeRecord> records;
    std::vector<NodeRecord> others;
    read_records(node, records);
    if (other) read_records(other, others);
    const Name owner = node.owner(apex);
    for (const NodeRecord& record : records) {
        const auto rrset = std::ranges::equal_range(others, record.type, {}, &NodeRecord::type);
        const auto same = [&](const NodeRecord& there) { return same_record(record, there); };
        if (std::ranges::any_of(rrset, same)) continue;
        out.push_back({owner,
                       record.type,
                       record.ttl,
                       {record.rdata.begin(), record.rdata.end()},
                       record.provenance});
    }
}

}  // namespace

ZoneChange difference(const Zone& from, const Zone& to) {
    ZoneChange change{from.apex(), from.serial(), to.serial(), {}, {}};
    Cursor a = from.first();
    Cursor b = to.first();
    while (a || b) {
        if (a && b && a.page_start() != nullptr && a.page_start() == b.page_start()) {
            a.next_page();
            b.next_page();
            continue;
        }
        const NodeView left = a ? a.node() : NodeView();
        const NodeView right = b ? b.node() : NodeView();
        if (left == right) {
            a.next();
            b.next();
            continue;
        }
        auto order = std::strong_ordering::equal;
        if (!left || !right) {
            order = left ? std::strong_ordering::less : std::strong_ordering::greater;
        } else {
            order = OrderKey(left.relative_owner()) <=> OrderKey(right.relative_owner());
        }
        if (order <= 0) {
            append_missing(from.apex(), left, order == 0 ? right : NodeView(), change.removed);
            a.next();
        }
        if (order >= 0) {
            append_missing(from.apex(), right, order == 0 ? left : NodeView(), change.added);
            b.next();
        }
    }
    return change;
}

}  // namespace kith::zone
