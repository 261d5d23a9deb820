#include "dnssec/zone_key.hpp"

#include <algorithm>

#include "crypto/digest.hpp"

namespace kith::dnssec {
namespace {

constexpr std::size_t dnskey_head_bytes = 4;
constexpr std::size_t ds_head_bytes = 4;

std::optional<crypto::DigestKind> digest_kind(std::uint8_t type) {
    switch (static_cast<DsDigest>(type)) {
        case DsDigest::sha1: return crypto::DigestKind::sha1;
        case DsDigest::sha256: return crypto::DigestKind::sha256;
        case DsDigest::sha384: return crypto::DigestKind::sha384;
    }
    return std::nullopt;
}

}  // namespace

std::optional<Dnskey> Dnskey::read(Bytes rdata) {
    if (rdata.size() < dnskey_head_bytes) return std::nullopt;
    return Dnskey{load_u16(rdata.data()), rdata[2], rdata[3], rdata.subspan(dnskey_head_bytes)};
}

std::vector<std::uint8_t> make_dnskey(std::uint16_t flags, const crypto::PublicKey& key) {
    std::vector<std::uint8_t> rdata(dnskey_head_bytes);
    store_u16(rdata.data(), flags);
    rdata[2] = dnskey_protocol;
    rdata[3] = static_cast<std::uint8_t>(key.algorithm());
    rdata.insert(rdata.end(), key.wire().begin(), key.wire().end());
    return rdata;
}

std::vector<std::uint8_t> make_ds(NameView owner, Bytes dnskey_rdata, DsDigest digest) {
    const auto kind = digest_kind(static_cast<std::uint8_t>(digest));
    KITH_CHECK(kind.has_value() && dnskey_rdata.size() >= dnskey_head_bytes);
    crypto::Digest context(*kind);
    context.update(Name(owner).lowered().wire());
    context.update(dnskey_rdata);
    std::vector<std::uint8_t> rdata(ds_head_bytes + crypto::digest_bytes(*kind));
    store_u16(rdata.data(), key_tag(dnskey_rdata));
    rdata[2] = dnskey_rdata[3];
    rdata[3] = static_cast<std::uint8_t>(digest);
    context.finish(MutableBytes(rdata).subspan(ds_head_bytes));
    return rdata;
}

bool matches_ds(NameView owner, Bytes dnskey_rdata, Bytes ds_rdata) {
    if (dnskey_rdata.size() < dnskey_head_bytes || ds_rdata.size() < ds_head_bytes) return false;
    // The cheap fields first: a digest is only worth its time when they agree.
    if (ds_rdata[2] != dnskey_rdata[3] || load_u16(ds_rdata.data()) != key_tag(dnskey_rdata)) {
        return false;
    }
    if (!digest_kind(ds_rdata[3])) return false;
    return std::ranges::equal(make_ds(owner, dnskey_rdata, static_cast<DsDigest>(ds_rdata[3])),
                              ds_rdata);
}

ZoneKey::ZoneKey(Bytes rdata) : rdata_(rdata.begin(), rdata.end()), tag_(key_tag(rdata)) {}

ZoneKey::ZoneKey(std::uint16_t flags, crypto::PrivateKey key)
    : ZoneKey(make_dnskey(flags, key.public_key())) {
    private_key_ = std::move(key);
}

std::optional<ZoneKey> ZoneKey::from_dnskey(Bytes dnskey_rdata) {
    if (dnskey_rdata.size() < dnskey_head_bytes) return std::nullopt;
    return ZoneKey(dnskey_rdata);
}

std::vector<std::vector<std::uint8_t>> key_records(NameView apex, const KeySet& keys,
                                                   dns::RrType type,
                                                   std::span<const DsDigest> digests) {
    // RFC 8078 §4: algorithm 0 asks the parent to remove its DS records.
    if (keys.announce_removal && type == dns::RrType::CDS) return {{0, 0, 0, 0, 0}};
    if (keys.announce_removal && type == dns::RrType::CDNSKEY) return {{0, 0, 3, 0, 0}};
    std::vector<std::vector<std::uint8_t>> out;
    for (const UsedKey& used : keys.keys) {
        const Bytes rdata = used.key.rdata();
        const bool is_shown = type == dns::RrType::DNSKEY ? used.use.publish : used.use.announce;
        if (!is_shown) continue;
        if (type == dns::RrType::CDS) {
            for (const DsDigest digest : digests) out.push_back(make_ds(apex, rdata, digest));
        } else if (type == dns::RrType::DNSKEY || !digests.empty()) {
            out.emplace_back(rdata.begin(), rdata.end());
        }
    }
    return out;
}

KeySet use_by_flags(std::vector<ZoneKey> keys) {
    const auto has = [&keys](std::uint8_t algorithm, bool is_sep) {
        return std::ranges::any_of(keys, [&](const ZoneKey& key) {
            return key.algorithm() == algorithm && key.is_sep() == is_sep && key.private_key();
        });
    };
    KeySet out;
    for (const ZoneKey& key : keys) {
        const bool can_sign = key.private_key().has_value();
        const bool keys_too = key.is_sep() || !has(key.algorithm(), true);
        const bool zone_too = !key.is_sep() || !has(key.algorithm(), false);
        const KeyUse use{true, can_sign && keys_too, can_sign && zone_too, can_sign && keys_too};
        out.keys.push_back({key, use});
    }
    return out;
}

}  // namespace kith::dnssec
