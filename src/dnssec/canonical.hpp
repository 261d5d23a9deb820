#pragma once
// The canonical form of RRsets (RFC 4034 §6, RFC 6840 §5.1): what is signed, and what is digested.
//
// Owners and the names in the RDATA of certain types in lower case (dns::canonicalize_rdata()), the
// TTL that of the RRSIG, records in ascending order of their RDATA, no record twice.

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "dns/name.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"
#include "zone/node.hpp"

namespace kith::dnssec {

using dns::Name;
using dns::NameView;
using dns::RrClass;
using dns::RrType;

/// What stands in front of each record's RDATA.
struct CanonicalHead {
    NameView owner;  // in lower case
    RrType type{};
    RrClass klass = RrClass::IN;
    std::uint32_t ttl = 0;
};

/// Turns RRsets into canonical form; keeps its memory from one to the next. Not thread-safe.
class Canonicalizer {
public:
    /// The RRset's wire form; good until the next call.
    Bytes rrset(const CanonicalHead& head, const zone::RrSetView& rrset) KITH_LIFETIMEBOUND;
    /// The same for RDATA from elsewhere, in any order and case.
    Bytes rrset(const CanonicalHead& head, std::span<const Bytes> rdatas) KITH_LIFETIMEBOUND;

private:
    void add(RrType type, Bytes rdata);
    Bytes write(const CanonicalHead& head);

    struct Place {
        std::uint32_t at;
        std::uint32_t size;
    };
    std::vector<std::uint8_t> rdata_;
    std::vector<Place> order_;
    std::vector<std::uint8_t> out_;
};

}  // namespace kith::dnssec
