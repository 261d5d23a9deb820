#include "zone/zone.hpp"

#include <algorithm>

#include "zone/lineage.hpp"
#include "zone/order_key.hpp"

namespace kith::zone {
namespace {

constexpr std::uint8_t wildcard_label[] = {1, '*'};

/// Labels of `name` below `apex`, which it is under.
Bytes relative(NameView name, NameView apex) {
    return name.wire().first(name.size() - apex.size());
}

}  // namespace

Zone::~Zone() {
    if (lineage_) lineage_->release(version_, index_, order_);
}

std::size_t Zone::memory_bytes() const { return lineage_->slab().reserved_bytes(); }

bool Zone::is_node_of(const std::uint8_t* node, const dns::LookupName& name, int labels) const {
    const std::size_t from = name.offset(labels);
    const std::size_t size = name.size() - from - apex_.size();
    return node[1] == size && same_lower(node + 4, name.view().wire().data() + from, size);
}

NodeView Zone::probe(const dns::LookupName& name, int labels) const {
    if (labels == apex_labels_) return apex_node();
    return NodeView(index_.find(name.hash(labels), [&](const std::uint8_t* node) {
        return is_node_of(node, name, labels);
    }));
}

/// Every ancestor of a name that exists exists, so the deepest is found by halving; but clients
/// ask for names just below ones that exist, so the two next above are tried first.
int Zone::find_encloser(const dns::LookupName& name, NodeView& encloser) const {
    int missing = name.label_count();
    for (int tries = 0; tries < 2 && missing - 1 > apex_labels_; ++tries) {
        encloser = probe(name, missing - 1);
        if (encloser) return missing - 1;
        --missing;
    }
    encloser = apex_node();
    int found = apex_labels_;
    while (missing - found > 1) {
        const int middle = (missing + found) / 2;
        if (const NodeView node = probe(name, middle)) {
            encloser = node;
            found = middle;
        } else {
            missing = middle;
        }
    }
    return found;
}

Lookup Zone::find(const dns::LookupName& name, NodeView likely) const {
    if (likely && !is_node_of(likely.data(), name, name.label_count())) return find(name);
    return find_from(name, likely);
}

/// All about a name whose node, or none, is `exact`.
Lookup Zone::find_from(const dns::LookupName& name, NodeView exact) const {
    Lookup found;
    const int labels = name.label_count();
    found.exact = found.encloser = exact;
    found.encloser_labels = labels;
    if (!found.exact) found.encloser_labels = find_encloser(name, found.encloser);
    if (found.encloser.is_hash()) [[unlikely]]
        pass_over_hash(name, found);
    const NodeView encloser = found.encloser;
    if (encloser.is_occluded()) {
        find_occluder(name, found);
    } else if (encloser.is_cut()) {
        found.cut = encloser;
        found.cut_labels = found.encloser_labels;
    } else if (encloser.has_dname() && !found.exact) {
        found.dname = encloser;
        found.dname_labels = found.encloser_labels;
    }
    if (!found.exact && encloser.has_wildcard_child()) {
        const std::uint64_t hash =
            dns::child_hash(Bytes(wildcard_label).subspan(1), name.hash(found.encloser_labels));
        const Bytes suffix = relative(name.suffix(found.encloser_labels), apex());
        found.wildcard = NodeView(index_.find(hash, [&](const std::uint8_t* node) {
            return node[1] == suffix.size() + 2 && node[4] == 1 && node[5] == '*' &&
                   same_lower(node + 6, suffix.data(), suffix.size());
        }));
    }
    return found;
}

bool Zone::has_names_below(NodeView node) const {
    const OrderKey key(node.relative_owner());
    Cursor at = order_.lower_bound(key);
    at.next();
    return at && OrderKey(at.node().relative_owner()).starts_with(key);
}

/// The encloser found owns NSEC3 and nothing else: unless names stand below it, it is not there.
void Zone::pass_over_hash(const dns::LookupName& name, Lookup& found) const {
    if (has_names_below(found.encloser)) return;
    found.exact = {};
    do found.encloser = probe(name, --found.encloser_labels);
    while (found.encloser.is_hash() && !has_names_below(found.encloser));
}

void Zone::find_occluder(const dns::LookupName& name, Lookup& found) const {
    for (int labels = apex_labels_; labels < found.encloser_labels; ++labels) {
        const NodeView node = probe(name, labels);
        if (node.is_cut()) {
            found.cut = node;
            found.cut_labels = labels;
            return;
        }
        if (node.has_dname()) {
            found.dname = node;
            found.dname_labels = labels;
            return;
        }
    }
}

NodeView Zone::find_node(const dns::LookupName& name) const {
    if (!name.view().is_under(apex())) return {};
    return probe(name, name.label_count());
}

NodeView Zone::find_node(NameView name) const { return find_node(dns::LookupName(name)); }

Cursor Zone::lower_bound(NameView name) const {
    return order_.lower_bound(OrderKey(relative(name, apex())));
}

NodeView Zone::predecessor(NameView name) const {
    Cursor at = lower_bound(name);
    return at.previous() ? at.node() : NodeView();
}

NodeView Zone::nsec_before(NameView name) const {
    return order_.last_before(OrderKey(relative(name, apex())), ChainLink::nsec);
}

NodeView Zone::nsec3_at(Bytes owner) const {
    const std::uint64_t hash = dns::child_hash(owner.subspan(1, owner[0]), apex_hash_);
    const NodeView node(index_.find(hash, [&](const std::uint8_t* at) {
        return at[1] == owner.size() && same_lower(at + 4, owner.data(), owner.size());
    }));
    return node && node.find(RrType::NSEC3) ? node : NodeView();
}

NodeView Zone::nsec3_before(Bytes owner) const {
    return order_.last_before(OrderKey(owner), ChainLink::nsec3);
}

}  // namespace kith::zone
