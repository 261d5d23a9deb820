#include "dnssec/zonemd.hpp"

#include <algorithm>
#include <map>

#include "crypto/digest.hpp"
#include "dnssec/canonical.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;

constexpr std::uint8_t scheme_simple = 1;
constexpr std::size_t head_bytes = 6;  // serial, scheme, hash algorithm

crypto::DigestKind digest_kind(ZonemdHash hash) {
    return hash == ZonemdHash::sha384 ? crypto::DigestKind::sha384 : crypto::DigestKind::sha512;
}

bool covers_zonemd(Bytes rrsig) {
    return rrsig.size() >= 2 &&
           load_u16(rrsig.data()) == static_cast<std::uint16_t>(RrType::ZONEMD);
}

class ZoneDigest {
public:
    ZoneDigest(const zone::Zone& zone, crypto::DigestKind kind) : zone_(zone), digest_(kind) {}

    std::vector<std::uint8_t> run() {
        zone_.for_each_in_order([this](const Name& owner, NodeView node) { add(owner, node); });
        std::vector<std::uint8_t> out(crypto::digest_bytes(digest_.kind()));
        digest_.finish(out);
        return out;
    }

private:
    void add(const Name& owner, NodeView node);
    void add_signatures(const Name& lower, const RrSetView& rrsigs, bool is_apex);

    const zone::Zone& zone_;
    crypto::Digest digest_;
    Canonicalizer canonicalizer_;
};

void ZoneDigest::add(const Name& owner, NodeView node) {
    const Name lower = owner.lowered();
    const bool is_apex = node.relative_owner().empty();
    for (const RrSetView rrset : node.rrsets()) {
        const RrType type = rrset.type();
        if (is_apex && type == RrType::ZONEMD) continue;
        if (type == RrType::RRSIG) {
            add_signatures(lower, rrset, is_apex);
            continue;
        }
        digest_.update(canonicalizer_.rrset({lower, type, zone_.klass(), rrset.ttl()}, rrset));
    }
}

/// RRSIGs of one name have different TTLs, which take part in the digest but not in the order
/// (RFC 8976 §3.3.2): each is written alone, in the order of RDATA.
void ZoneDigest::add_signatures(const Name& lower, const RrSetView& rrsigs, bool is_apex) {
    std::vector<Bytes> rdatas;
    for (const Bytes rdata : rrsigs) {
        if (!is_apex || !covers_zonemd(rdata)) rdatas.push_back(rdata);
    }
    std::ranges::sort(rdatas,
                      [](Bytes a, Bytes b) { return std::ranges::lexicographical_compare(a, b); });
    for (const Bytes rdata : rdatas) {
        digest_.update(canonicalizer_.rrset(
            {lower, RrType::RRSIG, zone_.klass(), rrsigs.record_ttl(rdata)}, {&rdata, 1}));
    }
}

}  // namespace

std::vector<std::uint8_t> make_zonemd(const zone::Zone& zone, ZonemdHash hash) {
    KITH_CHECK(hash != ZonemdHash::none);
    std::vector<std::uint8_t> rdata(head_bytes);
    store_u32(rdata.data(), zone.serial());
    rdata[4] = scheme_simple;
    rdata[5] = static_cast<std::uint8_t>(hash);
    const std::vector<std::uint8_t> digest = ZoneDigest(zone, digest_kind(hash)).run();
    rdata.insert(rdata.end(), digest.begin(), digest.end());
    return rdata;
}

ZonemdVerdict check_zonemd(const zone::Zone& zone) {
    const RrSetView rrset = zone.apex_node().find(RrType::ZONEMD);
    if (!rrset) return ZonemdVerdict::absent;
    std::map<std::pair<int, int>, int> seen;
    for (const Bytes rdata : rrset) {
        if (rdata.size() > head_bytes) ++seen[{rdata[4], rdata[5]}];
    }
    if (std::ranges::any_of(seen, [](const auto& each) { return each.second > 1; })) {
        return ZonemdVerdict::duplicate;
    }
    ZonemdVerdict verdict = ZonemdVerdict::unsupported;
    for (const Bytes rdata : rrset) {
        if (rdata.size() <= head_bytes) continue;
        const auto hash = static_cast<ZonemdHash>(rdata[5]);
        if (load_u32(rdata.data()) != zone.serial()) {
            verdict = ZonemdVerdict::bad_serial;
        } else if (rdata[4] == scheme_simple &&
                   (hash == ZonemdHash::sha384 || hash == ZonemdHash::sha512)) {
            // RFC 8976 §4: one that matches is enough.
            if (std::ranges::equal(make_zonemd(zone, hash), rdata)) return ZonemdVerdict::good;
            verdict = ZonemdVerdict::bad_digest;
        }
    }
    return verdict;
}

std::string_view verdict_text(ZonemdVerdict verdict) {
    switch (verdict) {
        case ZonemdVerdict::absent: return "there is no ZONEMD";
        case ZonemdVerdict::good: return "the ZONEMD is right";
        case ZonemdVerdict::bad_digest: return "the digest of ZONEMD is not that of the zone";
        case ZonemdVerdict::bad_serial: return "the serial of ZONEMD is not that of the SOA";
        case ZonemdVerdict::unsupported:
            return "ZONEMD has only schemes or hash algorithms that are not understood";
        case ZonemdVerdict::duplicate:
            return "two ZONEMD records have the same scheme and hash algorithm";
    }
    return "";
}

}  // namespace kith::dnssec
