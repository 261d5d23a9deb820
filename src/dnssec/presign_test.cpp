#include "dnssec/presign.hpp"

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/signing_policy.hpp"

namespace kith::dnssec::test {
namespace {

constexpr UnixTime day = 86400;
constexpr RrType types[] = {RrType::DNSKEY, RrType::CDS, RrType::CDNSKEY};

ZoneKey shown(const ZoneKey& key) { return *ZoneKey::from_dnskey(key.rdata()); }

/// A ksk that is only in the safe, and zsks that follow each other.
struct Keys {
    explicit Keys(int count) {
        const ZoneKey ksk = zone_key(ksk_flags);
        safe.push_back({ksk, {}});
        server.push_back({shown(ksk), {}});
        for (const KeyTimes& times : succession(now, 30 * day, 5 * day, count)) {
            const ZoneKey zsk = zone_key(zsk_flags);
            safe.push_back({shown(zsk), times});
            server.push_back({zsk, times});
        }
    }
    std::vector<TimedKey> safe, server;
};

const PresignPlan quarter{name("example."), now, now + 90 * day, 7 * day, 14 * day, 3600};

TEST(Presign, FollowsKeysThatComeAndGo) {
    const Keys keys(4);
    const Name apex = name("example.");
    const auto rrsigs = presign(keys.safe, quarter);
    ASSERT_TRUE(rrsigs.has_value());
    auto verifier = RrsetVerifier::from_dnskey(keys.server[0].key.rdata(), name("example."));
    ASSERT_TRUE(verifier.has_value());
    for (UnixTime at = quarter.from; at < quarter.until; at += 3600) {
        const KeySet set = use_presigned(keys.server, at);
        for (const RrType type : types) {
            const auto rdatas =
                key_records(name("example."), set, type, SigningPolicy().cds_digests);
            const std::vector<Bytes> views(rdatas.begin(), rdatas.end());
            // At least a week before it ends, so that a secondary may have it as long.
            const bool is_good = std::ranges::any_of(*rrsigs, [&](const auto& rdata) {
                const auto rrsig = Rrsig::read(rdata);
                const SignedSet signed_set{apex, type, RrClass::IN, 3600};
                return verifier->verify(signed_set, views, *rrsig, at) &&
                       verifier->check(signed_set, *rrsig, at + 7 * day);
            });
            ASSERT_TRUE(is_good) << dns::type_name(type) << " on " << format_key_time(at);
        }
        ASSERT_TRUE(ZoneSigner::make(name("example."),
                                     [&] {
                                         KeySet with = set;
                                         with.imported_signatures = *rrsigs;
                                         return with;
                                     }(),
                                     {})
                        .has_value())
            << format_key_time(at);
    }
}

TEST(Presign, SignsAnewWhereRecordsChange) {
    // The second zsk comes on day 25, and the first goes on day 35; the third comes on day 55.
    const Keys keys(3);
    const struct {
        const char* why;
        UnixTime days;
        std::size_t count;  // of periods
    } rows[] = {
        {"less than a roll", 21, 3},
        {"weekly until day 25, and once after", 28, 5},
        {"day 0 to 25, 25 to 35, 35 to 42", 42, 7},
    };
    for (const auto& row : rows) {
        PresignPlan plan = quarter;
        plan.until = now + row.days * day;
        const auto rrsigs = presign(keys.safe, plan);
        ASSERT_TRUE(rrsigs.has_value());
        EXPECT_EQ(rrsigs->size(), row.count * 3) << row.why;
    }
}

TEST(Presign, SaysWhatIsMissing) {
    const Keys keys(2);  // until day 60
    std::vector<TimedKey> no_ksk = keys.safe;
    no_ksk[0].key = shown(no_ksk[0].key);
    std::vector<TimedKey> late_ksk = keys.safe;
    late_ksk[0].times.activate = now + day;
    const std::vector<TimedKey> no_zsk(keys.safe.begin(), keys.safe.begin() + 1);
    PresignPlan often = quarter;
    often.every = 3600;
    using enum PresignFault;
    const struct {
        const char* why;
        std::vector<TimedKey> keys;
        PresignPlan plan;
        PresignFault fault;
        UnixTime at;
    } rows[] = {
        {"the private half is not here", no_ksk, quarter, no_signing_key, now},
        {"nor in use yet", late_ksk, quarter, no_signing_key, now},
        {"nobody copied the zsks", no_zsk, quarter, no_zone_key, now},
        {"or made too few", keys.safe, quarter, no_zone_key, now + 60 * day},
        {"333 hours of three signatures, and one more", keys.safe, often, too_many,
         now + 333 * 3600},
    };
    for (const auto& row : rows) {
        PresignPlan plan = row.plan;
        if (row.fault == too_many) plan.until = now + 20 * day;
        const auto rrsigs = presign(row.keys, plan);
        ASSERT_FALSE(rrsigs.has_value()) << row.why;
        EXPECT_EQ(rrsigs.error().fault, row.fault) << row.why;
        EXPECT_EQ(rrsigs.error().at, row.at) << row.why;
    }
}

TEST(Presign, LeavesTheKeysToTheSafe) {
    const Keys keys(2);
    const KeySet set = use_presigned(keys.server, now + 26 * day);
    ASSERT_EQ(set.keys.size(), 3U);
    for (const UsedKey& used : set.keys) {
        EXPECT_TRUE(used.use.publish);
        EXPECT_FALSE(used.use.sign_keys) << "nobody here has the key for it";
        EXPECT_EQ(used.use.announce, used.key.is_sep());
    }
    EXPECT_TRUE(std::ranges::find(set.keys, keys.server[1].key, &UsedKey::key)->use.sign_zone);
    EXPECT_FALSE(std::ranges::find(set.keys, keys.server[2].key, &UsedKey::key)->use.sign_zone);
}

TEST(Succession, Overlaps) {
    const std::vector<KeyTimes> all = succession(1000, 100, 10, 2);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].publish, 990);
    EXPECT_EQ(all[0].activate, 1000);
    EXPECT_EQ(all[0].inactive, 1100);
    EXPECT_EQ(all[0].remove, 1110);
    EXPECT_EQ(all[1].publish, 1090);
    EXPECT_EQ(all[1].activate, 1100);
    EXPECT_EQ(all[1].inactive, 1200);
    EXPECT_EQ(all[1].remove, 1210);
}

}  // namespace
}  // namespace kith::dnssec::test
