#include "dnssec/signer_keys.hpp"

#include <algorithm>

namespace kith::dnssec {
namespace {

bool signs(const UsedKey& used, std::uint8_t algorithm, bool KeyUse::*role) {
    return used.use.*role && used.key.algorithm() == algorithm;
}

/// RFC 4035 §2.2: every algorithm of the DNSKEY RRset signs every RRset.
bool has_gap(const KeySet& keys, std::uint8_t algorithm) {
    const auto any = [&](bool KeyUse::*role) {
        return std::ranges::any_of(
            keys.keys, [&](const UsedKey& used) { return signs(used, algorithm, role); });
    };
    const bool imported = std::ranges::any_of(keys.imported_signatures, [&](const auto& rdata) {
        const auto rrsig = Rrsig::read(rdata);
        return rrsig && rrsig->covered == RrType::DNSKEY && rrsig->algorithm == algorithm;
    });
    return !any(&KeyUse::sign_zone) || !(any(&KeyUse::sign_keys) || imported);
}

}  // namespace

bool is_current(const Rrsig& rrsig, const SignedSet& set, const ZoneKey& key, NameView apex,
                UnixTime now, UnixTime refresh) {
    return rrsig.covered == set.type && rrsig.algorithm == key.algorithm() &&
           rrsig.key_tag == key.tag() && rrsig.labels == signed_labels(set.owner) &&
           rrsig.original_ttl == set.ttl && rrsig.signer == apex &&
           signature_time(rrsig.inception, now) <= now &&
           signature_time(rrsig.expiration, now) - now > refresh;
}

Result<SignerKeys, SignError> SignerKeys::make(NameView apex, const KeySet& keys) {
    const auto fault = [&](SignFault what) {
        return std::unexpected(SignError{what, Name(apex), RrType::DNSKEY});
    };
    if (keys.keys.size() > keys_max) return fault(SignFault::too_many_keys);
    SignerKeys out;
    for (const UsedKey& used : keys.keys) {
        if (!used.use.sign_keys && !used.use.sign_zone) continue;
        if (!used.key.private_key()) return fault(SignFault::no_private_key);
        if (used.use.sign_keys) out.key_signers_.emplace_back(used.key, apex);
        if (used.use.sign_zone) out.zone_signers_.emplace_back(used.key, apex);
    }
    if (out.zone_signers_.empty()) return fault(SignFault::no_signing_key);
    // Before the first DNSKEY is published (RFC 6781 §4.1.4) there are none to sign.
    const bool has_keys =
        std::ranges::any_of(keys.keys, [](const UsedKey& used) { return used.use.publish; });
    if (has_keys && out.key_signers_.empty() && keys.imported_signatures.empty()) {
        return fault(SignFault::no_signing_key);
    }
    for (const UsedKey& used : keys.keys) {
        if (used.use.publish && has_gap(keys, used.key.algorithm())) {
            return fault(SignFault::algorithm_gap);
        }
    }
    return out;
}

bool SignerKeys::is_ambiguous(const ZoneKey& key) const {
    const auto is_other = [&](const RrsetSigner& signer) {
        return signer.key().tag() == key.tag() && signer.key().algorithm() == key.algorithm() &&
               !(signer.key() == key);
    };
    return std::ranges::any_of(key_signers_, is_other) ||
           std::ranges::any_of(zone_signers_, is_other);
}

}  // namespace kith::dnssec
