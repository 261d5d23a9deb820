#pragma once
// What a name of a zone is to its signer (RFC 4035 §2.2, §2.3; RFC 5155 §7.1). Shared by signing and
// checking.

#include <vector>

#include "dns/rr_type.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

using dns::RrType;

enum class Standing : std::uint8_t {
    absent,               // not a name of the zone: not there, or below a cut or a DNAME
    empty,                // an empty non-terminal
    insecure_delegation,  // NS without DS: nothing of it is signed
    secure_delegation,    // NS and DS: the DS is signed
    authoritative,
};

/// Records that signing makes, and that say nothing about which names there are.
constexpr bool is_made_by_signing(RrType type) {
    return type == RrType::RRSIG || type == RrType::NSEC || type == RrType::NSEC3;
}
bool has_data(zone::NodeView node);

/// Of a node of `zone`; of none, absent. Nodes that hold nothing but old signatures and denials are not
/// there. Costs a walk over the names below when the node has no data.
Standing standing_of(const zone::Zone& zone, zone::NodeView node);

/// Whether an RRset of data of this type is authoritative, and so signed, at a name of this standing.
constexpr bool is_signed_here(Standing standing, RrType type) {
    if (is_made_by_signing(type)) return false;
    switch (standing) {
        case Standing::absent:
        case Standing::empty:
        case Standing::insecure_delegation: return false;
        case Standing::secure_delegation: return type == RrType::DS;
        case Standing::authoritative: return true;
    }
    return false;
}
/// Names that have an NSEC: all that are neither absent nor empty.
constexpr bool has_nsec(Standing standing) {
    return standing != Standing::absent && standing != Standing::empty;
}

/// Whether a bitmap of a name of this standing shows a type that is there (RFC 4035 §2.3): of a cut,
/// what the parent is the authority for, and NS.
constexpr bool is_shown_here(Standing standing, RrType type) {
    if (is_made_by_signing(type)) return false;
    return standing == Standing::authoritative || type == RrType::NS || type == RrType::DS;
}

/// TTL of NSEC and NSEC3 (RFC 9077 §3.1): the lesser of the SOA's minimum and its TTL.
std::uint32_t denial_ttl(const zone::Zone& zone);

/// The cursor at the first node after `node` and all names below it.
zone::Cursor after_subtree(const zone::Zone& zone, zone::NodeView node);

/// The nearest name that has an NSEC, after `node`, which has one itself; the apex after the last.
zone::NodeView next_with_nsec(const zone::Zone& zone, zone::NodeView node);
/// And before `name`; none when there is none after `end`, and none before the apex.
zone::NodeView previous_with_nsec(const zone::Zone& zone, dns::NameView name, dns::NameView end);

}  // namespace kith::dnssec
