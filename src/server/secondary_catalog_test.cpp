// Catalog zones: their members come, go, are reset and change hands while the server runs, and are
// there after a restart.

#include "server/secondary_catalog.hpp"

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using zone::test::name;

class CatalogTest : public testing::Test {
protected:
    CatalogTest() { open(); }
    /// Starts as after a restart: the store is all there is.
    void open() {
        catalogs.reset();
        keeper.reset();
        store.reset();
        done.clear();
        store.emplace(*store::Store::open(folder.path(), store::Access::own));
        keeper.emplace(
            loop, *store, [](std::span<const ZonePtr>) {}, [] { return UnixTime{1000}; });
        catalogs.emplace(loop, *keeper, *store,
                         CatalogZones::Hooks{
                             [](const Name& zone) { return zone == name("configured."); },
                             [this](const Name& zone, const Name& catalog) {
                                 done.push_back("+" + zone.to_text() + catalog.to_text());
                             },
                             [this](const Name& zone) { done.push_back("-" + zone.to_text()); }});
    }
    /// A new version of a catalog.
    void version(std::string_view apex, const std::vector<std::string>& lines) {
        const std::string soa =
            "@ 0 SOA invalid. invalid. " + std::to_string(++serial_) + " 1 1 9 0";
        std::vector<zone::Record> all = {zone::test::record(soa, name(apex)),
                                         zone::test::record("version 0 TXT 2", name(apex))};
        for (const std::string& line : lines) all.push_back(zone::test::record(line, name(apex)));
        const ZonePtr zone = zone::test::build(all, apex).zone;
        if (!keeper->keeps(name(apex))) {
            ASSERT_TRUE(keeper->keep(name(apex), nullptr, {}));
        }
        keeper->replace(zone, {}, [](const Outcome& outcome) {
            ASSERT_EQ(outcome.kind, Outcome::Kind::done) << outcome.text;
        });
        catalogs->on_version(name(apex));
        EXPECT_TRUE(done.empty()) << "not in the middle of the feed";
        loop.turn(0ms);
    }
    std::vector<std::string> take() { return std::exchange(done, {}); }
    using Lines = std::vector<std::string>;

    test::TemporaryFolder folder;
    net::Loop loop;
    std::optional<store::Store> store;
    std::optional<ZoneKeeper> keeper;
    std::optional<CatalogZones> catalogs;
    std::vector<std::string> done;

private:
    std::uint32_t serial_ = 0;
};

TEST_F(CatalogTest, MembersComeAndGo) {
    catalogs->set_catalogs({name("c.")});
    version("c.", {"1.zones 0 PTR a.", "2.zones 0 PTR b."});
    EXPECT_EQ(take(), (Lines{"+a.c.", "+b.c."}));
    version("c.", {"1.zones 0 PTR a.", "3.zones 0 PTR d."});
    EXPECT_EQ(take(), (Lines{"-b.", "+d.c."}));
    version("c.", {"9.zones 0 PTR a.", "3.zones 0 PTR d."});
    EXPECT_EQ(take(), (Lines{"-a.", "+a.c."}))
        << "another unique label: begin anew (RFC 9432 §5.4)";
    ASSERT_NE(catalogs->catalog_of(name("a.")), nullptr);
    EXPECT_EQ(*catalogs->catalog_of(name("a.")), name("c."));
    EXPECT_EQ(catalogs->catalog_of(name("b.")), nullptr);
}

TEST_F(CatalogTest, ABrokenCatalogChangesNothing) {
    catalogs->set_catalogs({name("c.")});
    version("c.", {"1.zones 0 PTR a."});
    take();
    version("c.", {"1.zones 0 PTR b.", "2.zones 0 PTR b."});
    EXPECT_EQ(take(), Lines{});
    EXPECT_EQ(catalogs->counters().broken, 1U);
    version("c.", {"2.zones 0 PTR b."});
    EXPECT_EQ(take(), (Lines{"-a.", "+b.c."})) << "once it is whole again";
}

TEST_F(CatalogTest, WhatOthersHaveStaysTheirs) {
    catalogs->set_catalogs({name("c."), name("d.")});
    version("c.", {"1.zones 0 PTR a.", "2.zones 0 PTR configured."});
    EXPECT_EQ(take(), (Lines{"+a.c."}));
    version("d.", {"1.zones 0 PTR a.", "2.zones 0 PTR d."});
    EXPECT_EQ(take(), Lines{}) << "of another catalog, and the catalog itself (RFC 9432 §5.2)";
    EXPECT_EQ(catalogs->counters().conflicts, 3U);
    version("c.", {"1.zones 0 PTR a.", "coo.1.zones 0 PTR d."});
    EXPECT_EQ(take(), Lines{}) << "given away, and not taken yet";
    version("d.", {"1.zones 0 PTR a."});
    EXPECT_EQ(take(), (Lines{"+a.d."})) << "with its state: the label is the same (§4.3.1)";
    version("c.", {});
    EXPECT_EQ(take(), Lines{}) << "no longer the old owner's to remove (§5.3)";
    version("d.", {});
    EXPECT_EQ(take(), (Lines{"-a."}));
}

TEST_F(CatalogTest, MembersAreThereAfterARestart) {
    catalogs->set_catalogs({name("c.")});
    version("c.", {"1.zones 0 PTR a.", "group.1.zones 0 TXT blue", "coo.1.zones 0 PTR d."});
    open();
    catalogs->set_catalogs({name("c.")});
    EXPECT_EQ(take(), (Lines{"+a.c."})) << "before the catalog is";
    version("c.", {"1.zones 0 PTR a.", "group.1.zones 0 TXT blue", "coo.1.zones 0 PTR d."});
    EXPECT_EQ(take(), Lines{}) << "nothing new: label, group and owner were kept";
    open();
    catalogs->set_catalogs({});
    EXPECT_EQ(take(), Lines{});
    catalogs->set_catalogs({name("other.")});
    EXPECT_EQ(take(), (Lines{"-a."})) << "its catalog is none any more";
}

}  // namespace
}  // namespace kith::server
