#include "zone/builder.hpp"

#include <gmock/gmock.h>

#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

using ::testing::ElementsAre;

TEST(ZoneBuilder, PutsNamesInCanonicalOrderAndMakesEmptyNonTerminals) {
    // The names of RFC 4034 §6.1, given out of order.
    const ZonePtr built =
        zone({"zABC.a 1 A 10.0.0.1", "Z.a 1 A 10.0.0.2", "\\001.z 1 A 10.0.0.3", "a 1 A 10.0.0.4",
              "yljkjljk.a 1 A 10.0.0.5", "\\200.z 1 A 10.0.0.6", "*.z 1 A 10.0.0.7"});
    EXPECT_THAT(dump(*built),
                ElementsAre(soa_1, "a.example. 1 A 10.0.0.4", "yljkjljk.a.example. 1 A 10.0.0.5",
                            "Z.a.example. 1 A 10.0.0.2", "zABC.a.example. 1 A 10.0.0.1",
                            "z.example. - [w]", "\\001.z.example. 1 A 10.0.0.3",
                            "*.z.example. 1 A 10.0.0.7", "\\200.z.example. 1 A 10.0.0.6"));
    EXPECT_EQ(built->record_count(), 8U);
    EXPECT_EQ(built->node_count(), 9U);
    EXPECT_EQ(built->serial(), 1U);
}

TEST(ZoneBuilder, SortsNamesThatAgreeInTheirFirstBytes) {
    // More than eight equal bytes; a label that ends where another goes on; bytes 0 and 1.
    const ZonePtr built =
        zone({"b.aaaaaaaaaaaaaaab 1 A 10.0.0.1", "aaaaaaaaaaaaaaab 1 A 10.0.0.2",
              "aaaaaaaaaaaaaaa\\001 1 A 10.0.0.3", "aaaaaaaaaaaaaaa 1 A 10.0.0.4",
              "aaaaaaaaaaaaaaa\\000 1 A 10.0.0.5", "zz.aaaaaaaaaaaaaaa 1 A 10.0.0.6"});
    EXPECT_THAT(dump(*built), ElementsAre(soa_1, "aaaaaaaaaaaaaaa.example. 1 A 10.0.0.4",
                                          "zz.aaaaaaaaaaaaaaa.example. 1 A 10.0.0.6",
                                          "aaaaaaaaaaaaaaa\\000.example. 1 A 10.0.0.5",
                                          "aaaaaaaaaaaaaaa\\001.example. 1 A 10.0.0.3",
                                          "aaaaaaaaaaaaaaab.example. 1 A 10.0.0.2",
                                          "b.aaaaaaaaaaaaaaab.example. 1 A 10.0.0.1"));
}

TEST(ZoneBuilder, MarksWhatCutsAndDnamesHide) {
    const ZonePtr built =
        zone({"@ 1 NS ns", "sub 1 NS ns.sub", "ns.sub 1 A 10.0.0.1", "x.y.sub 1 A 10.0.0.2",
              "old 1 DNAME new", "a.old 1 TXT x", "sub2 1 A 10.0.0.3"});
    EXPECT_THAT(
        dump(*built),
        ElementsAre("example. 1 NS ns.example.", soa_1, "old.example. 1 DNAME new.example. [d]",
                    "a.old.example. 1 TXT \"x\" [o]", "sub.example. 1 NS ns.sub.example. [c]",
                    "ns.sub.example. 1 A 10.0.0.1 [o]", "y.sub.example. - [o]",
                    "x.y.sub.example. 1 A 10.0.0.2 [o]", "sub2.example. 1 A 10.0.0.3"));
}

TEST(ZoneBuilder, MarksOneLabelWildcards) {
    ZoneBuilder builder(name("example."));
    for (const Record& each :
         records({"@ 1 SOA ns h 1 2 3 4 5", "*.a 1 A 10.0.0.1", "*.b 1 A 10.0.0.2"})) {
        ASSERT_TRUE(builder.add(each.owner, each.type, each.ttl, each.rdata));
    }
    builder.set_one_label_wildcard(name("*.A.example."));
    builder.set_one_label_wildcard(name("*.missing.example."));
    const ZonePtr built = builder.finish().zone;
    EXPECT_TRUE(built->find_node(name("*.a.example.")).one_label_wildcard());
    EXPECT_FALSE(built->find_node(name("*.b.example.")).one_label_wildcard());
}

struct Problems {
    const char* why;
    std::initializer_list<std::string_view> lines;
    std::vector<std::string> expected;  // "fault owner TYPE tag other"
    bool refused;
};

const Problems problem_rows[] = {
    {"no SOA at all", {"a 1 A 10.0.0.1"}, {"no_soa example. SOA 0 0"}, true},
    {"nothing at all", {}, {"no_soa example. SOA 0 0"}, true},
    {"SOA at another name",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 SOA a b 1 2 3 4 5"},
     {"soa_below_apex x.example. SOA 2 0"},
     true},
    {"two SOA records",
     {"@ 1 SOA a b 1 2 3 4 5", "@ 1 SOA a b 2 2 3 4 5"},
     {"second_soa example. SOA 2 1"},
     true},
    {"two CNAME records",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 CNAME y", "x 1 CNAME z"},
     {"second_cname x.example. CNAME 3 2"},
     true},
    {"CNAME beside other data",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 TXT y", "x 1 CNAME z"},
     {"cname_and_other x.example. TXT 2 3"},
     true},
    {"CNAME at the apex",
     {"@ 1 SOA a b 1 2 3 4 5", "@ 1 CNAME z"},
     {"cname_and_other example. SOA 1 2"},
     true},
    {"two DNAME records",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 DNAME y", "x 1 DNAME z"},
     {"second_dname x.example. DNAME 3 2"},
     true},
    {"DNAME at a cut",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 NS y", "x 1 DNAME z"},
     {"dname_at_cut x.example. DNAME 3 2"},
     true},
    {"DNAME beside NS at the apex is fine",
     {"@ 1 SOA a b 1 2 3 4 5", "@ 1 NS y", "@ 1 DNAME z."},
     {},
     false},
    {"the same record twice",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 A 10.0.0.1", "X 1 A 10.0.0.1"},
     {"duplicate x.example. A 3 2"},
     false},
    {"the same name in RDATA in another case",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 MX 1 Mail", "x 1 MX 1 mail"},
     {"duplicate x.example. MX 3 2"},
     false},
    {"text in another case differs",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 TXT Mail", "x 1 TXT mail"},
     {},
     false},
    {"TTLs differ",
     {"@ 1 SOA a b 1 2 3 4 5", "x 9 A 10.0.0.1", "x 5 A 10.0.0.2", "x 5 AAAA ::1"},
     {"ttl_differs x.example. A 2 3"},
     false},
    {"every problem is told, not only the first",
     {"@ 1 SOA a b 1 2 3 4 5", "x 1 CNAME a", "x 1 CNAME b", "y 1 SOA a b 1 2 3 4 5"},
     {"second_cname x.example. CNAME 3 2", "soa_below_apex y.example. SOA 4 0"},
     true},
};

TEST(ZoneBuilder, TellsWhatIsWrong) {
    for (const Problems& row : problem_rows) {
        SCOPED_TRACE(row.why);
        const BuiltZone built = build(records(row.lines));
        std::vector<std::string> got;
        for (const ZoneProblem& problem : built.problems) {
            got.push_back(std::string(fault_name(problem.fault)) + " " + problem.owner.to_text() +
                          " " + dns::type_name(problem.type) + " " + std::to_string(problem.tag) +
                          " " + std::to_string(problem.other));
        }
        EXPECT_EQ(got, row.expected);
        EXPECT_EQ(built.zone == nullptr, row.refused);
    }
}

TEST(ZoneBuilder, MergesAnRRsetToItsLowestTtl) {
    const BuiltZone built = build(
        records({"@ 1 SOA a b 1 2 3 4 5", "x 9 A 10.0.0.1", "x 5 A 10.0.0.2", "x 7 A 10.0.0.1"}));
    ASSERT_TRUE(built.zone);
    const NodeView node = built.zone->find_node(name("x.example."));
    EXPECT_EQ(node.find(RrType::A).ttl(), 5U);
    EXPECT_EQ(node.find(RrType::A).count(), 2U);
}

TEST(ZoneBuilder, RefusesRecordsThatCannotBeStored) {
    ZoneBuilder builder(name("example."));
    const std::uint8_t address[] = {10, 0, 0, 1};
    EXPECT_EQ(builder.add(name("example.org."), RrType::A, 1, address).error(),
              ZoneFault::out_of_zone);
    EXPECT_EQ(builder.add(name("xexample."), RrType::A, 1, address).error(),
              ZoneFault::out_of_zone);
    EXPECT_EQ(builder.add(name("example."), RrType::ANY, 1, address).error(), ZoneFault::meta_type);
    EXPECT_EQ(builder.add(name("example."), RrType::OPT, 1, address).error(), ZoneFault::meta_type);
    EXPECT_EQ(builder.add(name("example."), RrType::SOA, 1, address).error(),
              ZoneFault::rdata_size);
    const std::vector<std::uint8_t> long_rdata(65536);
    EXPECT_EQ(builder.add(name("example."), RrType::TXT, 1, long_rdata).error(),
              ZoneFault::rdata_size);
    EXPECT_EQ(builder.record_count(), 0U);
}

TEST(ZoneBuilder, BoundsWhatOneNameHolds) {
    const Bounds bounds{.types_per_name = 2, .records_per_rrset = 3};
    const auto faults = [&](std::initializer_list<std::string_view> lines) {
        std::vector<Record> all = records({"@ 1 SOA a b 1 2 3 4 5"});
        for (const Record& each : records(lines)) all.push_back(each);
        std::vector<std::string> out;
        for (const ZoneProblem& problem : build(all, "example.", bounds).problems) {
            out.emplace_back(fault_name(problem.fault));
        }
        return out;
    };
    EXPECT_THAT(faults({"x 1 A 10.0.0.1", "x 1 A 10.0.0.2", "x 1 A 10.0.0.3", "x 1 TXT a"}),
                ElementsAre());
    EXPECT_THAT(faults({"x 1 A 10.0.0.1", "x 1 A 10.0.0.2", "x 1 A 10.0.0.3", "x 1 A 10.0.0.4"}),
                ElementsAre("too_many_records"));
    EXPECT_THAT(faults({"x 1 A 10.0.0.1", "x 1 TXT a", "x 1 AAAA ::1"}),
                ElementsAre("too_many_types"));
}

TEST(ZoneBuilder, RefusesAnRRsetThatFitsInNoMessage) {
    std::vector<Record> all = records({"@ 1 SOA a b 1 2 3 4 5"});
    Record big{name("x.example."), RrType::NULL_, 1, std::vector<std::uint8_t>(30000), {}};
    for (std::uint8_t i = 0; i < 2; ++i) {
        big.rdata[0] = i;
        all.push_back(big);
    }
    EXPECT_TRUE(build(all).zone);
    big.rdata.assign(5300, 2);  // 65,336 of 65,264 with 12 bytes for each record
    all.push_back(big);
    const BuiltZone built = build(all);
    ASSERT_EQ(built.problems.size(), 1U);
    EXPECT_EQ(built.problems[0].fault, ZoneFault::rrset_too_large);
    EXPECT_EQ(built.problems[0].tag, 4U);
}

TEST(ZoneBuilder, KeepsRecordsOfDifferentSizesAndTheirProvenance) {
    std::vector<Record> all =
        records({"@ 1 SOA a b 1 2 3 4 5", "x 1 TXT abc", "x 1 TXT defgh", "x 1 A 10.0.0.1"});
    all[2].provenance = {7, 8, 1234567890};
    const ZonePtr built = build(all).zone;
    ASSERT_TRUE(built);
    const RrSetView txt = built->find_node(name("x.example.")).find(RrType::TXT);
    ASSERT_EQ(txt.count(), 2U);
    EXPECT_EQ(as_text(txt.rdata(0)), "\3abc");
    EXPECT_EQ(as_text(txt.rdata(1)), "\5defgh");
    EXPECT_EQ(txt.provenance(0), Provenance{});
    EXPECT_EQ(txt.provenance(1), (Provenance{7, 8, 1234567890}));
    const RrSetView a = built->find_node(name("x.example.")).find(RrType::A);
    EXPECT_EQ(a.provenance(0), Provenance{});
    EXPECT_FALSE(built->find_node(name("x.example.")).find(RrType::AAAA));
}

TEST(ZoneBuilder, LetsEverySignatureHaveTheTtlOfWhatItCovers) {
    // RFC 4034 §3: an RRSIG has the TTL of its RRset, so signatures of one name differ.
    const std::vector<Record> all = records({
        "@ 300 SOA a b 1 2 3 4 5",
        "@ 300 RRSIG SOA 13 1 300 20300101000000 20290101000000 1 example. AAAA",
        "@ 60 RRSIG NSEC 13 1 60 20300101000000 20290101000000 1 example. AAAA",
    });
    const BuiltZone built = build(all);
    ASSERT_TRUE(built.zone);
    EXPECT_TRUE(built.problems.empty());
    const RrSetView rrsigs = built.zone->apex_node().find(RrType::RRSIG);
    EXPECT_EQ(rrsigs.ttl(), 60U);
    EXPECT_EQ(rrsigs.record_ttl(rrsigs.rdata(0)), 300U);
    EXPECT_EQ(rrsigs.record_ttl(rrsigs.rdata(1)), 60U);
    const ZoneChange change{name("example."), 1, 2, {all[1]}, {}};
    const auto changed = apply_change(built.zone, change);
    ASSERT_TRUE(changed.has_value());
    const ZoneChange back = difference(**changed, *built.zone);
    ASSERT_EQ(back.added.size(), 2U);  // the SOA and its signature
    EXPECT_EQ(back.added[1].ttl, 300U);
}

TEST(ZoneBuilder, HoldsTheRootZone) {
    const ZonePtr root = zone({"com 1 NS a.gtld", "a.gtld 1 A 10.0.0.1"}, ".");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->apex_labels(), 1);
    EXPECT_TRUE(root->find(dns::LookupName(name("www.example.com."))).cut);
    EXPECT_TRUE(root->find_node(name("A.GTLD.")));
}

}  // namespace
}  // namespace kith::zone::test
