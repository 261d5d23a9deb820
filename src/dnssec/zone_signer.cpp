#include "dnssec/zone_signer.hpp"

#include <algorithm>

#include "dnssec/due_names.hpp"
#include "dnssec/zonemd.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;
using zone::Zone;
using zone::ZoneChange;
using zone::ZonePtr;

std::optional<SignFault> policy_fault(NameView apex, const SigningPolicy& policy) {
    if (policy.jitter < 0 || policy.refresh < 0 || policy.inception_skew < 0 ||
        policy.refresh + policy.jitter >= policy.validity) {
        return SignFault::times;
    }
    if (policy.denial == Denial::nsec) return std::nullopt;
    if (policy.nsec3.iterations > nsec3_iterations_signed_max) return SignFault::iterations;
    if (policy.nsec3.salt.size() > nsec3_salt_bytes_max) return SignFault::salt;
    if (!has_room_for_nsec3(apex)) return SignFault::name_too_long;
    return std::nullopt;
}

/// A ZonePtr for the time of one call: apply_change() shares what the caller owns.
ZonePtr borrow(const Zone& zone) { return {std::shared_ptr<void>(), &zone}; }

}  // namespace

std::string_view fault_text(SignFault fault) {
    switch (fault) {
        case SignFault::no_signing_key:
            return "no key with its private half signs the zone and the keys; generate one with "
                   "`kith key generate`";
        case SignFault::no_private_key: return "a key that is to sign lacks its private half";
        case SignFault::algorithm_gap:
            return "an algorithm among the published keys does not sign everything (RFC 4035 §2.2)";
        case SignFault::too_many_keys: return "more keys than one zone may have";
        case SignFault::iterations:
            return "more NSEC3 iterations than validators accept; use 0 (RFC 9276 §3.1)";
        case SignFault::salt:
            return "an NSEC3 salt of more than 32 bytes; use none (RFC 9276 §3.1)";
        case SignFault::name_too_long:
            return "the name of the zone is too long for NSEC3, whose owners put 33 bytes in front of "
                   "it; use NSEC";
        case SignFault::hash_collision:
            return "two names have the same NSEC3 hash; choose another salt (RFC 5155 §7.1)";
        case SignFault::times:
            return "signatures must be valid for longer than refresh and jitter together";
        case SignFault::library:
            return "the cryptographic library failed to sign: no memory or no randomness";
    }
    return "";
}

class ZoneSigner::Work {
public:
    explicit Work(SignerState state) : state_(std::move(state)) {}

    const SignerState& state() const { return state_; }
    Result<ZoneChange, SignError> sign(const Zone& zone, UnixTime now, Rng& rng);
    Result<ZonePtr, SignError> signed_zone(const Zone& zone, UnixTime now, Rng& rng);
    Result<ZoneChange, SignError> resign(const Zone& after, const ZoneChange& change,
                                         std::span<const Name> also, UnixTime now, Rng& rng);

private:
    Result<void, SignError> complete_zonemd(const Zone& zone, ZoneChange& change, UnixTime now,
                                            Rng& rng);

    SignerState state_;
};

Result<ZoneChange, SignError> ZoneSigner::Work::sign(const Zone& zone, UnixTime now, Rng& rng) {
    ZoneChange change{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    ChangeSink sink(change);
    SigningPass pass(state_, zone, now, rng, sink);
    sign_whole(pass);
    if (pass.error()) return std::unexpected(*pass.error());
    KITH_TRY_VOID(complete_zonemd(zone, change, now, rng));
    return change;
}

Result<ZoneChange, SignError> ZoneSigner::Work::resign(const Zone& after, const ZoneChange& change,
                                                       std::span<const Name> also, UnixTime now,
                                                       Rng& rng) {
    ZoneChange out{after.apex(), after.serial(), after.serial(), {}, {}};
    ChangeSink sink(out);
    const bool is_news = touches_delegation(after, change);
    SigningPass pass(state_, after, now, rng, sink,
                     is_news ? CsyncSerial::is_new : CsyncSerial::stays);
    if (!is_signed_alike(pass) || touches_everything(after, change)) return sign(after, now, rng);
    sign_changes(pass, change, also);
    if (pass.error()) return std::unexpected(*pass.error());
    KITH_TRY_VOID(complete_zonemd(after, out, now, rng));
    return out;
}

Result<ZonePtr, SignError> ZoneSigner::Work::signed_zone(const Zone& zone, UnixTime now, Rng& rng) {
    zone::ZoneBuilder builder(zone.apex(), zone.klass());
    BuilderSink sink(builder);
    SigningPass pass(state_, zone, now, rng, sink);
    zone.for_each_in_order([&](const Name& owner, NodeView node) {
        const bool is_apex = node.relative_owner().empty();
        for (const RrSetView rrset : node.rrsets()) {
            const RrType type = rrset.type();
            if (is_made_by_signing(type) || (is_apex && pass.is_managed(type))) continue;
            for (int i = 0; i < rrset.count(); ++i) {
                KITH_CHECK(
                    builder.add(owner, type, rrset.ttl(), rrset.rdata(i), 0, rrset.provenance(i))
                        .has_value());
            }
        }
    });
    sign_whole(pass);
    if (pass.error()) return std::unexpected(*pass.error());
    const ZonePtr built = builder.finish().zone;
    // Only an RRset of signatures can have become too large for a zone.
    if (built == nullptr) {
        return std::unexpected(SignError{SignFault::too_many_keys, zone.apex(), RrType::RRSIG});
    }
    if (state_.policy.zonemd == ZonemdHash::none) return built;
    ZoneChange change{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    KITH_TRY_VOID(complete_zonemd(*built, change, now, rng));
    const auto done = zone::apply_change(built, change, zone::file_bounds);
    KITH_CHECK(done.has_value());
    return *done;
}

/// Puts the digest where its place was held. `change` leads from `zone` to the signed zone, or is empty
/// when `zone` is that already.
Result<void, SignError> ZoneSigner::Work::complete_zonemd(const Zone& zone, ZoneChange& change,
                                                          UnixTime now, Rng& rng) {
    if (state_.policy.zonemd == ZonemdHash::none) return {};
    const auto scratch = zone::apply_change(borrow(zone), change, zone::file_bounds);
    if (!scratch) {
        return std::unexpected(
            SignError{SignFault::too_many_keys, scratch.error().owner, scratch.error().type});
    }
    const auto is_place = [](const zone::Record& record) {
        if (record.type == RrType::ZONEMD) return true;
        const auto rrsig = record.type == RrType::RRSIG ? Rrsig::read(record.rdata) : std::nullopt;
        return rrsig && rrsig->covered == RrType::ZONEMD;
    };
    std::erase_if(change.added, is_place);
    const NodeView apex = zone.apex_node();
    if (change.added.empty() && change.removed.empty()) {
        // The zone itself holds the place.
        const RrSetView held = apex.find(RrType::ZONEMD);
        for (const Bytes rdata : held) {
            change.removed.push_back(
                {zone.apex(), held.type(), held.ttl(), {rdata.begin(), rdata.end()}, {}});
        }
        const RrSetView rrsigs = apex.find(RrType::RRSIG);
        for (const Bytes rdata : rrsigs) {
            const auto rrsig = Rrsig::read(rdata);
            if (!rrsig || rrsig->covered != RrType::ZONEMD) continue;
            change.removed.push_back({zone.apex(),
                                      RrType::RRSIG,
                                      rrsigs.record_ttl(rdata),
                                      {rdata.begin(), rdata.end()},
                                      {}});
        }
    }
    const std::vector<std::uint8_t> rdata = make_zonemd(**scratch, state_.policy.zonemd);
    const RrSetView soa = apex.find(RrType::SOA);
    change.added.push_back({zone.apex(), RrType::ZONEMD, soa.ttl(), rdata, {}});
    ChangeSink sink(change);
    SigningPass pass(state_, zone, now, rng, sink);
    pass.sign_zonemd(rdata);
    if (pass.error()) return std::unexpected(*pass.error());
    return {};
}

ZoneSigner::ZoneSigner(std::unique_ptr<Work> work) : work_(std::move(work)) {}
ZoneSigner::~ZoneSigner() = default;
ZoneSigner::ZoneSigner(ZoneSigner&&) noexcept = default;
ZoneSigner& ZoneSigner::operator=(ZoneSigner&&) noexcept = default;

Result<ZoneSigner, SignError> ZoneSigner::make(NameView apex, KeySet keys, SigningPolicy policy) {
    if (const auto fault = policy_fault(apex, policy)) {
        return std::unexpected(SignError{*fault, Name(apex), RrType::SOA});
    }
    KITH_TRY(SignerKeys signers, SignerKeys::make(apex, keys));
    Nsec3Hasher hasher(policy.nsec3);
    return ZoneSigner(std::make_unique<Work>(SignerState{Name(apex), std::move(keys),
                                                         std::move(policy), std::move(signers),
                                                         std::move(hasher), Canonicalizer()}));
}

const KeySet& ZoneSigner::keys() const { return work_->state().keys; }
const SigningPolicy& ZoneSigner::policy() const { return work_->state().policy; }

Result<ZoneChange, SignError> ZoneSigner::sign(const Zone& zone, UnixTime now, Rng& rng) {
    KITH_CHECK(zone.apex() == work_->state().apex.view());
    return work_->sign(zone, now, rng);
}

Result<ZonePtr, SignError> ZoneSigner::signed_zone(const Zone& zone, UnixTime now, Rng& rng) {
    KITH_CHECK(zone.apex() == work_->state().apex.view());
    return work_->signed_zone(zone, now, rng);
}

Result<ZoneChange, SignError> ZoneSigner::resign(const Zone& after, const ZoneChange& change,
                                                 std::span<const Name> also, UnixTime now,
                                                 Rng& rng) {
    KITH_CHECK(after.apex() == work_->state().apex.view());
    return work_->resign(after, change, also, now, rng);
}

DueNames ZoneSigner::find_due(const Zone& zone, NameView from, UnixTime now,
                              const DueLimits& limits) const {
    return dnssec::find_due(work_->state(), zone, from, now, limits);
}

bool ZoneSigner::shows_keys(const zone::Zone& zone) const {
    return shows_made_sets(work_->state(), zone, is_key_type);
}

ZoneChange unsigned_change(const Zone& zone) {
    // CSYNC too: nobody may act on one that is not signed (RFC 7477 §2).
    SigningPolicy all;
    all.csync = CsyncRule::none;
    ZoneChange out{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    for (zone::Cursor at = zone.first(); at; at.next()) {
        for (const RrSetView rrset : at.node().rrsets()) {
            const RrType type = rrset.type();
            if (!is_made_by_signing(type) && !is_managed(all, type)) continue;
            for (const Bytes rdata : rrset) {
                out.removed.push_back({at.node().owner(zone.apex()),
                                       type,
                                       rrset.record_ttl(rdata),
                                       {rdata.begin(), rdata.end()},
                                       {}});
            }
        }
    }
    return out;
}

Result<ZoneChange, SignError> sign_zone(const Zone& zone, const KeySet& keys,
                                        const SigningPolicy& policy, UnixTime now, Rng& rng) {
    KITH_TRY(ZoneSigner signer, ZoneSigner::make(zone.apex(), keys, policy));
    return signer.sign(zone, now, rng);
}

Result<ZoneChange, SignError> resign(const Zone& after, const ZoneChange& change,
                                     const KeySet& keys, const SigningPolicy& policy, UnixTime now,
                                     Rng& rng) {
    KITH_TRY(ZoneSigner signer, ZoneSigner::make(after.apex(), keys, policy));
    return signer.resign(after, change, {}, now, rng);
}

}  // namespace kith::dnssec
