#include "zone/zone.hpp"

#include <gmock/gmock.h>

#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

using ::testing::ElementsAre;

std::string owner_of(const Zone& zone, NodeView node) {
    return node ? node.owner(zone.apex()).to_text() : "-";
}

struct Find {
    const char* why;
    std::string_view query;
    // exact, encloser, cut, dname, wildcard; "-": none
    std::vector<std::string> expected;
};

const Find find_rows[] = {
    {"the apex", "example.", {"example.", "example.", "-", "-", "-"}},
    {"a name", "host.example.", {"host.example.", "host.example.", "-", "-", "-"}},
    {"a name in another case", "HoSt.ExAmPlE.", {"host.example.", "host.example.", "-", "-", "-"}},
    {"an empty non-terminal", "ent.example.", {"ent.example.", "ent.example.", "-", "-", "-"}},
    {"no such name", "none.example.", {"-", "example.", "-", "-", "*.example."}},
    {"no such name below a name", "a.b.host.example.", {"-", "host.example.", "-", "-", "-"}},
    {"below an empty non-terminal there is no wildcard of the apex",
     "x.ent.example.",
     {"-", "ent.example.", "-", "-", "-"}},
    {"the wildcard itself", "*.example.", {"*.example.", "*.example.", "-", "-", "-"}},
    {"below the wildcard", "x.*.example.", {"-", "*.example.", "-", "-", "-"}},
    {"the wildcard covers several labels",
     "a.b.c.wild.example.",
     {"-", "wild.example.", "-", "-", "*.wild.example."}},
    {"an empty wildcard is one too",
     "x.ew.example.",
     {"-", "ew.example.", "-", "-", "*.ew.example."}},
    {"a cut itself", "sub.example.", {"sub.example.", "sub.example.", "sub.example.", "-", "-"}},
    {"glue", "ns.sub.example.", {"ns.sub.example.", "ns.sub.example.", "sub.example.", "-", "-"}},
    {"below a cut", "www.sub.example.", {"-", "sub.example.", "sub.example.", "-", "-"}},
    {"below glue", "a.ns.sub.example.", {"-", "ns.sub.example.", "sub.example.", "-", "-"}},
    {"a cut below a cut: the topmost counts",
     "x.deep.sub.example.",
     {"-", "deep.sub.example.", "sub.example.", "-", "-"}},
    {"a DNAME itself is not hidden",
     "old.example.",
     {"old.example.", "old.example.", "-", "-", "-"}},
    {"below a DNAME", "x.old.example.", {"-", "old.example.", "-", "old.example.", "-"}},
    {"a name below a DNAME",
     "there.old.example.",
     {"there.old.example.", "there.old.example.", "-", "old.example.", "-"}},
    {"a cut below a DNAME",
     "x.cut.old.example.",
     {"-", "cut.old.example.", "-", "old.example.", "-"}},
    {"a DNAME below a cut",
     "x.dn.sub.example.",
     {"-", "dn.sub.example.", "sub.example.", "-", "-"}},
    {"labels of one name do not begin another",
     "ost.example.",
     {"-", "example.", "-", "-", "*.example."}},
    {"a byte that is a letter's neighbor",
     "hos[.example.",
     {"-", "example.", "-", "-", "*.example."}},
};

ZonePtr sample() {
    return zone({"@ 1 NS ns", "host 1 A 10.0.0.1", "a.ent 1 A 10.0.0.2", "* 1 TXT all",
                 "*.wild 1 TXT wild", "x.*.ew 1 TXT below", "sub 1 NS ns.sub",
                 "ns.sub 1 A 10.0.0.3", "deep.sub 1 NS x", "old 1 DNAME new",
                 "there.old 1 TXT hidden", "cut.old 1 NS x", "dn.sub 1 DNAME y"});
}

TEST(ZoneFind, TellsWhatTheAnswerNeeds) {
    const ZonePtr zone = sample();
    for (const Find& row : find_rows) {
        SCOPED_TRACE(row.why);
        const Lookup found = zone->find(dns::LookupName(name(row.query)));
        const std::vector<std::string> got = {
            owner_of(*zone, found.exact), owner_of(*zone, found.encloser),
            owner_of(*zone, found.cut), owner_of(*zone, found.dname),
            owner_of(*zone, found.wildcard)};
        EXPECT_EQ(got, row.expected);
        EXPECT_EQ(found.encloser_labels, name(row.expected[1]).label_count());
        EXPECT_EQ(found.cut_labels, found.cut ? name(row.expected[2]).label_count() : 0);
        EXPECT_EQ(found.dname_labels, found.dname ? name(row.expected[3]).label_count() : 0);
    }
}

TEST(ZoneFind, KnowsADnameAtTheApex) {
    const ZonePtr zone = test::zone({"@ 1 DNAME other.", "x 1 TXT hidden"});
    for (const std::string_view query : {"x.example.", "y.example.", "a.b.c.x.example."}) {
        const Lookup found = zone->find(dns::LookupName(name(query)));
        EXPECT_EQ(owner_of(*zone, found.dname), "example.") << query;
        EXPECT_EQ(found.dname_labels, 2);
    }
    EXPECT_FALSE(zone->find(dns::LookupName(name("example."))).dname);
}

TEST(ZoneFind, FindsTheEncloserOfTheDeepestNames) {
    // 120 labels above the apex exist, or only the first of them.
    std::string deep;
    for (int i = 0; i < 120; ++i) deep += "a.";
    const std::string shallow = "a.example.";
    const std::string query = "x.a.a.a." + deep + "e.";  // 124 labels below e.
    const ZonePtr tall = zone({deep + "e. 1 TXT x"}, "e.");
    EXPECT_EQ(tall->node_count(), 121U);
    const Lookup found = tall->find(dns::LookupName(name(query)));
    EXPECT_FALSE(found.exact);
    EXPECT_EQ(found.encloser_labels, 122);
    EXPECT_EQ(owner_of(*tall, found.encloser), deep + "e.");
    const ZonePtr flat = zone({"a 1 TXT x"}, "e.");
    EXPECT_EQ(owner_of(*flat, flat->find(dns::LookupName(name(query))).encloser), "a.e.");
}

TEST(ZoneFind, FindsExactNamesOnly) {
    const ZonePtr zone = sample();
    EXPECT_EQ(owner_of(*zone, zone->find_node(name("NS.SUB.example."))), "ns.sub.example.");
    EXPECT_EQ(owner_of(*zone, zone->find_node(name("example."))), "example.");
    EXPECT_FALSE(zone->find_node(name("nothing.example.")));
    EXPECT_FALSE(zone->find_node(name("example.org.")));
    EXPECT_FALSE(zone->find_node(name("host.example.org.")));
    EXPECT_FALSE(zone->find_node(name(".")));
}

struct Predecessor {
    const char* why;
    std::string_view query, expected;
};

const Predecessor predecessor_rows[] = {
    {"nothing is before the apex", "example.", "-"},
    {"before all but the apex", "\\000.example.", "example."},
    {"of a name that exists", "host.example.", "x.*.ew.example."},
    {"below a name", "a.host.example.", "host.example."},
    {"after all", "zzz.example.", "*.wild.example."},
    {"case does not count", "HOST.example.", "x.*.ew.example."},
};

TEST(ZoneOrder, FindsThePredecessor) {
    const ZonePtr zone = sample();
    for (const Predecessor& row : predecessor_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(owner_of(*zone, zone->predecessor(name(row.query))), row.expected);
    }
}

TEST(ZoneOrder, WalksBothWaysOverManyPages) {
    ZoneBuilder builder(name("e."));
    const auto soa = records({"@ 1 SOA a b 1 2 3 4 5"}, "e.");
    ASSERT_TRUE(builder.add(soa[0].owner, soa[0].type, 1, soa[0].rdata));
    constexpr int count = 10000;  // three levels of pages
    const std::uint8_t address[] = {10, 0, 0, 1};
    for (int i = 0; i < count; ++i) {
        const int mixed = i * 7919 % count;  // 7919 is prime: every number once
        ASSERT_TRUE(
            builder.add(name(std::to_string(10000 + mixed) + ".e."), RrType::A, 1, address));
    }
    const ZonePtr zone = builder.finish().zone;
    ASSERT_TRUE(zone);
    Cursor at = zone->first();
    at.next();
    for (int i = 0; i < count; ++i, at.next()) {
        ASSERT_TRUE(at);
        ASSERT_EQ(owner_of(*zone, at.node()), std::to_string(10000 + i) + ".e.");
    }
    EXPECT_FALSE(at);
    for (int i = count - 1; i >= 0; --i) {
        ASSERT_TRUE(at.previous());
        ASSERT_EQ(owner_of(*zone, at.node()), std::to_string(10000 + i) + ".e.");
    }
    EXPECT_TRUE(at.previous());
    EXPECT_EQ(owner_of(*zone, at.node()), "e.");
    EXPECT_FALSE(at.previous());
    EXPECT_EQ(owner_of(*zone, zone->lower_bound(name("15000x.e.")).node()), "15001.e.");
    EXPECT_FALSE(zone->lower_bound(name("z.e.")));
}

TEST(ZoneMemory, TakesLittleForOneAddress) {
    ZoneBuilder builder(name("example.com."));
    const auto soa = records({"@ 1 SOA a b 1 2 3 4 5"}, "example.com.");
    ASSERT_TRUE(builder.add(soa[0].owner, soa[0].type, 1, soa[0].rdata));
    constexpr int count = 100000;
    for (int i = 0; i < count; ++i) {
        const std::uint8_t address[] = {10, 0, 0, 1};
        ASSERT_TRUE(builder.add(name("host" + std::to_string(100000 + i) + ".example.com."),
                                RrType::A, 1, address));
    }
    const ZonePtr zone = builder.finish().zone;
    ASSERT_TRUE(zone);
    // 29 bytes of node, 8 of order, 8 of index, and the pages' heads: 48.
    EXPECT_LT(zone->memory_bytes(), 52U * count);
}

}  // namespace
}  // namespace kith::zone::test
