#pragma once
// Checks a signed zone as a whole: every authoritative RRset is signed by every algorithm of the
// DNSKEY RRset, every signature is good, the NSEC or NSEC3 chain is closed and complete, every bitmap
// says what is there, nothing is signed that should not be, and ZONEMD is right.

#include <string>
#include <vector>

#include "base/time.hpp"
#include "dnssec/zone_key.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

struct ZoneFlaw {
    Name owner;
    dns::RrType type{};
    std::string text;  // what was expected, what was found
};

struct VerifyOptions {
    /// RDATA of DS records as the parent has them; none: any DNSKEY with SEP that signs the keys, or
    /// any that does when no key has SEP.
    std::vector<std::vector<std::uint8_t>> ds;
    /// Each signature is good for at least this many seconds more.
    UnixTime valid_for = 0;
};

struct ZoneReport {
    std::vector<ZoneFlaw> flaws;  // in canonical order of owners; at most flaws_max
    std::size_t flaws_left_out = 0;
    std::size_t rrsets = 0;         // that are to be signed
    std::size_t signatures = 0;     // that were checked
    UnixTime first_expiration = 0;  // of all signatures; 0: there is none
    bool is_good() const { return flaws.empty(); }
};

/// Work: one verification per signature, and one hash per name and chain.
ZoneReport verify_zone(const zone::Zone& zone, UnixTime now, const VerifyOptions& options = {});

}  // namespace kith::dnssec
