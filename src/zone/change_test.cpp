#include "zone/change.hpp"

#include <gmock/gmock.h>

#include "zone/zone_testing.hpp"

namespace kith::zone::test {
namespace {

using ::testing::ElementsAre;
using Lines = std::initializer_list<std::string_view>;

ZoneChange change(Lines removed, Lines added, std::uint32_t from = 1, std::uint32_t to = 2) {
    return {name("example."), from, to, records(removed), records(added)};
}

constexpr std::string_view soa_2 = "example. 300 SOA ns.example. hostmaster.example. 2 2 3 4 5";

struct Applied {
    const char* why;
    std::initializer_list<std::string_view> zone, removed, added;
    std::vector<std::string_view> expected;  // without the SOA, which has serial 2
};

const Applied applied_rows[] = {
    {"nothing but the serial", {"a 1 A 10.0.0.1"}, {}, {}, {"a.example. 1 A 10.0.0.1"}},
    {"a new name", {}, {}, {"a 1 A 10.0.0.1"}, {"a.example. 1 A 10.0.0.1"}},
    {"a new name brings empty non-terminals",
     {},
     {},
     {"a.b.c 1 A 10.0.0.1"},
     {"c.example. -", "b.c.example. -", "a.b.c.example. 1 A 10.0.0.1"}},
    {"they go with the last name below", {"a.b.c 1 A 10.0.0.1"}, {"a.b.c 1 A 10.0.0.1"}, {}, {}},
    {"but not when another name is below",
     {"a.b.c 1 A 10.0.0.1", "x.c 1 TXT x"},
     {"a.b.c 1 A 10.0.0.1"},
     {},
     {"c.example. -", "x.c.example. 1 TXT \"x\""}},
    {"and not when they have records",
     {"a.b.c 1 A 10.0.0.1", "c 1 TXT x"},
     {"a.b.c 1 A 10.0.0.1"},
     {},
     {"c.example. 1 TXT \"x\""}},
    {"a name with names below becomes empty",
     {"a.b 1 A 10.0.0.1", "b 1 TXT x"},
     {"b 1 TXT x"},
     {},
     {"b.example. -", "a.b.example. 1 A 10.0.0.1"}},
    {"an empty non-terminal gets records",
     {"a.b 1 A 10.0.0.1"},
     {},
     {"b 1 TXT x"},
     {"b.example. 1 TXT \"x\"", "a.b.example. 1 A 10.0.0.1"}},
    {"TTL does not matter to removal",
     {"a 1 A 10.0.0.1", "a 1 A 10.0.0.2"},
     {"a 9 A 10.0.0.1"},
     {},
     {"a.example. 1 A 10.0.0.2"}},
    {"nor does the case of names", {"a 1 MX 1 Mail"}, {"A 1 MX 1 mAIL"}, {}, {}},
    {"the TTL added last holds for the RRset",
     {"a 1 A 10.0.0.1"},
     {},
     {"a 9 A 10.0.0.2"},
     {"a.example. 9 A 10.0.0.1", "a.example. 9 A 10.0.0.2"}},
    {"adding what is there only sets its TTL",
     {"a 1 A 10.0.0.1"},
     {},
     {"a 9 A 10.0.0.1"},
     {"a.example. 9 A 10.0.0.1"}},
    {"removals come first",
     {"a 1 CNAME b"},
     {"a 1 CNAME b"},
     {"a 1 A 10.0.0.1"},
     {"a.example. 1 A 10.0.0.1"}},
    {"a wildcard is known to its parent",
     {"w 1 TXT x"},
     {},
     {"*.w 1 A 10.0.0.1"},
     {"w.example. 1 TXT \"x\" [w]", "*.w.example. 1 A 10.0.0.1"}},
    {"until it goes",
     {"w 1 TXT x", "*.w 1 A 10.0.0.1"},
     {"*.w 1 A 10.0.0.1"},
     {},
     {"w.example. 1 TXT \"x\""}},
    {"and its parent goes with it", {"*.w 1 A 10.0.0.1"}, {"*.w 1 A 10.0.0.1"}, {}, {}},
    {"NS hides what is below",
     {"a.s 1 A 10.0.0.1", "b.a.s 1 A 10.0.0.2", "t 1 A 10.0.0.3"},
     {},
     {"s 1 NS a.s"},
     {"s.example. 1 NS a.s.example. [c]", "a.s.example. 1 A 10.0.0.1 [o]",
      "b.a.s.example. 1 A 10.0.0.2 [o]", "t.example. 1 A 10.0.0.3"}},
    {"and shows it again when it goes",
     {"s 1 NS a.s", "a.s 1 A 10.0.0.1", "c.s 1 NS x", "y.c.s 1 A 10.0.0.2"},
     {"s 1 NS a.s"},
     {},
     {"s.example. -", "a.s.example. 1 A 10.0.0.1", "c.s.example. 1 NS x.example. [c]",
      "y.c.s.example. 1 A 10.0.0.2 [o]"}},
    {"one of two NS keeps the cut",
     {"s 1 NS a", "s 1 NS b", "x.s 1 TXT x"},
     {"s 1 NS a"},
     {},
     {"s.example. 1 NS b.example. [c]", "x.s.example. 1 TXT \"x\" [o]"}},
    {"DNAME hides what is below",
     {"x.o 1 TXT x"},
     {},
     {"o 1 DNAME n"},
     {"o.example. 1 DNAME n.example. [d]", "x.o.example. 1 TXT \"x\" [o]"}},
    {"a new name below a cut is hidden",
     {"s 1 NS a"},
     {},
     {"x.y.s 1 TXT x"},
     {"s.example. 1 NS a.example. [c]", "y.s.example. - [o]", "x.y.s.example. 1 TXT \"x\" [o]"}},
    {"the owner keeps the case it had",
     {"Abc 1 A 10.0.0.1"},
     {},
     {"aBC 1 A 10.0.0.2"},
     {"Abc.example. 1 A 10.0.0.1", "Abc.example. 1 A 10.0.0.2"}},
};

TEST(Apply, MakesTheNextVersion) {
    for (const Applied& row : applied_rows) {
        SCOPED_TRACE(row.why);
        const ZonePtr base = zone(row.zone);
        const std::vector<std::string> before = dump(*base);
        const auto next = apply_change(base, change(row.removed, row.added));
        ASSERT_TRUE(next.has_value()) << fault_text(next.error().fault);
        std::vector<std::string> expected{std::string(soa_2)};
        expected.insert(expected.end(), row.expected.begin(), row.expected.end());
        EXPECT_EQ(dump(**next), expected);
        EXPECT_EQ((*next)->serial(), 2U);
        EXPECT_EQ((*next)->node_count(), [&] {
            std::size_t nodes = 0;
            (*next)->for_each_in_order([&](const Name&, NodeView) { ++nodes; });
            return nodes;
        }());
        EXPECT_EQ(dump(*base), before);
    }
}

struct Refused {
    const char* why;
    ZoneChange change;
    ZoneFault fault;
    std::string_view owner;
};

TEST(Apply, RefusesAndLeavesTheZone) {
    const Refused rows[] = {
        {"another zone",
         {name("example.org."), 1, 2, {}, {}},
         ZoneFault::wrong_zone,
         "example.org."},
        {"another serial", change({}, {}, 7, 8), ZoneFault::wrong_serial, "example."},
        {"a SOA with another serial than the change", change({soa_1}, {"@ 1 SOA a b 9 2 3 4 5"}),
         ZoneFault::wrong_serial, "example."},
        {"the SOA goes", change({soa_1}, {}), ZoneFault::no_soa, "example."},
        {"a second SOA", change({}, {"@ 1 SOA a b 2 2 3 4 5"}), ZoneFault::second_soa, "example."},
        {"a SOA below", change({}, {"x 1 SOA a b 2 2 3 4 5"}), ZoneFault::soa_below_apex,
         "x.example."},
        {"a record that is not there", change({"a 1 A 10.0.0.9"}, {}), ZoneFault::not_there,
         "a.example."},
        {"a name that is not there", change({"z 1 A 10.0.0.9"}, {}), ZoneFault::not_there,
         "z.example."},
        {"removed twice", change({"a 1 A 10.0.0.1", "a 1 A 10.0.0.1"}, {}), ZoneFault::not_there,
         "a.example."},
        {"out of the zone", change({}, {"x.org. 1 A 10.0.0.1"}), ZoneFault::out_of_zone, "x.org."},
        {"CNAME beside other data",
         change({"c 1 CNAME a"}, {"b 1 TXT x", "c 1 CNAME a", "c 1 TXT x"}),
         ZoneFault::cname_and_other, "c.example."},
        {"a second CNAME", change({}, {"c 1 CNAME b"}), ZoneFault::second_cname, "c.example."},
        {"a fault after other names have changed",
         change({"a 1 A 10.0.0.1"}, {"b.b 1 A 10.0.0.1", "c 1 TXT x"}), ZoneFault::cname_and_other,
         "c.example."},
        {"a DNAME at a cut", change({}, {"s 1 DNAME a"}), ZoneFault::dname_at_cut, "s.example."},
    };
    const ZonePtr base = zone({"a 1 A 10.0.0.1", "c 1 CNAME a", "s 1 NS a"});
    const std::vector<std::string> before = dump(*base);
    for (const Refused& row : rows) {
        SCOPED_TRACE(row.why);
        const auto next = apply_change(base, row.change);
        ASSERT_FALSE(next.has_value());
        EXPECT_EQ(next.error().fault, row.fault) << fault_text(next.error().fault);
        EXPECT_EQ(next.error().owner, name(row.owner));
        EXPECT_EQ(dump(*base), before);
    }
    EXPECT_TRUE(apply_change(base, change({"a 1 A 10.0.0.1"}, {})).has_value());
}

TEST(Apply, TakesASoaWithTheSerialOfTheChange) {
    const auto next = apply_change(zone({}), change({soa_1}, {"@ 60 SOA other who 2 6 7 8 9"}));
    ASSERT_TRUE(next.has_value());
    EXPECT_THAT(dump(**next), ElementsAre("example. 60 SOA other.example. who.example. 2 6 7 8 9"));
}

TEST(Apply, BoundsWhatGrows) {
    const Bounds bounds{.types_per_name = 2, .records_per_rrset = 2};
    const ZonePtr base = zone({"x 1 A 10.0.0.1", "x 1 A 10.0.0.2", "x 1 A 10.0.0.3",
                               "y 1 A 10.0.0.1", "y 1 TXT a", "y 1 AAAA ::1"});
    const auto fault = [&](Lines removed, Lines added) {
        const auto next = apply_change(base, change(removed, added), bounds);
        return next ? "fine" : std::string(fault_name(next.error().fault));
    };
    EXPECT_EQ(fault({}, {"x 1 A 10.0.0.4"}), "too_many_records");
    EXPECT_EQ(fault({"x 1 A 10.0.0.1"}, {"x 1 A 10.0.0.4"}), "fine");  // not more than before
    EXPECT_EQ(fault({"x 1 A 10.0.0.1"}, {}), "fine");
    EXPECT_EQ(fault({}, {"x 1 TXT a"}), "fine");
    EXPECT_EQ(fault({}, {"y 1 MX 1 a"}), "too_many_types");
    EXPECT_EQ(fault({}, {"y 1 TXT b"}), "fine");
    EXPECT_EQ(fault({}, {"z 1 A 10.0.0.1", "z 1 A 10.0.0.2", "z 1 A 10.0.0.3"}),
              "too_many_records");
}

TEST(Apply, KeepsProvenanceAndOneLabelWildcards) {
    ZoneBuilder builder(name("example."));
    for (const Record& each : records({soa_1, "*.w 1 A 10.0.0.1"})) {
        ASSERT_TRUE(builder.add(each.owner, each.type, each.ttl, each.rdata));
    }
    builder.set_one_label_wildcard(name("*.w.example."));
    ZoneChange add = change({}, {"*.w 1 A 10.0.0.2"});
    add.added[0].provenance = {3, 4, 5};
    const auto next = apply_change(builder.finish().zone, add);
    ASSERT_TRUE(next.has_value());
    const NodeView node = (*next)->find_node(name("*.w.example."));
    EXPECT_TRUE(node.one_label_wildcard());
    EXPECT_EQ(node.find(RrType::A).provenance(0), Provenance{});
    EXPECT_EQ(node.find(RrType::A).provenance(1), (Provenance{3, 4, 5}));
}

TEST(Apply, CopiesTheZoneWhenItsVersionHasASuccessor) {
    const ZonePtr base = zone({"a 1 A 10.0.0.1"});
    const auto one = apply_change(base, change({}, {"b 1 TXT one"}));
    const auto two = apply_change(base, change({"a 1 A 10.0.0.1"}, {"b 1 TXT two"}));
    ASSERT_TRUE(one.has_value() && two.has_value());
    EXPECT_THAT(dump(**one),
                ElementsAre(soa_2, "a.example. 1 A 10.0.0.1", "b.example. 1 TXT \"one\""));
    EXPECT_THAT(dump(**two), ElementsAre(soa_2, "b.example. 1 TXT \"two\""));
    EXPECT_THAT(dump(*base), ElementsAre(soa_1, "a.example. 1 A 10.0.0.1"));
}

TEST(Difference, IsWhatChanged) {
    const ZonePtr from = zone({"a 1 A 10.0.0.1", "a 1 A 10.0.0.2", "b 1 TXT x", "t 1 A 10.0.0.3"});
    const auto applied = apply_change(
        from, change({"a 1 A 10.0.0.2", "b 1 TXT x"}, {"c 1 TXT y", "t 2 A 10.0.0.3"}));
    ASSERT_TRUE(applied.has_value());
    const ZoneChange got = difference(*from, **applied);
    EXPECT_EQ(got.from_serial, 1U);
    EXPECT_EQ(got.to_serial, 2U);
    EXPECT_EQ(got.removed, records({soa_1, "a 1 A 10.0.0.2", "b 1 TXT x", "t 1 A 10.0.0.3"}));
    EXPECT_EQ(got.added, records({soa_2, "c 1 TXT y", "t 2 A 10.0.0.3"}));
    const ZoneChange none = difference(*from, *from);
    EXPECT_TRUE(none.removed.empty() && none.added.empty());
}

}  // namespace
}  // namespace kith::zone::test
