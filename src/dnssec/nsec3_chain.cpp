#include "dnssec/nsec3_chain.hpp"

#include <algorithm>

namespace kith::dnssec {

using zone::NodeView;
using zone::RrSetView;
using zone::RrType;

NodeView Nsec3Chain::find(const Nsec3Hash& hash) const {
    const NodeView node = zone_.find_node(nsec3_owner(hash, zone_.apex()));
    return node && node.find(RrType::NSEC3) ? node : NodeView();
}

/// The hash of this node with NSEC3, or of the nearest before it whose owner is a hash.
std::optional<Nsec3Hash> Nsec3Chain::hash_of(NodeView node) const {
    for (; node; node = zone_.nsec3_before(node.relative_owner())) {
        const auto hash = nsec3_hash_of(node.owner(zone_.apex()), zone_.apex());
        if (hash) return hash;
    }
    return std::nullopt;
}

std::optional<Nsec3Hash> Nsec3Chain::before(const Nsec3Hash& hash) const {
    const Nsec3Label label = nsec3_label(hash);
    std::array<std::uint8_t, 1 + std::tuple_size_v<Nsec3Label>> owner;
    owner[0] = static_cast<std::uint8_t>(label.size());
    std::ranges::copy(label, owner.begin() + 1);
    return hash_of(zone_.nsec3_before(owner));
}

/// What the record at this hash says comes next.
std::optional<Nsec3Hash> Nsec3Chain::next_in(const Nsec3Hash& hash) const {
    const NodeView node = find(hash);
    const RrSetView nsec3 = node ? node.find(RrType::NSEC3) : RrSetView();
    const auto head = nsec3 ? Nsec3Head::read(nsec3.rdata(0)) : std::nullopt;
    Nsec3Hash next;
    if (!head || head->rest.size() < 1 + next.size() || head->rest[0] != next.size())
        return std::nullopt;
    std::ranges::copy(head->rest.subspan(1, next.size()), next.begin());
    return next;
}

std::optional<Nsec3Hash> Nsec3Chain::after(const Nsec3Hash& hash) const {
    const auto end = last();
    if (!end || *end <= hash) return std::nullopt;
    const auto here = find(hash) ? std::optional(hash) : before(hash);
    // Believed only when nothing stands in between.
    const auto next = next_in(here.value_or(*end));
    return next && find(*next) && *next > hash && before(*next) == here ? next : walk_after(hash);
}

std::optional<Nsec3Hash> Nsec3Chain::walk_after(const Nsec3Hash& hash) const {
    for (zone::Cursor at = zone_.lower_bound(nsec3_owner(hash, zone_.apex())); at; at.next()) {
        if (!at.node().find(RrType::NSEC3)) continue;
        const auto found = nsec3_hash_of(at.node().owner(zone_.apex()), zone_.apex());
        if (found && *found > hash) return found;
    }
    return std::nullopt;
}

}  // namespace kith::dnssec
