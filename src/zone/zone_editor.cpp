#include "zone/zone_editor.hpp"

#include <atomic>
#include <vector>

#include "zone/node_block.hpp"
#include "zone/order_key.hpp"

namespace kith::zone {
namespace {

std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

ZoneEditor::ZoneEditor(NameView apex, dns::RrClass klass)
    : zone_([&] {
          std::shared_ptr<Zone> zone(new Zone);
          zone->lineage_ = std::make_shared<Lineage>();
          zone->version_ = zone->lineage_->begin_version();
          zone->apex_ = apex;
          zone->apex_hash_ = dns::name_hash(apex);
          zone->id_ = next_id();
          zone->apex_labels_ = apex.label_count();
          zone->klass_ = klass;
          return zone;
      }()),
      edit_(*zone_->lineage_, zone_->version_) {}

ZoneEditor::ZoneEditor(const Zone& base)
    : zone_([&] {
          std::shared_ptr<Zone> zone(new Zone);
          zone->index_ = base.index_;
          zone->order_ = base.order_;
          zone->apex_ = base.apex_;
          zone->apex_hash_ = base.apex_hash_;
          zone->id_ = next_id();
          zone->apex_labels_ = base.apex_labels_;
          zone->serial_ = base.serial_;
          zone->klass_ = base.klass_;
          zone->record_count_ = base.record_count_;
          zone->node_count_ = base.node_count_;
          zone->lineage_ = base.lineage_;
          zone->version_ = zone->lineage_->begin_version();
          return zone;
      }()),
      edit_(*zone_->lineage_, zone_->version_) {}

void ZoneEditor::build(std::span<const HashedNode> nodes, std::size_t record_count) {
    zone_->order_ = OrderTree::build(edit_, nodes);
    zone_->index_ = NameIndex::build(edit_, nodes);
    zone_->node_count_ = nodes.size();
    zone_->record_count_ = record_count;
}

NodeView ZoneEditor::find(const dns::LookupName& name, int labels) const {
    return zone_->probe(name, labels);
}

void ZoneEditor::insert(std::uint64_t hash, NodeView node) {
    zone_->order_.insert(edit_, node.data());
    zone_->index_.insert(edit_, {hash, node.data()}, dns::name_hash(zone_->apex()));
    ++zone_->node_count_;
}

void ZoneEditor::replace(std::uint64_t hash, NodeView before, NodeView now) {
    zone_->order_.replace(edit_, now.data());
    zone_->index_.replace(edit_, hash, before.data(), now.data());
    discard_node(edit_, before);
}

void ZoneEditor::erase(std::uint64_t hash, NodeView node) {
    zone_->order_.erase(edit_, OrderKey(node.relative_owner()));
    zone_->index_.erase(edit_, hash, node.data());
    discard_node(edit_, node);
    --zone_->node_count_;
}

void ZoneEditor::count_records(std::ptrdiff_t more) {
    zone_->record_count_ += static_cast<std::size_t>(more);
}

ZonePtr ZoneEditor::finish(std::uint32_t serial) {
    zone_->serial_ = serial;
    return std::move(zone_);
}

bool can_follow(const Zone& base) {
    return base.lineage_->is_newest(base.version_) && !base.lineage_->is_worn();
}

ZonePtr copy_zone(const Zone& zone) {
    ZoneEditor editor(zone.apex(), zone.klass());
    const std::uint64_t apex_hash = dns::name_hash(zone.apex());
    std::vector<HashedNode> nodes;
    nodes.reserve(zone.node_count());
    for (Cursor at = zone.first(); at; at.next()) {
        const NodeView copy = copy_node(editor.edit(), at.node(), at.node().flags());
        nodes.push_back({node_hash(copy, apex_hash), copy.data()});
    }
    editor.build(nodes, zone.record_count());
    return editor.finish(zone.serial());
}

}  // namespace kith::zone
