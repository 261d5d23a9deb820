#pragma once
// The digest of a zone (RFC 8976), scheme SIMPLE.

#include <cstdint>
#include <optional>
#include <vector>

#include "dnssec/signing_policy.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

/// RDATA of the ZONEMD of `zone` as it is: its serial and all its records but ZONEMD at the apex and
/// the RRSIG over it (RFC 8976 §3.3.1). `hash` is not none. About 1 us per record.
std::vector<std::uint8_t> make_zonemd(const zone::Zone& zone, ZonemdHash hash);

enum class ZonemdVerdict : std::uint8_t {
    absent,  // no ZONEMD
    good,
    bad_digest,
    bad_serial,   // ZONEMD of another serial
    unsupported,  // only schemes or hash algorithms that are not understood
    duplicate,    // two of the same scheme and hash algorithm (RFC 8976 §4 step 4.C)
};
/// RFC 8976 §4. Says nothing of DNSSEC: whether the ZONEMD itself is signed is another question.
ZonemdVerdict check_zonemd(const zone::Zone& zone);
std::string_view verdict_text(ZonemdVerdict verdict);

}  // namespace kith::dnssec
