#pragma once
// Keys of a zone: DNSKEY records, their tags and digests, and the private halves that sign.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "crypto/key.hpp"
#include "dns/key_tag.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "dnssec/limits.hpp"

namespace kith::dnssec {

using dns::key_tag;
using dns::Name;
using dns::NameView;

enum DnskeyFlag : std::uint16_t {
    dnskey_zone = 0x0100,    // RFC 4034 §2.1.1
    dnskey_revoke = 0x0080,  // RFC 5011 §2.1
    dnskey_sep = 0x0001,     // RFC 4034 §2.1.1: a key that a parent or a trust anchor points to
};
inline constexpr std::uint8_t dnskey_protocol = 3;  // RFC 4034 §2.1.2
inline constexpr std::uint16_t ksk_flags = dnskey_zone | dnskey_sep;
inline constexpr std::uint16_t zsk_flags = dnskey_zone;

/// RDATA of DNSKEY, CDNSKEY and KEY, read in place.
struct Dnskey {
    std::uint16_t flags = 0;
    std::uint8_t protocol = 0;
    std::uint8_t algorithm = 0;
    Bytes key;

    /// nullopt when there are fewer than 4 bytes.
    static std::optional<Dnskey> read(Bytes rdata);
};

/// RDATA of a DNSKEY with this key.
std::vector<std::uint8_t> make_dnskey(std::uint16_t flags, const crypto::PublicKey& key);

/// Digest types of DS (RFC 4034 §5.1.3, RFC 4509, RFC 6605 §2).
enum class DsDigest : std::uint8_t { sha1 = 1, sha256 = 2, sha384 = 4 };
/// RDATA of the DS, or CDS, that stands for a DNSKEY of `owner` (RFC 4034 §5.1.4).
std::vector<std::uint8_t> make_ds(NameView owner, Bytes dnskey_rdata, DsDigest digest);
/// Whether this DS, of a digest type above, stands for the DNSKEY.
bool matches_ds(NameView owner, Bytes dnskey_rdata, Bytes ds_rdata);

/// A DNSKEY of the zone and, if it is here, its private half. A cheap handle, as those of crypto.
class ZoneKey {
public:
    /// Published but not able to sign: another signer's (RFC 8901), or one kept offline. nullopt
    /// when the RDATA is too short. Its algorithm may be one that is not understood.
    static std::optional<ZoneKey> from_dnskey(Bytes dnskey_rdata);
    /// `flags`: ksk_flags or zsk_flags.
    ZoneKey(std::uint16_t flags, crypto::PrivateKey key);

    Bytes rdata() const { return rdata_; }
    std::uint16_t tag() const { return tag_; }
    std::uint16_t flags() const { return load_u16(rdata_.data()); }
    std::uint8_t algorithm() const { return rdata_[3]; }
    bool is_sep() const { return (flags() & dnskey_sep) != 0; }
    const std::optional<crypto::PrivateKey>& private_key() const { return private_key_; }

    friend bool operator==(const ZoneKey& a, const ZoneKey& b) { return a.rdata_ == b.rdata_; }

private:
    explicit ZoneKey(Bytes rdata);
    std::vector<std::uint8_t> rdata_;
    std::uint16_t tag_ = 0;
    std::optional<crypto::PrivateKey> private_key_;
};

/// What a key does now; key_policy.hpp decides it over time.
struct KeyUse {
    bool publish = true;     // its DNSKEY stands in the zone
    bool sign_keys = false;  // it signs the DNSKEY, CDS and CDNSKEY RRsets
    bool sign_zone = false;  // it signs all others
    bool announce = false;   // CDS and CDNSKEY ask the parent for its DS (RFC 7344)
};

struct UsedKey {
    ZoneKey key;
    KeyUse use;
};

/// All keys of a zone, at most keys_max.
struct KeySet {
    std::vector<UsedKey> keys;
    /// RDATA of RRSIGs over DNSKEY, CDS and CDNSKEY made where the key signing key is, when it is
    /// not here. Published as they are, as long as they have not expired.
    std::vector<std::vector<std::uint8_t>> imported_signatures;
    /// Ask the parent to remove all DS (RFC 8078 §4); `announce` is then ignored.
    bool announce_removal = false;
};

/// RDATA of the records at the apex that follow from what the keys do: `type` is DNSKEY (of those that are
/// published), CDS (one a digest) or CDNSKEY (of those that are announced, RFC 7344 §4; without digests none).
std::vector<std::vector<std::uint8_t>> key_records(NameView apex, const KeySet& keys,
                                                   dns::RrType type,
                                                   std::span<const DsDigest> digests);

/// The uses that follow from the keys alone: all are published; of each algorithm those with SEP sign
/// the keys and are announced, those without sign the zone; where one kind is missing, the other does
/// the work of both. Keys without a private half sign nothing.
KeySet use_by_flags(std::vector<ZoneKey> keys);

}  // namespace kith::dnssec
