#pragma once
// The keys of a ZoneSigner made ready, and when a signature by one of them is good enough to stay.

#include <span>
#include <vector>

#include "dnssec/zone_signer.hpp"

namespace kith::dnssec {

/// Types whose RRsets the key signing keys sign (RFC 7344 §4.1: CDS and CDNSKEY too).
constexpr bool is_key_type(RrType type) {
    return type == RrType::DNSKEY || type == RrType::CDS || type == RrType::CDNSKEY;
}

/// Whether `rrsig` covers this RRset by this key, as signing would make it, and not close to its end.
bool is_current(const Rrsig& rrsig, const SignedSet& set, const ZoneKey& key, NameView apex,
                UnixTime now, UnixTime refresh);

class SignerKeys {
public:
    static Result<SignerKeys, SignError> make(NameView apex, const KeySet& keys);

    std::span<RrsetSigner> signers(RrType type) {
        return is_key_type(type) ? std::span(key_signers_) : std::span(zone_signers_);
    }
    std::span<const RrsetSigner> signers(RrType type) const {
        return is_key_type(type) ? std::span(key_signers_) : std::span(zone_signers_);
    }
    /// Two keys with one tag: whose a signature is cannot be told from the outside.
    bool is_ambiguous(const ZoneKey& key) const;

private:
    std::vector<RrsetSigner> key_signers_;
    std::vector<RrsetSigner> zone_signers_;
};

}  // namespace kith::dnssec
