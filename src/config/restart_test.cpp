#include "config/restart.hpp"

#include <gtest/gtest.h>

namespace kith::config {
namespace {

TEST(RestartNeeded, NamesOnlyWhatDiffersAndCannotChangeLive) {
    const ServerSection running;
    ServerSection next;
    EXPECT_TRUE(restart_needed(running, next).empty());
    next.log_queries = true;  // live
    next.workers = 3;
    next.port = 5353;
    EXPECT_EQ(restart_needed(running, next), (std::vector<std::string>{"port", "workers"}));
}

}  // namespace
}  // namespace kith::config
