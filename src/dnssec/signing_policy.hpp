#pragma once
// How a zone is to be signed.

#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "dnssec/nsec3.hpp"
#include "dnssec/zone_key.hpp"

namespace kith::dnssec {

enum class Denial : std::uint8_t { nsec, nsec3 };
/// Hash algorithms of ZONEMD (RFC 8976 §5.3); scheme is SIMPLE.
enum class ZonemdHash : std::uint8_t { none = 0, sha384 = 1, sha512 = 2 };

/// What becomes of the CSYNC record at the apex (RFC 7477).
enum class CsyncRule : std::uint8_t {
    keep,       // there is what others wrote, or none
    none,       // there is none
    approval,   // made here; the parent acts when somebody there says so
    immediate,  // made here; the parent may act at once
};

struct SigningPolicy {
    // A signature is good for `validity` less up to `jitter`, and renewed when less than `refresh` is
    // left. Two weeks and five days leave a week to notice that renewing has stopped; jitter spreads
    // the renewals of a zone signed in one go. Seconds. Requires refresh + jitter < validity.
    UnixTime validity = 14 * 86400;
    UnixTime refresh = 5 * 86400;
    UnixTime jitter = 86400;
    // Signatures begin in the past, for validators whose clocks are behind.
    UnixTime inception_skew = 3600;

    Denial denial = Denial::nsec;
    Nsec3Parameters nsec3;
    OptOut opt_out = OptOut::no;

    std::uint32_t dnskey_ttl = 3600;
    /// Digests of CDS; CDNSKEY is published beside them. None: neither is.
    std::vector<DsDigest> cds_digests = {DsDigest::sha256};
    ZonemdHash zonemd = ZonemdHash::none;
    CsyncRule csync = CsyncRule::keep;
};

}  // namespace kith::dnssec
