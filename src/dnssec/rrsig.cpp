#include "dnssec/rrsig.hpp"

#include <array>

namespace kith::dnssec {
namespace {

constexpr std::size_t rrsig_fixed_bytes = 18;

}  // namespace

std::optional<Rrsig> Rrsig::read(Bytes rdata) {
    if (rdata.size() < rrsig_fixed_bytes + 1) return std::nullopt;
    const auto signer = NameView::from_wire(rdata.subspan(rrsig_fixed_bytes));
    if (!signer) return std::nullopt;
    Rrsig out;
    out.covered = static_cast<RrType>(load_u16(rdata.data()));
    out.algorithm = rdata[2];
    out.labels = rdata[3];
    out.original_ttl = load_u32(rdata.data() + 4);
    out.expiration = load_u32(rdata.data() + 8);
    out.inception = load_u32(rdata.data() + 12);
    out.key_tag = load_u16(rdata.data() + 16);
    out.signer = *signer;
    out.head = rdata.first(rrsig_fixed_bytes + signer->size());
    out.signature = rdata.subspan(out.head.size());
    return out;
}

UnixTime signature_time(std::uint32_t seconds, UnixTime now) {
    const std::uint32_t ahead = seconds - static_cast<std::uint32_t>(now);
    return now + static_cast<std::int32_t>(ahead);
}

std::uint8_t signed_labels(NameView owner) {
    return static_cast<std::uint8_t>(owner.label_count() - (owner.is_wildcard() ? 2 : 1));
}

RrsetSigner::RrsetSigner(const ZoneKey& key, NameView zone)
    : key_(key), zone_(Name(zone).lowered()), signer_(*key.private_key()) {
    rdata_.resize(rrsig_fixed_bytes + zone_.size() + signer_.signature_bytes());
}

crypto::Key<Bytes> RrsetSigner::sign(const SignedSet& set, Bytes canonical,
                                     const SignatureTimes& times) {
    std::uint8_t* const at = rdata_.data();
    store_u16(at, static_cast<std::uint16_t>(set.type));
    at[2] = key_.algorithm();
    at[3] = signed_labels(set.owner);
    store_u32(at + 4, set.ttl);
    store_u32(at + 8, static_cast<std::uint32_t>(times.expiration));
    store_u32(at + 12, static_cast<std::uint32_t>(times.inception));
    store_u16(at + 16, key_.tag());
    std::memcpy(at + rrsig_fixed_bytes, zone_.wire().data(), zone_.size());
    const std::size_t head_bytes = rrsig_fixed_bytes + zone_.size();
    const Bytes parts[] = {Bytes(rdata_).first(head_bytes), canonical};
    KITH_TRY(const Bytes signature, signer_.sign(parts, MutableBytes(rdata_).subspan(head_bytes)));
    return Bytes(rdata_).first(head_bytes + signature.size());
}

std::string_view fault_text(SignatureFault fault) {
    switch (fault) {
        case SignatureFault::malformed: return "it is not a well-formed RRSIG";
        case SignatureFault::wrong_type: return "it covers another type";
        case SignatureFault::wrong_signer: return "its signer is not the zone";
        case SignatureFault::owner_not_in_zone: return "its owner is not in the signer's zone";
        case SignatureFault::labels: return "its Labels field is larger than the owner has labels";
        case SignatureFault::key_mismatch: return "no DNSKEY has its algorithm and key tag";
        case SignatureFault::not_zone_key: return "its DNSKEY is not a zone key in use";
        case SignatureFault::unsupported: return "its algorithm or key is not understood";
        case SignatureFault::not_yet_valid: return "it is not valid yet";
        case SignatureFault::expired: return "it has expired";
        case SignatureFault::times_reversed: return "it expires before it begins";
        case SignatureFault::bad_signature: return "the signature does not match the records";
    }
    return "";
}

RrsetVerifier::RrsetVerifier(Bytes dnskey_rdata, NameView zone, const crypto::PublicKey& key)
    : zone_(Name(zone).lowered()),
      tag_(kith::dnssec::key_tag(dnskey_rdata)),
      flags_(load_u16(dnskey_rdata.data())),
      protocol_(dnskey_rdata[2]),
      algorithm_(dnskey_rdata[3]),
      verifier_(key) {}

std::optional<RrsetVerifier> RrsetVerifier::from_dnskey(Bytes dnskey_rdata, NameView zone) {
    const auto dnskey = Dnskey::read(dnskey_rdata);
    if (!dnskey) return std::nullopt;
    const auto key = crypto::PublicKey::from_wire(dnskey->algorithm, dnskey->key);
    if (!key) return std::nullopt;
    return RrsetVerifier(dnskey_rdata, zone, *key);
}

Result<void, SignatureFault> RrsetVerifier::check(const SignedSet& set, const Rrsig& rrsig,
                                                  UnixTime now) const {
    const auto fault = [](SignatureFault what) { return std::unexpected(what); };
    if (rrsig.signer != zone_.view()) return fault(SignatureFault::wrong_signer);
    if (!set.owner.is_under(zone_)) return fault(SignatureFault::owner_not_in_zone);
    if (rrsig.covered != set.type) return fault(SignatureFault::wrong_type);
    if (rrsig.labels > signed_labels(set.owner)) return fault(SignatureFault::labels);
    // A signature of fewer labels than the zone's own name would stand for names outside of it.
    if (rrsig.labels < zone_.label_count() - 1) return fault(SignatureFault::labels);
    if (rrsig.algorithm != algorithm_ || rrsig.key_tag != tag_) {
        return fault(SignatureFault::key_mismatch);
    }
    if ((flags_ & dnskey_zone) == 0 || (flags_ & dnskey_revoke) != 0 ||
        protocol_ != dnskey_protocol) {
        return fault(SignatureFault::not_zone_key);
    }
    const UnixTime inception = signature_time(rrsig.inception, now);
    const UnixTime expiration = signature_time(rrsig.expiration, now);
    if (expiration < inception) return fault(SignatureFault::times_reversed);
    if (now < inception) return fault(SignatureFault::not_yet_valid);
    if (now > expiration) return fault(SignatureFault::expired);
    return {};
}

Result<void, SignatureFault> RrsetVerifier::verify(const SignedSet& set,
                                                   std::span<const Bytes> rdatas,
                                                   const Rrsig& rrsig, UnixTime now) {
    KITH_TRY_VOID(check(set, rrsig, now));
    // RFC 4035 §5.3.2: an answer made from a wildcard is signed under the wildcard's name.
    Name owner = Name(set.owner).lowered();
    if (rrsig.labels < signed_labels(set.owner)) {
        dns::NameBuilder wildcard;
        wildcard.append(as_bytes("*"));
        wildcard.append(owner.view().suffix(rrsig.labels + 1));
        owner = wildcard.finish();
    }
    std::array<std::uint8_t, rrsig_fixed_bytes + dns::name_bytes_max> head;
    const Name signer = Name(rrsig.signer).lowered();
    std::memcpy(head.data(), rrsig.head.data(), rrsig_fixed_bytes);
    std::memcpy(head.data() + rrsig_fixed_bytes, signer.wire().data(), signer.size());
    const Bytes parts[] = {
        Bytes(head).first(rrsig_fixed_bytes + signer.size()),
        canonicalizer_.rrset({owner.view(), set.type, set.klass, rrsig.original_ttl}, rdatas)};
    if (verifier_.verify(parts, rrsig.signature) == crypto::Verdict::bad) {
        return std::unexpected(SignatureFault::bad_signature);
    }
    return {};
}

}  // namespace kith::dnssec
