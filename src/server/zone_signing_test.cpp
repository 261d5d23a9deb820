#include "server/zone_signing.hpp"

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "net/system.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

TEST(ZoneSigning, FollowsTheMinimumOfTheSoa) {
    const kith::test::TemporaryFolder folder;
    net::Loop loop;
    SeededRng rng(1);
    auto store = store::Store::open(folder.path(), store::Access::own);
    ASSERT_TRUE(store.has_value());
    ZoneKeeper keeper(
        loop, *store, [](std::span<const ZonePtr>) {}, net::unix_now);
    ZoneSigning signing(loop, keeper, *store, rng, net::unix_now);
    const Name apex = zone::test::name("example.");
    auto prepared = signing.prepare(apex, {}, folder.path());
    ASSERT_TRUE(prepared.has_value()) << prepared.error().text;
    KeeperSettings settings;
    settings.sign = prepared->sign;
    ASSERT_TRUE(keeper.keep(apex, zone::test::zone({"@ 60 NS ns", "ns 60 A 192.0.2.1"}), settings)
                    .has_value());
    signing.take(apex, std::move(*prepared));
    signing.watch(apex);
    const auto pass = [&] {
        for (int looks = 0; looks < 5; ++looks) {
            loop.skip(1s);
            loop.turn(0s);
            loop.turn(0s);
        }
    };
    const auto ttl = [&](std::string_view owner) {
        const ZonePtr zone = keeper.serving(apex);
        return zone->find_node(zone::test::name(owner)).find(zone::RrType::NSEC).ttl();
    };
    pass();  // it is found to be as it should be
    ASSERT_EQ(ttl("ns.example."), 5U);
    const ZonePtr zone = keeper.serving(apex);
    const Bytes soa = zone->apex_node().find(zone::RrType::SOA).rdata(0);
    ZoneChange change{apex, 0, 0, {}, {}};
    change.removed.push_back({apex, zone::RrType::SOA, 300, {soa.begin(), soa.end()}, {}});
    change.added.push_back(zone::test::record("@ 300 SOA ns hostmaster 99 2 3 4 50", apex));
    ASSERT_TRUE(keeper.stage(std::move(change), {}, {}).has_value());
    keeper.commit();
    EXPECT_EQ(ttl("example."), 50U);
    EXPECT_EQ(ttl("ns.example."), 5U) << "the rest is spread";
    pass();
    EXPECT_EQ(ttl("ns.example."), 50U) << "without waiting for the hourly look";
}

}  // namespace
}  // namespace kith::server
