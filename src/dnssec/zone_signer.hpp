#pragma once
// Signs zones (RFC 4035 §2): DNSKEY, CDS and CDNSKEY, NSEC or NSEC3 with NSEC3PARAM, ZONEMD, and an
// RRSIG of every signing key of the role over every authoritative RRset.
//
// Whole, or only what a change touches; the two give the same records but for times and signature
// bytes. What comes out is a ZoneChange from the zone given to the signed one. Its serial stays what it
// is: give a zone that already has the serial it will be published with, because the SOA is signed.
//
//   feed:   change with the next serial -> apply_change() -> resign() -> apply_change()
//   timer:  find_due() -> owners; a change with the next serial and nothing else -> as above
//
// Of DNSKEY, CDS, CDNSKEY, NSEC3PARAM, ZONEMD, RRSIG, NSEC, NSEC3 and (unless the policy keeps it) CSYNC
// the signer owns all there is in the zone: what does not follow from keys and policy is removed.

#include <functional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/rng.hpp"
#include "base/time.hpp"
#include "dnssec/rrsig.hpp"
#include "dnssec/signing_policy.hpp"
#include "zone/change.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

enum class SignFault : std::uint8_t {
    no_signing_key,  // no key signs the zone, or none the keys and no imported signature does
    no_private_key,  // a key that is to sign lacks its private half
    algorithm_gap,   // an algorithm of a published DNSKEY has keys that sign, but not everything
    too_many_keys,   // over keys_max
    iterations,      // NSEC3 iterations over nsec3_iterations_signed_max
    salt,            // over nsec3_salt_bytes_max
    name_too_long,   // the apex leaves no room for the owners of NSEC3
    hash_collision,  // two names have the same NSEC3 hash: choose another salt (RFC 5155 §7.1)
    times,           // refresh + jitter is not below validity
    library,         // the library failed to sign: no memory, or no randomness
};
struct SignError {
    SignFault fault{};
    Name owner;
    RrType type{};
};
std::string_view fault_text(SignFault fault);

/// Which names have signatures to renew.
struct DueNames {
    std::vector<Name> owners;
    Name next;                  // where to go on
    bool at_end = false;        // all of the zone has been looked at; `next` is the apex
    std::uint32_t ttl_max = 0;  // of the names looked at
    UnixTime first_due =
        0;  // earliest moment another signature of the names looked at is due; 0: none
};
/// How much one call of find_due() may do: a tenth of a second or so at most.
struct DueLimits {
    std::size_t nodes = 50000;
    std::size_t owners = 1000;
};

/// Whether a zone is signed as a policy wants; not by what.
class ZoneSigner {
public:
    /// Fails when keys or policy cannot sign a zone of this name. Imports all keys: keep it.
    static Result<ZoneSigner, SignError> make(NameView apex, KeySet keys, SigningPolicy policy);
    ~ZoneSigner();
    ZoneSigner(ZoneSigner&&) noexcept;
    ZoneSigner& operator=(ZoneSigner&&) noexcept;

    const KeySet& keys() const;
    const SigningPolicy& policy() const;

    /// Signs all of `zone`, anew.
    Result<zone::ZoneChange, SignError> sign(const zone::Zone& zone, UnixTime now, Rng& rng);
    /// The same as a whole zone of its own, in half the memory: for zones just loaded.
    Result<zone::ZonePtr, SignError> signed_zone(const zone::Zone& zone, UnixTime now, Rng& rng);
    /// Signs what `change` touched and what is due at `also`; `after` is what the change led to, with
    /// the signatures it had before. Also brings the apex in line with the keys. Cost: per changed
    /// name two signatures and its neighbors in the chain; names under an added or removed cut. Another
    /// TTL of denial (SOA) costs no more: the rest of the chain keeps the one it has, and is due.
    /// Requires that the zone was signed with the same denial; if it was not, all of it is signed.
    Result<zone::ZoneChange, SignError> resign(const zone::Zone& after,
                                               const zone::ZoneChange& change,
                                               std::span<const Name> also, UnixTime now, Rng& rng);
    /// Looks on from `from` for signatures that expire within the policy's refresh time, or are
    /// missing, or are not by the keys that sign now and them alone, for NSEC and NSEC3 that do not have
    /// the TTL they are to have, and for RRsets at the apex that are not as keys and policy have them.
    DueNames find_due(const zone::Zone& zone, NameView from, UnixTime now,
                      const DueLimits& limits = {}) const;

    /// Whether DNSKEY, CDS and CDNSKEY are exactly what the keys ask for.
    bool shows_keys(const zone::Zone& zone) const;

private:
    class Work;
    explicit ZoneSigner(std::unique_ptr<Work> work);
    std::unique_ptr<Work> work_;
};

/// What makes a signed zone an unsigned one: all that a signer owns goes.
zone::ZoneChange unsigned_change(const zone::Zone& zone);

/// As ZoneSigner::sign() and resign(), for one call.
Result<zone::ZoneChange, SignError> sign_zone(const zone::Zone& zone, const KeySet& keys,
                                              const SigningPolicy& policy, UnixTime now, Rng& rng);
Result<zone::ZoneChange, SignError> resign(const zone::Zone& after, const zone::ZoneChange& change,
                                           const KeySet& keys, const SigningPolicy& policy,
                                           UnixTime now, Rng& rng);

}  // namespace kith::dnssec
