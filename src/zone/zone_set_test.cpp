#include "zone/zone_set.hpp"

#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

struct Find {
    const char* why;
    std::string_view query, found, above;  // "-": none; above: the zone on the parent's side
};

const Find find_rows[] = {
    {"an apex", "example.", "example.", "."},
    {"below an apex", "a.b.example.", "example.", "example."},
    {"the longest apex counts", "x.sub.example.", "sub.example.", "sub.example."},
    {"the parent's side of an apex", "sub.example.", "sub.example.", "example."},
    {"case does not count", "X.SUB.EXAMPLE.", "sub.example.", "sub.example."},
    {"a name that ends alike", "xexample.", ".", "."},
    {"the root zone takes the rest", "org.", ".", "."},
    {"the root itself", ".", ".", "-"},
};

TEST(ZoneSet, FindsTheZoneOfAName) {
    const ZoneSet zones(
        {zone({}, "example."), zone({}, "sub.example."), zone({}, "."), zone({}, "a.b.c.d.org.")});
    const auto apex = [](const Zone* found) {
        return found != nullptr ? Name(found->apex()).to_text() : "-";
    };
    for (const Find& row : find_rows) {
        SCOPED_TRACE(row.why);
        const dns::LookupName query(name(row.query));
        EXPECT_EQ(apex(zones.find(query)), row.found);
        EXPECT_EQ(apex(zones.find_above(query, query.label_count())), row.above);
    }
    EXPECT_EQ(zones.find_apex(dns::LookupName(name("x.example."))), nullptr);
    EXPECT_NE(zones.find_apex(dns::LookupName(name("sub.example."))), nullptr);
}

TEST(ZoneSet, MayBeEmpty) {
    const ZoneSet none;
    EXPECT_EQ(none.find(dns::LookupName(name("example."))), nullptr);
    EXPECT_EQ(none.find_apex(dns::LookupName(name("."))), nullptr);
    EXPECT_EQ(ZoneSet(std::vector<ZonePtr>()).find(dns::LookupName(name("."))), nullptr);
}

TEST(ZoneSet, TakesTheLastOfTwoWithOneApex) {
    const ZonePtr first = zone({}, "example.");
    const ZonePtr second = zone({"x 1 TXT y"}, "EXAMPLE.");
    const ZoneSet zones({first, zone({}, "org."), second});
    EXPECT_EQ(zones.find(dns::LookupName(name("example."))), second.get());
    EXPECT_EQ(zones.zones().size(), 2U);
}

TEST(ZoneSet, ReplacesAVersionInOneCopy) {
    const ZonePtr first = zone({}, "example.");
    const ZonePtr other = zone({}, "org.");
    const ZonePtr second = zone({"x 1 TXT y"}, "EXAMPLE.");
    const ZoneSet before({first, other});
    ZoneSet after = before;
    EXPECT_TRUE(after.replace(second));
    EXPECT_FALSE(after.replace(zone({}, "net."))) << "it has no such zone";
    EXPECT_EQ(before.find_apex(dns::LookupName(name("example."))), first.get());
    EXPECT_EQ(after.find_apex(dns::LookupName(name("example."))), second.get());
    EXPECT_EQ(after.find_apex(dns::LookupName(name("org."))), other.get());
    EXPECT_EQ(after.size(), 2U);
    EXPECT_FALSE(ZoneSet().replace(first));
}

TEST(ZoneSet, HoldsApexesOfEveryLength) {
    // From the root to 127 labels, so that every word of the label counts is used.
    std::vector<ZonePtr> all;
    std::vector<std::string> apexes;
    std::string apex = ".";
    for (int labels = 1; labels <= 127; ++labels) {
        apexes.push_back(apex);
        if (labels % 9 == 1) all.push_back(zone({}, apex));
        apex = labels == 1 ? "a." : "a." + apex;
    }
    const ZoneSet zones(all);
    for (int labels = 1; labels <= 127; ++labels) {
        const dns::LookupName query(name(apexes[static_cast<std::size_t>(labels - 1)]));
        ASSERT_NE(zones.find(query), nullptr) << labels;
        EXPECT_EQ(zones.find(query)->apex_labels(), (labels - 1) / 9 * 9 + 1);
    }
}

}  // namespace
}  // namespace kith::zone::test
