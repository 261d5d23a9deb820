#include "dnssec/standing.hpp"

#include <algorithm>

#include "zone/order_key.hpp"

namespace kith::dnssec {
namespace {

using zone::Cursor;
using zone::NodeView;
using zone::OrderKey;
using zone::Zone;

// Names below a cut that are passed one by one before the rest is jumped over: most cuts have glue for
// two or three servers.
constexpr int steps_before_jump = 8;

bool has_data_below(const Zone& zone, NodeView node) {
    const OrderKey key(node.relative_owner());
    Cursor at = zone.lower_bound(node.owner(zone.apex()));
    for (at.next(); at && OrderKey(at.node().relative_owner()).starts_with(key); at.next()) {
        if (has_data(at.node())) return true;
    }
    return false;
}

bool is_in_chain(NodeView node) { return !node.is_occluded() && has_data(node); }

/// The least name that is after `name` and everything below it, if there is one of its length: the same
/// with a zero byte at the end of its first label (RFC 4034 §6.1).
bool sibling_after(dns::NameView name, dns::Name& out) {
    std::array<std::uint8_t, dns::label_bytes_max> label;
    const Bytes first = name.first_label();
    if (first.size() == label.size()) return false;
    std::memcpy(label.data(), first.data(), first.size());
    label[first.size()] = 0;
    dns::NameBuilder builder;
    if (!builder.append(Bytes(label).first(first.size() + 1)) || !builder.append(name.parent())) {
        return false;
    }
    out = builder.finish();
    return true;
}

}  // namespace

bool has_data(NodeView node) {
    for (const zone::RrSetView rrset : node.rrsets()) {
        if (!is_made_by_signing(rrset.type())) return true;
    }
    return false;
}

Standing standing_of(const Zone& zone, NodeView node) {
    if (!node || node.is_occluded()) return Standing::absent;
    if (node.is_cut()) {
        return node.find(RrType::DS) ? Standing::secure_delegation : Standing::insecure_delegation;
    }
    if (has_data(node)) return Standing::authoritative;
    return has_data_below(zone, node) ? Standing::empty : Standing::absent;
}

std::uint32_t denial_ttl(const Zone& zone) {
    const zone::RrSetView soa = zone.apex_node().find(RrType::SOA);
    const Bytes rdata = soa.rdata(0);
    return std::min(soa.ttl(), load_u32(rdata.data() + rdata.size() - 4));
}

Cursor after_subtree(const Zone& zone, NodeView node) {
    const dns::Name owner = node.owner(zone.apex());
    const OrderKey key(node.relative_owner());
    Cursor at = zone.lower_bound(owner);
    for (int step = 0; at && OrderKey(at.node().relative_owner()).starts_with(key); ++step) {
        dns::Name after;
        if (step == steps_before_jump && !node.relative_owner().empty() &&
            sibling_after(owner, after)) {
            return zone.lower_bound(after);
        }
        at.next();
    }
    return at;
}

NodeView next_with_nsec(const Zone& zone, NodeView node) {
    const bool hides = node.is_cut() || node.has_dname();
    Cursor at = hides ? after_subtree(zone, node) : zone.lower_bound(node.owner(zone.apex()));
    if (!hides) at.next();
    // What is passed here are empty non-terminals and leftovers of signing: names below a cut stand
    // behind it, and were passed with it.
    while (at && !is_in_chain(at.node())) at.next();
    return at ? at.node() : zone.apex_node();
}

NodeView previous_with_nsec(const Zone& zone, dns::NameView name, dns::NameView end) {
    Cursor at = zone.lower_bound(name);
    while (at.previous()) {
        const NodeView node = at.node();
        const dns::Name owner = node.owner(zone.apex());
        if (owner.view() <= end) return {};
        if (node.is_occluded()) {
            // Straight to the highest cut or DNAME above: it has data and nothing hides it.
            const zone::Lookup found = zone.find(dns::LookupName(owner));
            return found.cut ? found.cut : found.dname;
        }
        if (is_in_chain(node)) return node;
    }
    return {};
}

}  // namespace kith::dnssec
