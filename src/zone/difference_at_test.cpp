#include "zone/difference_at.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "zone/zone_testing.hpp"

namespace kith::zone {
namespace {

using test::name;
using test::records;

ZonePtr applied(const ZonePtr& base, ZoneChange change) {
    change.apex = base->apex();
    change.from_serial = base->serial();
    const auto next = apply_change(base, change);
    EXPECT_TRUE(next.has_value());
    return next ? *next : base;
}

TEST(DifferenceAt, IsTheDifferenceOfWhatItLooksAt) {
    const ZonePtr first = test::zone({"a 300 A 192.0.2.1", "a 300 A 192.0.2.2", "a 60 TXT t",
                                      "b 300 A 192.0.2.1", "x.y 5 TXT t"});
    struct Row {
        const char* why;
        ZoneChange change;
        std::vector<Name> owners;
    };
    const Row rows[] = {
        {"one record of two goes",
         {{}, 0, 2, records({"a 300 A 192.0.2.1"}), {}},
         {name("example."), name("a.example.")}},
        {"a TTL changes for the whole RRset",
         {{}, 0, 2, {}, records({"a 60 A 192.0.2.1"})},
         {name("example."), name("a.example.")}},
        {"a name goes, and the one above it",
         {{}, 0, 2, records({"x.y 5 TXT t"}), {}},
         {name("example."), name("x.y.example.")}},
        {"a name comes",
         {{}, 0, 2, {}, records({"n.e.w 5 TXT t"})},
         {name("example."), name("n.e.w.example.")}},
        {"signatures with TTLs of their own",
         {{},
          0,
          2,
          {},
          records({"a 300 RRSIG A 8 2 300 20300101000000 20200101000000 1 example. AAAA",
                   "a 60 RRSIG TXT 8 2 60 20300101000000 20200101000000 1 example. AAAA"})},
         {name("example."), name("a.example.")}},
        {"two names",
         {{}, 0, 9, records({"b 300 A 192.0.2.1"}), records({"a 60 TXT u"})},
         {name("example."), name("a.example."), name("b.example.")}},
    };
    for (const Row& row : rows) {
        const ZonePtr second = applied(first, row.change);
        const ZoneChange all = difference(*first, *second);
        const ZoneChange some = difference_at(*first, *second, row.owners);
        EXPECT_EQ(some.removed, all.removed) << row.why;
        EXPECT_EQ(some.added, all.added) << row.why;
        for (const Record& record : row.change.added)
            EXPECT_TRUE(std::ranges::count(some.added, record) == 1) << row.why;
        EXPECT_EQ(some.from_serial, 1U);
        EXPECT_EQ(some.to_serial, second->serial());
        EXPECT_FALSE(is_provenance_only(some)) << row.why;
    }
}

TEST(DifferenceAt, TellsALeaseFromAChange) {
    const ZonePtr first = test::zone({"a 300 A 192.0.2.1", "a 300 A 192.0.2.2"});
    ZoneChange renewed{{}, 0, 1, {}, records({"a 300 A 192.0.2.1"})};
    renewed.added[0].provenance.lease_end = 1'800'000'000;
    const ZonePtr second = applied(first, renewed);
    const ZoneChange change =
        difference_at(*first, *second, std::vector<Name>{name("example."), name("a.example.")});
    EXPECT_EQ(change.removed.size(), 1U);
    EXPECT_EQ(change.added.size(), 1U);
    EXPECT_TRUE(is_provenance_only(change));
    EXPECT_TRUE(is_provenance_only({}));
}

}  // namespace
}  // namespace kith::zone
