#include "dnssec/key_clock.hpp"

#include <gtest/gtest.h>

namespace kith::dnssec {
namespace {

using Waits = KeyClock::Waits;

TEST(KeyClock, CountsOnlySecondsThatPassWhileSomethingWaits) {
    struct Row {
        const char* why;
        UnixTime wall;
        int passed_ms;  // since the row before
        Waits waits;
        UnixTime wanted;
    };
    const Row rows[] = {
        {"begins with the wall clock", 1000, 0, Waits::no, 1000},
        {"follows it while nothing waits", 5000, 1000, Waits::no, 5000},
        {"a jump ahead counts as the second it took", 900'000, 1000, Waits::yes, 5001},
        {"parts of seconds are counted", 900'000, 600, Waits::yes, 5001},
        {"until they are whole", 900'001, 600, Waits::yes, 5002},
        {"and a jump back as the time it took", 10, 10'000, Waits::yes, 5012},
        {"the wall clock again, also backward", 11, 1000, Waits::no, 11},
    };
    KeyClock clock;
    Time now{};
    for (const Row& row : rows) {
        now += std::chrono::milliseconds(row.passed_ms);
        EXPECT_EQ(clock.tell(row.wall, now, row.waits), row.wanted) << row.why;
    }
}

TEST(KeyClock, DoesNotCountTheTimeTheServerWasStopped) {
    KeyClock clock(5000);
    EXPECT_EQ(clock.tell(900'000, Time(100s), Waits::yes), 5000);
    EXPECT_EQ(clock.tell(900'007, Time(107s), Waits::yes), 5007);
    KeyClock idle(5000);
    EXPECT_EQ(idle.tell(900'000, Time(100s), Waits::no), 900'000) << "nothing can go wrong";
}

}  // namespace
}  // namespace kith::dnssec
