#pragma once
// Signing a whole zone with keys and options as people give them. Below Zone::sign() of zones.hpp and
// below `kith zone sign`.

#include <vector>

#include "base/time.hpp"
#include "client/zones.hpp"
#include "dnssec/signing_policy.hpp"
#include "files/key_files.hpp"
#include "zone/zone.hpp"

namespace kith::client {

/// The error names an option and says what was expected of it.
Expected<dnssec::SigningPolicy> read_policy(const SignOptions& options);

struct SignedZone {
    zone::ZonePtr zone;
    std::chrono::duration<double> took{};  // the signing alone
};
/// All keys are of the zone. Options besides those of the policy: serial, dnskey_ttl, now.
Expected<SignedZone> sign_zone(zone::ZonePtr zone, const std::vector<files::StoredKey>& keys,
                               const SignOptions& options);

}  // namespace kith::client
