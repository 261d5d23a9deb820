// CSYNC at the apex of zones that are signed (RFC 7477).

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/zone_verifier.hpp"

namespace kith::dnssec::test {
namespace {

using Lines = std::vector<std::string>;

ZoneSigner make_signer(CsyncRule rule, Denial denial = Denial::nsec,
                       const KeySet& keys = split_keys()) {
    SigningPolicy policy;
    policy.csync = rule;
    policy.denial = denial;
    auto signer = ZoneSigner::make(name("example."), keys, policy);
    EXPECT_TRUE(signer.has_value());
    return *std::move(signer);
}

Lines csync_of(const Zone& zone) { return lines_of(shape(zone), "example.", "CSYNC"); }

TEST(Csync, SaysWhatTheDelegationIsMadeOf) {
    struct Row {
        std::string_view why;
        CsyncRule rule;
        std::vector<std::string_view> lines;
        Lines wanted;
    };
    const Row rows[] = {
        {"a server inside has glue",
         CsyncRule::immediate,
         {"@ 400 NS ns", "@ 400 NS a.other.", "ns 60 A 10.0.0.1"},
         {"CSYNC 1 3 A NS AAAA"}},
        {"somebody is to agree first",
         CsyncRule::approval,
         {"@ 400 NS ns", "ns 60 A 10.0.0.1"},
         {"CSYNC 1 2 A NS AAAA"}},
        {"all servers are elsewhere",
         CsyncRule::immediate,
         {"@ 400 NS a.other."},
         {"CSYNC 1 3 NS"}},
        {"§3.2.1: no NS, nothing to copy", CsyncRule::immediate, {"ns 60 A 10.0.0.1"}, {}},
        {"what others wrote stays",
         CsyncRule::keep,
         {"@ 400 NS ns", "ns 60 A 10.0.0.1", "@ 60 CSYNC 66 1 NS"},
         {"CSYNC 66 1 NS"}},
        {"or goes", CsyncRule::none, {"@ 400 NS ns", "ns 60 A 10.0.0.1", "@ 60 CSYNC 66 1 NS"}, {}},
        {"§2: there is never a second one",
         CsyncRule::immediate,
         {"@ 400 NS ns", "ns 60 A 10.0.0.1", "@ 60 CSYNC 1 3 A NS AAAA", "@ 60 CSYNC 2 1 NS"},
         {"CSYNC 1 3 A NS AAAA"}},
    };
    for (const Row& row : rows) {
        std::vector<Record> all{record("@ 300 SOA ns h 1 2 3 4 5", name("example."))};
        for (const std::string_view line : row.lines) all.push_back(record(line, name("example.")));
        const ZonePtr data = zone::test::build(all).zone;
        ZoneSigner signer = make_signer(row.rule);
        const ZonePtr zone = signed_by(signer, data);
        EXPECT_EQ(csync_of(*zone), row.wanted) << row.why;
        const bool is_there = !row.wanted.empty();
        const Lines nsec = lines_of(shape(*zone), "example.", "NSEC");
        ASSERT_EQ(nsec.size(), 1U);
        EXPECT_EQ(nsec[0].find(" CSYNC") != std::string::npos, is_there) << row.why;
        EXPECT_EQ(signer.find_due(*zone, zone->apex(), now).owners, std::vector<Name>());
        const ZoneReport report = verify_zone(*zone, now, {});
        EXPECT_TRUE(report.flaws.empty()) << row.why << ": " << report.flaws.front().text;
    }
}

TEST(Csync, HasTheSerialOfTheLastChangeOfTheDelegation) {
    struct Step {
        std::string_view why;
        std::vector<std::string_view> removed, added;
        std::string wanted;
    };
    const Step steps[] = {
        {"something else", {}, {"www 60 A 10.0.0.7"}, "CSYNC 1 3 A NS AAAA"},
        {"a server comes, without an address yet", {}, {"@ 400 NS ns2.b"}, "CSYNC 3 3 A NS AAAA"},
        {"its address", {}, {"ns2.b 60 AAAA ::1"}, "CSYNC 4 3 A NS AAAA"},
        {"its other data", {}, {"ns2.b 60 TXT x"}, "CSYNC 4 3 A NS AAAA"},
        {"its address is another",
         {"ns2.b 60 AAAA ::1"},
         {"ns2.b 60 AAAA ::2"},
         "CSYNC 6 3 A NS AAAA"},
        {"NS of a delegation are not the zone's", {}, {"sub 60 NS ns.sub"}, "CSYNC 6 3 A NS AAAA"},
        {"the servers inside go",
         {"@ 400 NS ns", "@ 400 NS ns2.b"},
         {"@ 400 NS a.other."},
         "CSYNC 8 3 NS"},
        {"what was an address of theirs", {"ns 60 A 10.0.0.9"}, {}, "CSYNC 8 3 NS"},
    };
    for (const Denial denial : {Denial::nsec, Denial::nsec3}) {
        ZoneSigner signer = make_signer(CsyncRule::immediate, denial);
        SeededRng rng(1);
        ZonePtr zone = signed_by(signer, zone::test::zone({"@ 400 NS ns", "ns 60 A 10.0.0.9"}));
        for (const Step& step : steps) {
            const auto all = [](const std::vector<std::string_view>& lines) {
                std::vector<Record> out;
                for (const std::string_view line : lines)
                    out.push_back(record(line, name("example.")));
                return out;
            };
            const ZoneChange change{name("example."), zone->serial(), zone->serial() + 1,
                                    all(step.removed), all(step.added)};
            const ZonePtr after = applied(zone, change);
            const auto signatures = signer.resign(*after, change, {}, now, rng);
            ASSERT_TRUE(signatures.has_value());
            zone = applied(after, *signatures);
            EXPECT_EQ(csync_of(*zone), Lines{step.wanted}) << step.why;
            const ZoneReport report = verify_zone(*zone, now, {});
            EXPECT_TRUE(report.flaws.empty()) << step.why << ": " << report.flaws.front().text;
            EXPECT_EQ(signer.find_due(*zone, zone->apex(), now).owners, std::vector<Name>());
        }
    }
}

TEST(Csync, IsPutRightWhereItIsFoundWrong) {
    const KeySet keys = split_keys();
    ZoneSigner plain = make_signer(CsyncRule::keep, Denial::nsec, keys);
    struct Row {
        std::string_view why;
        std::string_view there;
        std::string wanted;
    };
    const Row rows[] = {
        {"it may stay", "@ 400 CSYNC 1 3 A NS AAAA", "CSYNC 1 3 A NS AAAA"},
        {"§2.1.1.1: one of the future is never acted on", "@ 400 CSYNC 2 3 A NS AAAA",
         "CSYNC 1 3 A NS AAAA"},
        {"other flags", "@ 400 CSYNC 1 2 A NS AAAA", "CSYNC 1 3 A NS AAAA"},
        {"other types", "@ 400 CSYNC 1 3 NS", "CSYNC 1 3 A NS AAAA"},
    };
    for (const Row& row : rows) {
        const ZonePtr zone =
            signed_by(plain, zone::test::zone({"@ 400 NS ns", "ns 60 A 10.0.0.9", row.there}));
        ZoneSigner signer = make_signer(CsyncRule::immediate, Denial::nsec, keys);
        const bool is_right = row.why == "it may stay";
        EXPECT_EQ(signer.find_due(*zone, zone->apex(), now).owners,
                  is_right ? std::vector<Name>() : std::vector<Name>{name("example.")})
            << row.why;
        SeededRng rng(1);
        const auto change = signer.resign(*zone, {name("example."), 1, 1, {}, {}}, {}, now, rng);
        ASSERT_TRUE(change.has_value());
        EXPECT_EQ(csync_of(*applied(zone, *change)), Lines{row.wanted}) << row.why;
    }
    const ZonePtr zone = signed_by(
        plain, zone::test::zone({"@ 400 NS ns", "ns 60 A 10.0.0.9", "@ 400 CSYNC 1 3 NS"}));
    EXPECT_EQ(csync_of(*applied(zone, unsigned_change(*zone))), Lines())
        << "§2: only signed ones count";
}

}  // namespace
}  // namespace kith::dnssec::test
