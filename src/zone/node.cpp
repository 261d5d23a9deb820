#include "zone/node.hpp"

#include "base/check.hpp"

namespace kith::zone {

Name NodeView::owner(NameView apex) const {
    dns::NameBuilder name;
    const Bytes labels = relative_owner();
    for (std::size_t at = 0; at < labels.size(); at += labels[at] + 1U) {
        KITH_CHECK(name.append(labels.subspan(at + 1, labels[at])));
    }
    KITH_CHECK(name.append(apex));
    return name.finish();
}

}  // namespace kith::zone
