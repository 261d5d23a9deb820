// Random changes, signed one after the other by what they touch, against the same data signed whole:
// everything but times and signature bytes must be equal after every step. Names are few, so that
// cuts, DNAMEs, wildcards and empty non-terminals come and go above and below each other.

#include <chrono>
#include <random>

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/zone_verifier.hpp"

namespace kith::dnssec::test {
namespace {

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t bound) { return engine_() % bound; }
    bool one_in(std::size_t n) { return below(n) == 0; }

private:
    std::mt19937 engine_;
};

constexpr std::string_view labels[] = {"a", "B", "c", "*", "x1", "x2", "zz"};
constexpr std::string_view contents[] = {
    "60 A 10.0.0.1",
    "60 A 10.0.0.2",
    "70 A 10.0.0.2",
    "3 TXT a",
    "3 TXT longer",
    "400 NS n1",
    "400 NS N2",
    "5 DNAME d.",
    "6 CNAME C.",
    "7 MX 1 Mail",
    "8 AAAA ::1",
    "9 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
    "30 TYPE65280 \\# 1 00",
};

Record random_record(Random& random) {
    std::string owner;
    for (std::size_t depth = random.below(5); depth > 0; --depth) {
        owner += std::string(labels[random.below(std::size(labels))]) + ".";
    }
    owner += "example. ";
    return record(owner + std::string(contents[random.below(std::size(contents))]),
                  name("example."));
}

bool has(const Zone& zone, const Record& one) {
    const zone::NodeView node = zone.find_node(one.owner);
    const zone::RrSetView rrset = node ? node.find(one.type) : zone::RrSetView();
    if (!rrset) return false;
    for (const Bytes rdata : rrset) {
        if (std::ranges::equal(rdata, one.rdata)) return true;
    }
    return false;
}

/// Up to `most` records out of or into the zone, that it accepts.
ZoneChange random_change(Random& random, const ZonePtr& data, std::size_t most) {
    ZoneChange change{name("example."), data->serial(), data->serial() + 1, {}, {}};
    for (std::size_t left = 1 + random.below(most); left > 0; --left) {
        const Record one = random_record(random);
        ZoneChange next = change;
        (has(*data, one) ? next.removed : next.added).push_back(one);
        if (zone::apply_change(data, next)) change = std::move(next);
    }
    if (random.one_in(15)) {  // another TTL of denial
        const zone::RrSetView soa = data->apex_node().find(RrType::SOA);
        const Bytes rdata = soa.rdata(0);
        change.removed.push_back(
            {data->apex(), RrType::SOA, 300, {rdata.begin(), rdata.end()}, {}});
        const std::string minimum = std::to_string(100 + random.below(3));
        change.added.push_back(record("@ 300 SOA ns.example. h.example. " +
                                          std::to_string(change.to_serial) + " 2 3 4 " + minimum,
                                      name("example.")));
    }
    return change;
}

/// Brings what is due in line, a few names at a time; each version on the way is a good one.
void renew(ZoneSigner& signer, ZonePtr& served, Rng& rng) {
    for (int turns = 0; turns < 100; ++turns) {
        const DueNames due = signer.find_due(*served, served->apex(), now, {1000, 2});
        if (due.owners.empty()) return;
        const ZoneReport report = verify_zone(*served, now);
        ASSERT_TRUE(report.is_good()) << report.flaws[0].text;
        const ZoneChange step{served->apex(), served->serial(), served->serial(), {}, {}};
        const auto signatures = signer.resign(*served, step, due.owners, now, rng);
        ASSERT_TRUE(signatures.has_value());
        served = applied(served, *signatures);
    }
    FAIL() << "it has no end";
}

void run(unsigned seed, const SigningPolicy& policy, int steps) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    SeededRng rng(seed);
    static const KeySet two = split_keys();
    static const KeySet other = [] {
        KeySet keys = two;
        keys.keys[1].use.sign_zone = false;
        keys.keys.push_back({zone_key(zsk_flags), {true, false, true, false}});
        return keys;
    }();
    auto signer = ZoneSigner::make(name("example."), two, policy);
    ASSERT_TRUE(signer.has_value());
    ZonePtr data = zone::test::zone({"@ 400 NS ns", "ns 60 A 10.0.0.9"});
    ZonePtr served = signed_by(*signer, data);
    bool uses_other = false;
    for (int step = 0; step < steps; ++step) {
        std::vector<Name> also;
        const ZoneChange change = random_change(random, data, 5);
        data = applied(data, change);
        const ZonePtr after = applied(served, change);
        if (random.one_in(20)) {  // a roll: whatever the old key signed is due
            uses_other = !uses_other;
            signer = ZoneSigner::make(name("example."), uses_other ? other : two, policy);
            ASSERT_TRUE(signer.has_value());
            DueNames due;
            due.next = after->apex();
            do {
                due = signer->find_due(*after, due.next, now, {7, 3});
                also.insert(also.end(), due.owners.begin(), due.owners.end());
            } while (!due.at_end);
        }
        const auto signatures = signer->resign(*after, change, also, now, rng);
        ASSERT_TRUE(signatures.has_value()) << fault_text(signatures.error().fault);
        served = applied(after, *signatures);
        renew(*signer, served, rng);  // another TTL of denial
        const ZonePtr whole = signed_by(*signer, data);
        ASSERT_EQ(shape(*served), shape(*whole)) << "step " << step;
        ASSERT_EQ(signer->find_due(*served, served->apex(), now).owners, std::vector<Name>());
        if (random.one_in(
                10)) {  // and from a signed zone, whole again, changes no record of denial
            const ZonePtr again = signed_by(*signer, served);
            ASSERT_EQ(shape(*again), shape(*whole)) << "step " << step;
        }
    }
}

SigningPolicy policy_of(Denial denial, OptOut opt_out) {
    SigningPolicy policy;
    policy.denial = denial;
    policy.opt_out = opt_out;
    return policy;
}

TEST(ResignModel, AgreesWithWholeSigningNsec) {
    for (unsigned seed = 1; seed <= 8; ++seed) run(seed, policy_of(Denial::nsec, OptOut::no), 40);
}

TEST(ResignModel, AgreesWithWholeSigningNsec3) {
    for (unsigned seed = 1; seed <= 8; ++seed) run(seed, policy_of(Denial::nsec3, OptOut::no), 40);
}

TEST(ResignModel, AgreesWithWholeSigningOptOut) {
    for (unsigned seed = 1; seed <= 8; ++seed) run(seed, policy_of(Denial::nsec3, OptOut::yes), 40);
}

/// A file that was emptied, or a transfer that took most names away. What one name costs must not depend
/// on how many go with it.
TEST(ResignModel, ManyNamesMayGoAtOnce) {
    constexpr int names = 12000;
    constexpr int kept_each = 5000;
    std::vector<Record> all{record("@ 300 SOA ns h 1 2 3 4 5", name("example.")),
                            record("@ 400 NS ns", name("example.")),
                            record("ns 60 A 10.0.0.9", name("example."))};
    ZoneChange change{name("example."), 1, 2, {}, {}};
    for (int i = 0; i < names; ++i) {
        all.push_back(record("h" + std::to_string(i) + ".b 60 TXT x", name("example.")));
        if (i % kept_each != 0) change.removed.push_back(all.back());
    }
    const ZonePtr data = zone::test::build(all).zone;
    for (const Denial denial : {Denial::nsec, Denial::nsec3}) {
        auto signer =
            ZoneSigner::make(name("example."), split_keys(), policy_of(denial, OptOut::no));
        ASSERT_TRUE(signer.has_value());
        SeededRng rng(1);
        const auto seconds = [](auto work) {
            const auto begin = std::chrono::steady_clock::now();
            work();
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        };
        Result<ZonePtr, SignError> served = nullptr;
        const double whole = seconds([&] { served = signer->signed_zone(*data, now, rng); });
        ASSERT_TRUE(served.has_value());
        const ZonePtr after = applied(*served, change);
        Result<ZoneChange, SignError> signatures = ZoneChange{};
        const double part =
            seconds([&] { signatures = signer->resign(*after, change, {}, now, rng); });
        EXPECT_LT(part, whole) << "to remove signatures costs less than to make them";
        ASSERT_TRUE(signatures.has_value());
        EXPECT_EQ(shape(*applied(after, *signatures)),
                  shape(*signed_by(*signer, applied(data, change))));
    }
}

}  // namespace
}  // namespace kith::dnssec::test
