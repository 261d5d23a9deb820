#include "discovery/dnssd/srv.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace kith::discovery::dnssd {
namespace {

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

Srv srv(std::uint16_t priority, std::uint16_t weight, std::string_view target) {
    return {priority, weight, 80, name(target)};
}

// 6763-04: priority decides, then weight at random (RFC 2782).
TEST(Srv, OrdersByPriorityThenWeight6763_04) {
    SeededRng rng(1);
    std::map<std::string, int> first;
    for (int i = 0; i < 4'000; ++i) {
        std::vector<Srv> records = {srv(20, 65535, "late."), srv(10, 60, "big."),
                                    srv(10, 20, "small."), srv(10, 0, "never.")};
        order_targets(records, rng);
        ASSERT_EQ(records.back().target, name("late."))
            << "a lower priority is last, whatever its weight";
        ++first[records.front().target.to_text()];
    }
    EXPECT_NEAR(first["big."], 3'000, 150) << "three quarters of the weight";
    EXPECT_NEAR(first["small."], 1'000, 150);
    EXPECT_LT(first["never."], 120) << "weight 0: hardly ever chosen before others (1 in 81)";
    EXPECT_GT(first["never."], 0) << "but sometimes";
}

TEST(Srv, OrderHasEveryRecordOnce) {
    SeededRng rng(7);
    std::vector<Srv> records;
    for (std::uint16_t i = 0; i < 16; ++i)
        records.push_back({static_cast<std::uint16_t>(i % 3), i, i, name("h.")});
    std::vector<Srv> ordered = records;
    order_targets(ordered, rng);
    ASSERT_EQ(ordered.size(), records.size());
    for (const Srv& record : records) EXPECT_EQ(std::ranges::count(ordered, record), 1);
}

TEST(Srv, RootMeansNotAvailable) {
    SeededRng rng(7);
    std::vector<Srv> only = {srv(0, 0, ".")};
    order_targets(only, rng);
    EXPECT_EQ(only.size(), 1U);
    std::vector<Srv> both = {srv(0, 0, "."), srv(5, 0, "h.")};
    order_targets(both, rng);
    ASSERT_EQ(both.size(), 1U);
    EXPECT_EQ(both[0].target, name("h."));
}

TEST(Srv, ReadsAndWrites) {
    const Srv record{1, 2, 631, name("h.local.")};
    EXPECT_EQ(record.to_rdata(), (std::vector<std::uint8_t>{0, 1, 0, 2, 2, 119, 1, 'h', 5, 'l', 'o',
                                                            'c', 'a', 'l', 0}));
    EXPECT_EQ(Srv::from_rdata(record.to_rdata()), record);
    std::vector<std::uint8_t> longer = record.to_rdata();
    longer.push_back(0);
    EXPECT_EQ(Srv::from_rdata(longer), std::nullopt) << "bytes behind the name";
    longer.resize(6);
    EXPECT_EQ(Srv::from_rdata(longer), std::nullopt) << "no name";
}

}  // namespace
}  // namespace kith::discovery::dnssd
