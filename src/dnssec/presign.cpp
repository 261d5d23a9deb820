#include "dnssec/presign.hpp"

#include <algorithm>
#include <array>

#include "dnssec/rrsig.hpp"
#include "dnssec/signing_policy.hpp"

namespace kith::dnssec {
namespace {

using Rdatas = std::vector<std::vector<std::uint8_t>>;

constexpr KeyUse everything{true, true, true, true};
// For validators whose clocks are behind.
constexpr UnixTime inception_skew = 3600;

constexpr dns::RrType types[] = {dns::RrType::DNSKEY, dns::RrType::CDS, dns::RrType::CDNSKEY};

/// The RRsets of keys from one moment to the next, and who signs them.
struct Segment {
    UnixTime from = 0, to = 0;
    std::array<Rdatas, std::size(types)> sets;
    std::vector<const ZoneKey*> signers;

    bool is_like(const Segment& other) const {
        return sets == other.sets && signers == other.signers;
    }
};

/// Moments of the plan's time at which keys may begin or end to do something.
std::vector<UnixTime> moments_of(std::span<const TimedKey> keys, const PresignPlan& plan) {
    std::vector<UnixTime> out{plan.from};
    for (const TimedKey& each : keys) {
        for (const auto& time : change_times(each.times)) {
            if (time > plan.from && time < plan.until) out.push_back(time);
        }
    }
    std::ranges::sort(out);
    const auto rest = std::ranges::unique(out);
    out.erase(rest.begin(), rest.end());
    return out;
}

Result<Segment, PresignError> segment_at(std::span<const TimedKey> keys, const PresignPlan& plan,
                                         UnixTime at) {
    Segment out{at, plan.until, {}, {}};
    const KeySet set = use_presigned(keys, at);
    for (std::size_t i = 0; i < std::size(types); ++i)
        out.sets[i] = key_records(plan.zone, set, types[i], SigningPolicy().cds_digests);
    bool has_zone_key = false;
    for (const TimedKey& each : keys) {
        const KeyUse use = use_at(everything, each.times, at);
        if (!each.key.is_sep()) has_zone_key = has_zone_key || use.sign_zone;
        if (each.key.is_sep() && use.sign_keys && each.key.private_key())
            out.signers.push_back(&each.key);
    }
    if (out.signers.empty()) return std::unexpected(PresignError{PresignFault::no_signing_key, at});
    if (!has_zone_key) return std::unexpected(PresignError{PresignFault::no_zone_key, at});
    return out;
}

Result<std::vector<Segment>, PresignError> segments_of(std::span<const TimedKey> keys,
                                                       const PresignPlan& plan) {
    std::vector<Segment> out;
    for (const UnixTime at : moments_of(keys, plan)) {
        KITH_TRY(Segment segment, segment_at(keys, plan, at));
        if (!out.empty() && out.back().is_like(segment)) continue;
        if (!out.empty()) out.back().to = at;
        out.push_back(std::move(segment));
    }
    return out;
}

}  // namespace

KeySet use_presigned(std::span<const TimedKey> keys, UnixTime now) {
    KeySet out = use_by_times(keys, now);
    for (UsedKey& used : out.keys) {
        const auto same = [&](const TimedKey& each) { return each.key == used.key; };
        const KeyTimes& times = std::ranges::find_if(keys, same)->times;
        used.use.sign_keys &= used.key.is_sep();
        used.use.announce = used.key.is_sep() && use_at(everything, times, now).announce;
    }
    return out;
}

Result<std::vector<std::vector<std::uint8_t>>, PresignError> presign(std::span<const TimedKey> keys,
                                                                     const PresignPlan& plan) {
    KITH_TRY(const std::vector<Segment> segments, segments_of(keys, plan));
    Rdatas out;
    Canonicalizer canonicalizer;
    for (const Segment& segment : segments) {
        std::vector<RrsetSigner> signers;
        for (const ZoneKey* const key : segment.signers) signers.emplace_back(*key, plan.zone);
        for (UnixTime at = segment.from; at < segment.to; at += plan.every) {
            const SignatureTimes times{at - inception_skew, at + plan.validity};
            for (std::size_t i = 0; i < std::size(types); ++i) {
                if (segment.sets[i].empty()) continue;
                const SignedSet set{plan.zone, types[i], dns::RrClass::IN, plan.ttl};
                const std::vector<Bytes> rdatas(segment.sets[i].begin(), segment.sets[i].end());
                const Bytes canonical =
                    canonicalizer.rrset({plan.zone, set.type, dns::RrClass::IN, plan.ttl}, rdatas);
                for (RrsetSigner& signer : signers) {
                    const auto rrsig = signer.sign(set, canonical, times);
                    if (!rrsig) return std::unexpected(PresignError{PresignFault::library, at});
                    if (out.size() == presigned_max)
                        return std::unexpected(PresignError{PresignFault::too_many, at});
                    out.emplace_back(rrsig->begin(), rrsig->end());
                }
            }
        }
    }
    return out;
}

std::vector<KeyTimes> succession(UnixTime from, UnixTime lifetime, UnixTime overlap, int count) {
    std::vector<KeyTimes> out;
    for (int i = 0; i < count; ++i) {
        KeyTimes times;
        times.activate = from + i * lifetime;
        times.publish = *times.activate - overlap;
        times.inactive = *times.activate + lifetime;
        times.remove = *times.inactive + overlap;
        out.push_back(times);
    }
    return out;
}

}  // namespace kith::dnssec
