#pragma once
// CSYNC (RFC 7477): what tells the parent that NS and glue of its delegation are to be those of the zone.
// Private to this module.

#include <optional>
#include <vector>

#include "dnssec/signing_policy.hpp"
#include "zone/change.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

/// Of a CSYNC whose zone did not change in what it stands for, the serial stays.
enum class CsyncSerial : std::uint8_t { stays, is_new };

/// RDATA of the CSYNC at the apex of `zone`: with NS, and A and AAAA when a server's name is in the zone;
/// soaminimum is always set. nullopt: the rule wants none, or there are no NS (RFC 7477 §3.2.1).
std::optional<std::vector<std::uint8_t>> make_csync(const zone::Zone& zone, CsyncRule rule,
                                                    CsyncSerial serial);
/// Whether `change`, which led to `after`, touched the NS records of the apex or addresses of their names.
bool touches_delegation(const zone::Zone& after, const zone::ZoneChange& change);

}  // namespace kith::dnssec
