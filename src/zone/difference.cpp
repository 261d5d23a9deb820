#include <algorithm>

#include "zone/change.hpp"
#include "zone/missing_records.hpp"
#include "zone/order_key.hpp"

namespace kith::zone {

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
            append_missing(left.owner(from.apex()), left, order == 0 ? right : NodeView(),
                           change.removed);
            a.next();
        }
        if (order >= 0) {
            append_missing(right.owner(from.apex()), right, order == 0 ? left : NodeView(),
                           change.added);
            b.next();
        }
    }
    return change;
}

}  // namespace kith::zone
