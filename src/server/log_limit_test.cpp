#include "server/log_limit.hpp"

#include <gtest/gtest.h>

namespace kith::server {
namespace {

/// How many of so many events at once are a line.
int lines_of(LogLimit& limit, UnixTime now, int events) {
    int lines = 0;
    for (int i = 0; i < events; ++i) lines += limit.take(now).has_value() ? 1 : 0;
    return lines;
}

TEST(LogLimit, LetsSoManyLinesThroughInAMinute) {
    LogLimit limit;
    EXPECT_EQ(limit.take(1000), 0U) << "the first, and none was left out";
    EXPECT_EQ(lines_of(limit, 1000, 100), client_lines_per_minute - 1);
    EXPECT_EQ(lines_of(limit, 1059, 10), 0) << "the minute is not over";
    EXPECT_EQ(limit.take(1060), 100U - (client_lines_per_minute - 1) + 10)
        << "so many were left out";
    EXPECT_EQ(limit.take(1060), 0U) << "and are told once";
    EXPECT_EQ(lines_of(limit, 1060, 100), client_lines_per_minute - 2);
    EXPECT_TRUE(limit.take(500).has_value()) << "the clock was set back";
}

}  // namespace
}  // namespace kith::server
