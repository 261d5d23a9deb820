#include "update/place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "zone/node_block.hpp"

namespace kith::update {
namespace {

/// As the zone will be.
bool has(const Scratch& scratch, NameView owner, RrType type) {
    if (const auto at = scratch.names().find(Name(owner)); at != scratch.names().end())
        return at->second.has(type);
    const zone::NodeView node = scratch.zone().find_node(owner);
    return node && node.find(type);
}

std::optional<Name> dname_above(const Scratch& scratch, const Name& owner) {
    const NameView apex = scratch.zone().apex();
    for (NameView above = owner.view(); above != apex;) {
        above = above.parent();
        if (has(scratch, above, RrType::DNAME)) return Name(above);
    }
    return std::nullopt;
}

/// NSEC3 and their signatures stand below a DNAME of the apex: they are no names of the zone.
bool is_proof(RrType type) { return type == RrType::NSEC3 || type == RrType::RRSIG; }

/// Why new records of `type` cannot stand at `owner`; empty: they can.
std::string_view misplaced(const Scratch& scratch, const Name& owner, RrType type) {
    const bool at_apex = owner.view() == scratch.zone().apex();
    if (type == RrType::NS && owner.is_wildcard() && !at_apex)
        return "NS at a wildcard has no defined meaning (RFC 4592), and other servers refuse a zone with it";
    if (type != RrType::DS) return {};
    if (at_apex) return "DS records of a zone belong in its parent (RFC 4035)";
    if (!has(scratch, owner, RrType::NS))
        return "expected NS records at the name, found none: DS belongs to a delegation (RFC 4035)";
    return {};
}

Refusal refuse(const Name& owner, RrType type, std::string_view why) {
    return {Rcode::REFUSED, fmt::format("{} {}: {}", owner.to_text(), dns::type_name(type), why),
            dns::EdeCode::unable_to_conform_to_policy};
}

}  // namespace

Refusal check_places(const Scratch& scratch) {
    for (const auto& [owner, name] : scratch.names()) {
        const Item* added = nullptr;  // what may not be below a DNAME
        for (const Item& item : name.now) {
            if (item.origin >= 0) continue;
            if (const std::string_view why = misplaced(scratch, owner, item.type); !why.empty())
                return refuse(owner, item.type, why);
            if (!is_proof(item.type)) added = &item;
        }
        if (added == nullptr) continue;
        if (const auto dname = dname_above(scratch, owner)) {
            return refuse(
                owner, added->type,
                fmt::format("nothing can be below the DNAME of {} (RFC 6672)", dname->to_text()));
        }
    }
    return {};
}

}  // namespace kith::update
