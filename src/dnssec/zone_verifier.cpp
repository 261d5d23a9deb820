#include "dnssec/zone_verifier.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "dns/rdata.hpp"
#include "dnssec/flaw_list.hpp"
#include "dnssec/rrsig.hpp"
#include "dnssec/standing.hpp"
#include "dnssec/zonemd.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;
using zone::Zone;

std::string time_text(UnixTime at) {
    std::uint8_t rdata[18 + 1 + 1]{};
    // As RRSIG shows its times (RFC 4034 §3.2): the fifth word.
    store_u32(rdata + 8, static_cast<std::uint32_t>(at));
    const std::string text = dns::rdata_to_text(RrType::RRSIG, RrClass::IN, rdata);
    std::size_t from = 0;
    for (int word = 0; word < 4; ++word) from = text.find(' ', from) + 1;
    return text.substr(from, text.find(' ', from) - from);
}

class SignatureCheck {
public:
    SignatureCheck(const Zone& zone, UnixTime now, const VerifyOptions& options, ZoneReport& report,
                   FlawList& flaws)
        : zone_(zone), now_(now), options_(options), report_(report), flaws_(flaws) {}

    /// False when there is no key to check signatures with.
    bool read_keys();
    void check_trust();
    void check_name(const Name& owner, NodeView node);

private:
    struct DnskeyUse {
        RrsetVerifier verifier;
        Bytes rdata;
    };
    struct Found {
        std::set<std::uint8_t> algorithms;  // with a good signature
        std::vector<const DnskeyUse*> keys;
        bool any = false;
    };

    void check_rrset(const Name& owner, NodeView node, const RrSetView& rrset);
    Found find_good(const Name& owner, NodeView node, const RrSetView& rrset);
    void check_signature(const SignedSet& set, std::span<const Bytes> rdatas, const Rrsig& rrsig,
                         Found& found, std::size_t& tries);
    void check_dates(const SignedSet& set, const Rrsig& rrsig);
    void check_covered(const Name& owner, NodeView node, Standing standing);
    void check_ds(Bytes ds, const Found& found);

    const Zone& zone_;
    UnixTime now_;
    const VerifyOptions& options_;
    ZoneReport& report_;
    FlawList& flaws_;
    std::vector<DnskeyUse> keys_;
    std::set<std::uint8_t> algorithms_;  // of all DNSKEYs that are understood
};

bool SignatureCheck::read_keys() {
    const RrSetView dnskeys = zone_.apex_node().find(RrType::DNSKEY);
    if (!dnskeys) {
        flaws_.add(zone_.apex(), RrType::DNSKEY,
                   "expected DNSKEY records at the apex, found none: the zone is not signed");
        return false;
    }
    for (const Bytes rdata : dnskeys) {
        const auto dnskey = Dnskey::read(rdata);
        if (!dnskey || (dnskey->flags & dnskey_zone) == 0 || (dnskey->flags & dnskey_revoke) != 0 ||
            dnskey->protocol != dnskey_protocol) {
            continue;
        }
        auto verifier = RrsetVerifier::from_dnskey(rdata, zone_.apex());
        if (!verifier && crypto::find_algorithm(dnskey->algorithm) != nullptr) {
            flaws_.add(zone_.apex(), RrType::DNSKEY,
                       fmt::format("the key with tag {} cannot be one of algorithm {}",
                                   key_tag(rdata), crypto::algorithm_name(dnskey->algorithm)));
        }
        if (!verifier) continue;
        if (keys_.size() == keys_max) {
            flaws_.add(zone_.apex(), RrType::DNSKEY,
                       fmt::format("more than {} keys; the others are not used", keys_max));
            break;
        }
        algorithms_.insert(dnskey->algorithm);
        keys_.push_back({std::move(*verifier), rdata});
    }
    if (keys_.empty()) {
        flaws_.add(zone_.apex(), RrType::DNSKEY,
                   "no DNSKEY is a zone key of an algorithm that is understood");
    }
    return !keys_.empty();
}

void SignatureCheck::check_dates(const SignedSet& set, const Rrsig& rrsig) {
    const UnixTime expiration = signature_time(rrsig.expiration, now_);
    if (report_.first_expiration == 0 || expiration < report_.first_expiration) {
        report_.first_expiration = expiration;
    }
    if (expiration < now_ + options_.valid_for) {
        flaws_.add(set.owner, set.type,
                   fmt::format("the signature by key {} expires on {}, earlier than asked for",
                               rrsig.key_tag, time_text(expiration)));
    }
}

void SignatureCheck::check_signature(const SignedSet& set, std::span<const Bytes> rdatas,
                                     const Rrsig& rrsig, Found& found, std::size_t& tries) {
    std::optional<SignatureFault> fault = SignatureFault::key_mismatch;
    for (DnskeyUse& key : keys_) {
        if (key.verifier.tag() != rrsig.key_tag || key.verifier.algorithm() != rrsig.algorithm) {
            continue;
        }
        if (++tries > verifications_per_rrset_max) {
            flaws_.add(set.owner, set.type,
                       fmt::format("more than {} pairs of signature and key with the same tag; the "
                                   "others are not tried",
                                   verifications_per_rrset_max));
            return;
        }
        ++report_.signatures;
        const auto verified = key.verifier.verify(set, rdatas, rrsig, now_);
        fault = verified ? std::nullopt : std::optional(verified.error());
        if (fault) continue;
        found.algorithms.insert(rrsig.algorithm);
        found.keys.push_back(&key);
        break;
    }
    if (!fault && rrsig.labels != signed_labels(set.owner)) {
        fault = SignatureFault::labels;  // a zone's own RRsets are not made from wildcards
    }
    if (!fault) return check_dates(set, rrsig);
    if (fault == SignatureFault::key_mismatch &&
        crypto::find_algorithm(rrsig.algorithm) == nullptr) {
        return;  // nothing can be said of it
    }
    flaws_.add(set.owner, set.type,
               fmt::format("the signature by key {} of algorithm {} is not good: {}", rrsig.key_tag,
                           crypto::algorithm_name(rrsig.algorithm), fault_text(*fault)));
}

SignatureCheck::Found SignatureCheck::find_good(const Name& owner, NodeView node,
                                                const RrSetView& rrset) {
    Found found;
    const SignedSet set{owner, rrset.type(), zone_.klass(), rrset.ttl()};
    std::vector<Bytes> rdatas;
    for (const Bytes rdata : rrset) rdatas.push_back(rdata);
    const RrSetView rrsigs = node.find(RrType::RRSIG);
    std::size_t tries = 0;
    for (int i = 0; rrsigs && i < rrsigs.count(); ++i) {
        const auto rrsig = Rrsig::read(rrsigs.rdata(i));
        if (!rrsig || rrsig->covered != rrset.type()) continue;
        found.any = true;
        if (rrsig->original_ttl != rrset.ttl()) {
            flaws_.add(owner, set.type,
                       fmt::format("expected TTL {} as signed by key {}, found {}",
                                   rrsig->original_ttl, rrsig->key_tag, rrset.ttl()));
        }
        check_signature(set, rdatas, *rrsig, found, tries);
    }
    return found;
}

void SignatureCheck::check_rrset(const Name& owner, NodeView node, const RrSetView& rrset) {
    ++report_.rrsets;
    const Found found = find_good(owner, node, rrset);
    if (!found.any) {
        flaws_.add(owner, rrset.type(), "expected a signature, found none");
        return;
    }
    for (const std::uint8_t algorithm : algorithms_) {
        if (found.algorithms.contains(algorithm)) continue;
        flaws_.add(owner, rrset.type(),
                   fmt::format("expected a good signature of algorithm {}, as the DNSKEY records "
                               "promise, found none (RFC 4035 §2.2)",
                               crypto::algorithm_name(algorithm)));
    }
}

/// Signatures over what is not there, or what is not to be signed.
void SignatureCheck::check_covered(const Name& owner, NodeView node, Standing standing) {
    const RrSetView rrsigs = node.find(RrType::RRSIG);
    if (!rrsigs) return;
    for (const Bytes rdata : rrsigs) {
        const auto rrsig = Rrsig::read(rdata);
        const RrType type = rrsig ? rrsig->covered : RrType::RRSIG;
        if (!node.find(type)) {
            flaws_.add(owner, RrType::RRSIG,
                       fmt::format("a signature over {} records, which are not there",
                                   dns::type_name(type)));
        } else if (!is_made_by_signing(type) && !is_signed_here(standing, type)) {
            flaws_.add(owner, RrType::RRSIG,
                       fmt::format("a signature over {} records that are not the zone's own",
                                   dns::type_name(type)));
        }
    }
}

void SignatureCheck::check_name(const Name& owner, NodeView node) {
    const Standing standing = standing_of(zone_, node);
    for (const RrSetView rrset : node.rrsets()) {
        const RrType type = rrset.type();
        const bool is_denial = type == RrType::NSEC || type == RrType::NSEC3;
        if (is_denial || is_signed_here(standing, type)) check_rrset(owner, node, rrset);
    }
    check_covered(owner, node, standing);
}

void SignatureCheck::check_ds(Bytes ds, const Found& found) {
    const bool good = std::ranges::any_of(
        found.keys, [&](const DnskeyUse* key) { return matches_ds(zone_.apex(), key->rdata, ds); });
    if (good) return;
    flaws_.add(zone_.apex(), RrType::DNSKEY,
               fmt::format("no key that signs the DNSKEY records matches the DS {}",
                           dns::rdata_to_text(RrType::DS, zone_.klass(), ds)));
}

/// RFC 4035 §5: some key that the outside world trusts signs the keys.
void SignatureCheck::check_trust() {
    FlawList* const flaws = &flaws_;
    ZoneReport ignored;  // check_name() reports and counts these signatures
    FlawList quiet(ignored);
    SignatureCheck check(zone_, now_, options_, ignored, quiet);
    check.read_keys();
    const NodeView apex = zone_.apex_node();
    const Found found = check.find_good(zone_.apex(), apex, apex.find(RrType::DNSKEY));
    for (const auto& ds : options_.ds) check_ds(ds, found);
    if (!options_.ds.empty()) return;
    const auto is_sep = [](Bytes rdata) { return (load_u16(rdata.data()) & dnskey_sep) != 0; };
    const bool has_sep =
        std::ranges::any_of(keys_, [&](const DnskeyUse& key) { return is_sep(key.rdata); });
    const bool good = std::ranges::any_of(
        found.keys, [&](const DnskeyUse* key) { return !has_sep || is_sep(key->rdata); });
    if (!good) {
        flaws->add(zone_.apex(), RrType::DNSKEY,
                   has_sep
                       ? "expected a good signature over the DNSKEY records by a key with the SEP "
                         "flag, found none: no DS record would lead to this zone"
                       : "expected a good signature over the DNSKEY records, found none");
    }
}

}  // namespace

ZoneReport verify_zone(const Zone& zone, UnixTime now, const VerifyOptions& options) {
    ZoneReport report;
    FlawList flaws(report);
    SignatureCheck signatures(zone, now, options, report, flaws);
    if (!signatures.read_keys()) return report;
    signatures.check_trust();
    zone.for_each_in_order(
        [&](const Name& owner, NodeView node) { signatures.check_name(owner, node); });
    verify_denial(zone, flaws);
    const ZonemdVerdict verdict = check_zonemd(zone);
    if (verdict != ZonemdVerdict::absent && verdict != ZonemdVerdict::good) {
        flaws.add(zone.apex(), RrType::ZONEMD, std::string(verdict_text(verdict)));
    }
    std::ranges::stable_sort(report.flaws, [](const ZoneFlaw& a, const ZoneFlaw& b) {
        return a.owner.view() < b.owner.view();
    });
    return report;
}

}  // namespace kith::dnssec
