#pragma once
// ZoneEditor: makes one version of a zone, from nothing or from the version before. What it has
// made is given back when it is dropped without finish(). For the builder and for apply_change().

#include <memory>
#include <span>

#include "zone/name_index.hpp"
#include "zone/zone.hpp"

namespace kith::zone {

class ZoneEditor {
public:
    /// A first version, without any node yet: build() is next.
    ZoneEditor(NameView apex, dns::RrClass klass);
    /// The version after `base`, which must be the newest living one of its lineage.
    explicit ZoneEditor(const Zone& base);

    const Zone& zone() const { return *zone_; }
    Edit& edit() { return edit_; }

    /// All nodes at once, in canonical order, the apex first; the first version only.
    void build(std::span<const HashedNode> nodes, std::size_t record_count);

    /// The node of the last `labels` labels of `name`.
    NodeView find(const dns::LookupName& name, int labels) const;
    void insert(std::uint64_t hash, NodeView node);
    /// `now` instead of `before`, of the same name; `before` is discarded.
    void replace(std::uint64_t hash, NodeView before, NodeView now);
    /// Also discards it.
    void erase(std::uint64_t hash, NodeView node);
    void count_records(std::ptrdiff_t more);

    /// The version is complete; its SOA has `serial`. The editor is of no use afterwards.
    ZonePtr finish(std::uint32_t serial);

private:
    std::shared_ptr<Zone> zone_;
    Edit edit_;
};

/// True when a version may be made from `base` without copying everything.
bool can_follow(const Zone& base);
/// The same zone in memory of its own.
ZonePtr copy_zone(const Zone& zone);

}  // namespace kith::zone
