// Catalog zones: read, compared, written.

#include <gtest/gtest.h>

#include "transfer/catalog.hpp"
#include "transfer/transfer_testing.hpp"

namespace kith::transfer::test {
namespace {

using zone::test::name;
using zone::test::record;

zone::ZonePtr catalog(const std::vector<std::string>& lines, bool versioned = true) {
    std::vector<zone::Record> all = {record(soa_line(1), name("example.")),
                                     record("@ 0 NS invalid.", name("example."))};
    if (versioned) all.push_back(record("version 0 TXT 2", name("example.")));
    for (const std::string& line : lines) all.push_back(record(line, name("example.")));
    return zone::test::build(all).zone;
}

CatalogMember member(std::string_view zone, std::string_view id) {
    return {name(zone), std::string(id), {}, {}};
}

TEST(Catalog, ReadsMembersAndTheirProperties) {
    const auto members = read_catalog(*catalog({
        "UNIQ-1.zones 0 PTR Example.COM.",
        "group.uniq-1.zones 0 TXT blue",
        "group.uniq-1.zones 0 TXT red pale",
        "uniq-2.ZONES 0 PTR example.net.",
        "coo.uniq-2.zones 0 PTR New.Catalog.",
        "color.ext.uniq-2.zones 0 TXT custom",
        "uniq-3.zones 0 TXT no-pointer",
        "group.uniq-4.zones 0 TXT nobody",
        "zones 0 TXT hello",
        "other 0 PTR example.org.",
    }));
    ASSERT_TRUE(members.has_value()) << members.error().text;
    ASSERT_EQ(members->size(), 2U);
    const CatalogMember& first = members->at(name("example.com."));
    EXPECT_EQ(first.id, "uniq-1") << "labels compare without case";
    const std::vector<std::string> groups = {"\3red\4pale", group_rdata("blue")};
    EXPECT_EQ(first.groups, groups);
    EXPECT_FALSE(first.new_owner);
    EXPECT_EQ(members->at(name("example.net.")).new_owner, name("new.catalog."));
}

TEST(Catalog, RefusesABrokenOne) {
    const struct {
        std::vector<std::string> lines;
        bool versioned;
        std::string_view owner;
        std::string_view why;
    } rows[] = {
        {{}, false, "example.", "no version (RFC 9432 §4.2.1)"},
        {{"version 0 TXT 1"}, false, "version.example.", "an old version"},
        {{"version 0 TXT 2 3"}, false, "version.example.", "two strings"},
        {{"version 0 TXT 3"}, true, "version.example.", "two versions"},
        {{"a.zones 0 PTR x.", "a.zones 0 PTR y."},
         true,
         "a.zones.example.",
         "two PTR records (§4.1)"},
        {{"a.zones 0 PTR x.", "b.zones 0 PTR X."}, true, "x.", "a member twice (§4.1)"},
        {{"a.zones 0 PTR x.", "coo.a.zones 0 PTR c.", "coo.a.zones 0 PTR d."},
         true,
         "coo.a.zones.example.",
         "two owners (§4.3.1)"},
        {{"a.zones 0 PTR ."}, true, "a.zones.example.", "the root"},
    };
    for (const auto& row : rows) {
        const auto members = read_catalog(*catalog(row.lines, row.versioned));
        ASSERT_FALSE(members.has_value()) << row.why;
        EXPECT_EQ(members.error().owner.to_text(), row.owner) << row.why;
        EXPECT_FALSE(members.error().text.empty()) << row.why;
    }
}

TEST(Catalog, PlansWhatChanges) {
    const dns::Name ours = name("catalog.");
    CatalogMember gives = member("taken.", "t");
    gives.new_owner = ours;
    CatalogMember grouped = member("grouped.", "g");
    grouped.groups = {group_rdata("new")};
    const std::map<dns::Name, Ownership> owned = {
        {name("same."), {ours, member("same.", "s")}},
        {name("gone."), {ours, member("gone.", "x")}},
        {name("reset."), {ours, member("reset.", "old")}},
        {name("grouped."), {ours, member("grouped.", "g")}},
        {name("taken."), {name("other."), gives}},
        {name("kept."), {name("other."), member("kept.", "k")}},
        {name("configured."), {dns::Name(), {}}},
    };
    CatalogMembers next;
    for (const CatalogMember& each :
         {member("same.", "s"), member("reset.", "new"), grouped, member("taken.", "t"),
          member("kept.", "k"), member("configured.", "c"), member("added.", "a")}) {
        next.emplace(each.zone, each);
    }
    const CatalogPlan plan = plan_catalog(ours, next, owned);
    EXPECT_EQ(plan.add, std::vector{member("added.", "a")});
    EXPECT_EQ(plan.remove, std::vector{name("gone.")})
        << "and nothing of other catalogs (RFC 9432 §5.3)";
    EXPECT_EQ(plan.reset, std::vector{member("reset.", "new")}) << "§5.4";
    EXPECT_EQ(plan.take, std::vector{member("taken.", "t")}) << "given away with coo (§4.3.1)";
    EXPECT_EQ(plan.regroup, std::vector{grouped});
    EXPECT_EQ(plan.conflicts, (std::vector{name("configured."), name("kept.")})) << "§5.2";
    EXPECT_TRUE(plan_catalog(ours, {}, {}).is_empty());
}

TEST(Catalog, ReadsWhatItWrites) {
    CatalogMembers members;
    for (int i = 0; i < 100; ++i) {
        CatalogMember each = member("zone" + std::to_string(i) + ".test.", "");
        each.id = member_id(each.zone, 1);
        if (i % 3 == 0) each.groups = {group_rdata("a"), group_rdata("b")};
        if (i % 7 == 0) each.new_owner = name("elsewhere.");
        members.emplace(each.zone, each);
    }
    const zone::BuiltZone built = zone::test::build(write_catalog(name("example."), 77, members));
    ASSERT_NE(built.zone, nullptr);
    EXPECT_EQ(built.zone->serial(), 77U);
    const auto read = read_catalog(*built.zone);
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_EQ(*read, members);
}

TEST(Catalog, NeedsRoomInFrontOfItsName) {
    const std::string labels(63, 'a');
    const std::string longest =
        labels + "." + labels + "." + labels + "." + std::string(32, 'b') + ".";
    EXPECT_EQ(name(longest).size(), catalog_name_bytes_max);
    EXPECT_TRUE(may_be_catalog(name(longest)));
    EXPECT_FALSE(may_be_catalog(name("c." + longest)));
    CatalogMember each = member("zone.test.", member_id(name("zone.test."), 0));
    each.groups = {group_rdata("a")};
    each.new_owner = name("elsewhere.");
    const CatalogMembers members{{each.zone, each}};
    const zone::BuiltZone built =
        zone::test::build(write_catalog(name(longest), 1, members), longest);
    ASSERT_NE(built.zone, nullptr);
    EXPECT_EQ(read_catalog(*built.zone), members);
}

TEST(Catalog, IdsStayAndDiffer) {
    EXPECT_EQ(member_id(name("example."), 0), member_id(name("EXAMPLE."), 0));
    EXPECT_NE(member_id(name("example."), 0), member_id(name("example."), 1));
    EXPECT_NE(member_id(name("example."), 0), member_id(name("example2."), 0));
    EXPECT_EQ(member_id(name("example."), 0).size(), 16U);
}

}  // namespace
}  // namespace kith::transfer::test
