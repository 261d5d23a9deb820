#pragma once
// RRSIG records: making one, reading one, and the checks of RFC 4035 §5.3.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "crypto/key.hpp"
#include "dnssec/canonical.hpp"
#include "dnssec/zone_key.hpp"

namespace kith::dnssec {

/// RDATA of RRSIG (RFC 4034 §3.1), read in place.
struct Rrsig {
    RrType covered{};
    std::uint8_t algorithm = 0;
    std::uint8_t labels = 0;
    std::uint32_t original_ttl = 0;
    std::uint32_t expiration = 0;  // seconds since 1970 modulo 2^32
    std::uint32_t inception = 0;
    std::uint16_t key_tag = 0;
    NameView signer;
    Bytes signature;
    Bytes head;  // the RDATA without the signature

    static std::optional<Rrsig> read(Bytes rdata);
};

/// The moment nearest to `now` that these 32 bits mean (RFC 4034 §3.1.5, RFC 1982).
UnixTime signature_time(std::uint32_t seconds, UnixTime now);
/// RRSIG's Labels field for an owner: without the root, and without a "*" in front (RFC 4034 §3.1.3).
std::uint8_t signed_labels(NameView owner);

struct SignatureTimes {
    UnixTime inception;
    UnixTime expiration;
};

/// An RRset about to be signed or checked: owner in any case, with its current TTL.
struct SignedSet {
    NameView owner;
    RrType type{};
    RrClass klass = RrClass::IN;
    std::uint32_t ttl = 0;
};

/// Signs with one key of one zone; keeps what can be kept from one signature to the next. Not
/// thread-safe; make one per thread and key.
class RrsetSigner {
public:
    /// Requires a key with its private half.
    RrsetSigner(const ZoneKey& key, NameView zone);

    const ZoneKey& key() const { return key_; }
    /// RDATA of the RRSIG over `canonical`, the canonical form of the RRset with its TTL.
    crypto::Key<Bytes> sign(const SignedSet& set, Bytes canonical,
                            const SignatureTimes& times) KITH_LIFETIMEBOUND;

private:
    ZoneKey key_;
    Name zone_;
    crypto::Signer signer_;
    std::vector<std::uint8_t> rdata_;
};

/// Why a signature does not prove its RRset.
enum class SignatureFault : std::uint8_t {
    malformed,          // the RDATA is no RRSIG
    wrong_type,         // covers another type
    wrong_signer,       // the signer is not the zone
    owner_not_in_zone,  // the owner is not under the signer
    labels,             // more labels than the owner has
    key_mismatch,       // algorithm or key tag are not the key's
    not_zone_key,       // the DNSKEY lacks the zone flag, is revoked, or its protocol is not 3
    unsupported,        // an algorithm that is not understood, or a key that cannot be one
    not_yet_valid,
    expired,
    times_reversed,  // expires before it begins
    bad_signature,
};
std::string_view fault_text(SignatureFault fault);

/// A DNSKEY made ready to check signatures. Not thread-safe.
class RrsetVerifier {
public:
    /// nullopt when the key's algorithm is not understood or the key cannot be one of it.
    static std::optional<RrsetVerifier> from_dnskey(Bytes dnskey_rdata, NameView zone);

    std::uint16_t tag() const { return tag_; }
    std::uint8_t algorithm() const { return algorithm_; }
    /// All checks of RFC 4035 §5.3.1, then the signature. An RRset that was made from a wildcard has
    /// more labels than the signature: then it is good, and the caller needs the proof of §5.3.4.
    Result<void, SignatureFault> verify(const SignedSet& set, std::span<const Bytes> rdatas,
                                        const Rrsig& rrsig, UnixTime now);
    /// The checks alone.
    Result<void, SignatureFault> check(const SignedSet& set, const Rrsig& rrsig,
                                       UnixTime now) const;

private:
    RrsetVerifier(Bytes dnskey_rdata, NameView zone, const crypto::PublicKey& key);
    Name zone_;
    std::uint16_t tag_;
    std::uint16_t flags_;
    std::uint8_t protocol_;
    std::uint8_t algorithm_;
    crypto::Verifier verifier_;
    Canonicalizer canonicalizer_;
};

}  // namespace kith::dnssec
