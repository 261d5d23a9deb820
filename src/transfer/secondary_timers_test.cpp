// When a secondary asks, whom, and when its zone is too old.

#include <gtest/gtest.h>

#include "transfer/secondary_timers.hpp"

namespace kith::transfer {
namespace {

constexpr SoaNumbers soa{
    .serial = 10, .refresh = 1000, .retry = 100, .expire = 5000, .minimum = 60};
const Time start = Time() + 1h;

TEST(Serials, FollowRfc1982) {
    const struct {
        std::uint32_t a, b;
        SerialOrder expected;
        std::string_view why;
    } rows[] = {
        {1, 1, SerialOrder::equal, "equal"},
        {2, 1, SerialOrder::newer, "one more"},
        {0, 0xffffffffU, SerialOrder::newer, "round the corner"},
        {0x80000000U, 1, SerialOrder::newer, "2^31 - 1 more is the most (§3.1)"},
        {0x80000000U, 0, SerialOrder::undefined, "2^31 is neither (§3.2)"},
        {0, 0x80000000U, SerialOrder::undefined, "nor the other way"},
        {0x80000001U, 0, SerialOrder::older, "beyond it is behind"},
    };
    for (const auto& row : rows) EXPECT_EQ(compare_serials(row.a, row.b), row.expected) << row.why;
}

class Timers : public testing::Test {
protected:
    SecondaryTimers timers(std::size_t primaries = 1) {
        SecondaryTimers out(primaries, {}, rng, now);
        out.on_timer(now);
        return out;
    }
    /// A secondary that has been refreshed now.
    SecondaryTimers fresh(std::size_t primaries = 1) {
        SecondaryTimers out = timers(primaries);
        EXPECT_EQ(out.poll_start(), 0U);
        out.on_refreshed(now, soa, std::nullopt);
        return out;
    }
    static double seconds(Duration duration) {
        return std::chrono::duration<double>(duration).count();
    }

    SeededRng rng{1};
    Time now = start;
};

TEST_F(Timers, StartsAtOnceAndServesNothingBefore) {
    SecondaryTimers it = timers();
    EXPECT_EQ(it.health(), ZoneHealth::absent);
    EXPECT_FALSE(it.expires_at());
    EXPECT_EQ(it.poll_start(), 0U);
    EXPECT_EQ(it.poll_start(), std::nullopt) << "once";
    EXPECT_EQ(it.next_deadline(), std::nullopt) << "the refresh has deadlines of its own";
    it.on_refreshed(now, soa, std::nullopt);
    EXPECT_EQ(it.health(), ZoneHealth::good);
    EXPECT_EQ(it.expire_seconds(now), 5000U);
}

TEST_F(Timers, RefreshesAfterUpToAQuarterLess) {
    double least = 1e9, most = 0;
    for (int i = 0; i < 200; ++i) {
        const SecondaryTimers it = fresh();
        const double wait = seconds(*it.next_deadline() - now);
        least = std::min(least, wait);
        most = std::max(most, wait);
    }
    EXPECT_GE(least, 750.0);
    EXPECT_LT(least, 800.0);
    EXPECT_LE(most, 1000.0);
    EXPECT_GT(most, 950.0);
}

TEST_F(Timers, TriesAllPrimariesThenWaitsLongerEachTime) {
    SecondaryTimers it = fresh(3);
    now = *it.next_deadline();
    it.on_timer(now);
    double before = 0;
    for (int round = 0; round < 7; ++round) {
        for (std::size_t primary = 0; primary < 3; ++primary) {
            EXPECT_EQ(it.poll_start(), primary) << "round " << round;
            it.on_refresh_failed(now);
        }
        EXPECT_EQ(it.poll_start(), std::nullopt);
        const double wait = seconds(*it.next_deadline() - now);
        EXPECT_LE(wait, std::min(1000.0, 100.0 * (1 << std::min(round, 5)))) << "round " << round;
        EXPECT_GE(wait, 0.75 * std::min(1000.0, 100.0 * (1 << std::min(round, 5))))
            << "round " << round;
        if (round < 3) {
            EXPECT_GT(wait, before);
        }
        before = wait;
        now = *it.next_deadline();
        it.on_timer(now);
        if (it.health() == ZoneHealth::expired) break;
    }
}

TEST_F(Timers, StaysWithThePrimaryThatWorks) {
    SecondaryTimers it = timers(3);
    EXPECT_EQ(it.poll_start(), 0U);
    it.on_refresh_failed(now);
    EXPECT_EQ(it.poll_start(), 1U);
    it.on_refreshed(now, soa, std::nullopt);
    now = *it.next_deadline();
    it.on_timer(now);
    EXPECT_EQ(it.poll_start(), 1U);
}

TEST_F(Timers, ExpiresAndComesBack) {
    SecondaryTimers it = fresh();
    while (it.health() == ZoneHealth::good) {
        now = *it.next_deadline();
        it.on_timer(now);
        if (it.poll_start()) it.on_refresh_failed(now);
        ASSERT_LE(now, start + 5000s);
    }
    EXPECT_EQ(now, start + 5000s) << "to the second";
    EXPECT_EQ(it.expire_seconds(now), 0U);
    ASSERT_TRUE(it.next_deadline()) << "it goes on trying";
    now = *it.next_deadline();
    it.on_timer(now);
    ASSERT_TRUE(it.poll_start());
    it.on_refreshed(now, soa, std::nullopt);
    EXPECT_EQ(it.health(), ZoneHealth::good);
}

TEST_F(Timers, TakesTheExpireOption) {
    const struct {
        SoaNumbers next;
        std::optional<std::uint32_t> option;
        std::uint32_t expected;
        std::string_view why;
    } rows[] = {
        {soa, std::nullopt, 5000, "none: the SOA's"},
        {soa, 4500, 4500, "more than is left (RFC 7314 §4)"},
        {soa, 10, 4000, "a look takes nothing away (§4)"},
        {soa, 9000, 5000, "never more than the SOA's (§4)"},
        {{.serial = 11, .refresh = 1000, .retry = 100, .expire = 5000, .minimum = 60},
         10,
         10,
         "with a new version it is what counts (§4)"},
    };
    for (const auto& row : rows) {
        now = start;
        SecondaryTimers it = fresh();
        now += 1000s;
        it.on_timer(now);
        ASSERT_TRUE(it.poll_start());
        it.on_refreshed(now, row.next, row.option);
        EXPECT_EQ(it.expire_seconds(now), row.expected) << row.why;
    }
}

TEST_F(Timers, HoldsSoaNumbersToBounds) {
    SecondaryTimers it = timers();
    ASSERT_TRUE(it.poll_start());
    it.on_refreshed(now, {.serial = 1, .refresh = 0, .retry = 0, .expire = 0, .minimum = 0},
                    std::nullopt);
    EXPECT_GE(seconds(*it.next_deadline() - now), 1.5) << "a refresh of 0 is no busy loop";
    EXPECT_EQ(it.health(), ZoneHealth::good) << "an expire of 0 is not taken at its word";
    SecondaryTimers other = timers();
    ASSERT_TRUE(other.poll_start());
    other.on_refreshed(now,
                       {.serial = 1,
                        .refresh = 0xffffffffU,
                        .retry = 0xffffffffU,
                        .expire = 0xffffffffU,
                        .minimum = 0},
                       std::nullopt);
    EXPECT_LE(*other.next_deadline(), now + refresh_max);
    EXPECT_LE(*other.expires_at(), now + expire_max);
}

TEST_F(Timers, ANotifyStartsARefresh) {
    SecondaryTimers it = fresh(3);
    now += 10s;
    it.on_notify(now, 2, 11);
    EXPECT_EQ(it.poll_start(), 2U) << "the primary that said so";
    it.on_refreshed(now,
                    {.serial = 11, .refresh = 1000, .retry = 100, .expire = 5000, .minimum = 60},
                    std::nullopt);
    now += 10s;
    it.on_notify(now, 1, 11);
    EXPECT_EQ(it.poll_start(), std::nullopt) << "a serial we have (RFC 1996 §3.11)";
    it.on_notify(now, 1, 5);
    EXPECT_EQ(it.poll_start(), std::nullopt) << "an older one";
    it.on_notify(now, 1, std::nullopt);
    EXPECT_EQ(it.poll_start(), 1U) << "without a serial it must look";
}

TEST_F(Timers, AStormCostsTwoRefreshes) {
    SecondaryTimers it = fresh();
    now += 10s;
    int started = 0;
    for (int i = 0; i < 1000; ++i) {
        it.on_notify(now, 0, std::nullopt);
        if (it.poll_start()) ++started;
        now += 1ms;
    }
    EXPECT_EQ(started, 1) << "one in flight";
    it.on_refreshed(now, soa, std::nullopt);
    EXPECT_EQ(it.poll_start(), 0U) << "one after it";
    it.on_refreshed(now, soa, std::nullopt);
    EXPECT_EQ(it.poll_start(), std::nullopt);
    EXPECT_GT(*it.next_deadline() - now, 700s);
}

TEST_F(Timers, ARefreshThatBroughtWhatWasAnnouncedIsEnough) {
    SecondaryTimers it = fresh();
    now += 10s;
    it.on_notify(now, 0, 11);
    ASSERT_TRUE(it.poll_start());
    it.on_notify(now, 0, 12);
    it.on_refreshed(now,
                    {.serial = 12, .refresh = 1000, .retry = 100, .expire = 5000, .minimum = 60},
                    std::nullopt);
    EXPECT_EQ(it.poll_start(), std::nullopt);
}

TEST_F(Timers, ASerialThatNobodyHasIsLookedForOnce) {
    SecondaryTimers it = fresh();
    now += 10s;
    it.on_notify(now, 0, 1'000'000);
    ASSERT_TRUE(it.poll_start());
    it.on_refreshed(now, soa, std::nullopt);  // the primary has what we have
    EXPECT_EQ(it.poll_start(), std::nullopt);
    now += 1s;
    it.on_timer(now);
    EXPECT_EQ(it.poll_start(), std::nullopt) << "it is not asked for again and again";
    EXPECT_GT(*it.next_deadline() - now, 700s) << "but when the SOA says so";
}

TEST_F(Timers, AFloodIsSpacedOut) {
    SecondaryTimers it = fresh();
    now += 10s;
    int started = 0;
    for (int i = 0; i < 1000; ++i) {  // one second of it, each refresh at once
        it.on_notify(now, 0, std::nullopt);
        it.on_timer(now);
        if (it.poll_start()) {
            ++started;
            it.on_refreshed(now, soa, std::nullopt);
        }
        now += 1ms;
    }
    EXPECT_LE(started, 11);
    EXPECT_GE(started, 9);
}

TEST_F(Timers, RestoresFromDisk) {
    SecondaryTimers it(1, {}, rng, now);
    it.on_restored(now, soa, now - 4000s, 5000s);
    EXPECT_EQ(it.health(), ZoneHealth::good);
    EXPECT_EQ(it.expire_seconds(now), 1000U);
    it.on_timer(now);
    EXPECT_EQ(it.poll_start(), 0U) << "and asks at once";
    SecondaryTimers old(1, {}, rng, now);
    old.on_restored(now, soa, now - 6000s, 5000s);
    EXPECT_EQ(old.health(), ZoneHealth::expired) << "time passes while we are away";
}

TEST_F(Timers, WithoutAZoneItTriesOftenAtFirst) {
    SecondaryTimers it = timers();
    double waits[12];
    for (double& wait : waits) {
        ASSERT_TRUE(it.poll_start());
        it.on_refresh_failed(now);
        wait = seconds(*it.next_deadline() - now);
        now = *it.next_deadline();
        it.on_timer(now);
    }
    EXPECT_LE(waits[0], 1.0);
    EXPECT_GE(waits[11], 450.0);
    EXPECT_LE(waits[11], 600.0);
}

}  // namespace
}  // namespace kith::transfer
