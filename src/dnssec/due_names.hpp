#pragma once
// The look of a ZoneSigner over a zone that is served, for what is not as signing would make it now.
// Private to this module.

#include "dnssec/signing_pass.hpp"

namespace kith::dnssec {

/// ZoneSigner::find_due().
DueNames find_due(const SignerState& state, const zone::Zone& zone, NameView from, UnixTime now,
                  const DueLimits& limits);
/// Whether the RRsets of these types at the apex are as signing makes them; of ZONEMD, whether there is one.
bool shows_made_sets(const SignerState& state, const zone::Zone& zone, bool (*which)(RrType type));

}  // namespace kith::dnssec
