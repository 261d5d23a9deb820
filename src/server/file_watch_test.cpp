#include "server/file_watch.hpp"

#include <poll.h>

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"

namespace kith::server {
namespace {

class FileWatchTest : public testing::Test {
protected:
    FileWatchTest() {
        folder_.write("zone", "one");
        watch_.set_files({{folder_ / "zone", file_state(folder_ / "zone")}});
    }
    bool has_work() const {
        pollfd poll{loop_.poll_fd(), POLLIN, 0};
        return ::poll(&poll, 1, 0) == 1;
    }
    void pass(Duration time) {
        loop_.skip(time);
        for (int turns = 0; turns < 3; ++turns) loop_.turn(0s);
    }

    test::TemporaryFolder folder_;
    net::Loop loop_;
    int changes_ = 0;
    FileWatch watch_{loop_, [this] { ++changes_; }};
};

TEST_F(FileWatchTest, TellsOfAChangeWhenItIsOver) {
    folder_.write("zone", "two, and longer");
    loop_.turn(0s);
    EXPECT_EQ(changes_, 0) << "it may go on";
    pass(FileWatch::settle_time);
    EXPECT_EQ(changes_, 1);
    pass(FileWatch::poll_interval);
    EXPECT_EQ(changes_, 1) << "once";
}

TEST_F(FileWatchTest, RestsWhereSomethingElseIsWrittenAllTheTime) {
    folder_.write("log", "a line");
    ASSERT_TRUE(has_work());
    loop_.turn(0s);
    for (int i = 0; i < 3; ++i) {
        folder_.write("log" + std::to_string(i), "another line");
        EXPECT_FALSE(has_work()) << "the loop would do nothing else";
    }
    folder_.write("zone", "two, and longer");
    pass(FileWatch::look_interval);
    pass(FileWatch::settle_time);
    EXPECT_EQ(changes_, 1) << "what was written during the rest is found";
}

}  // namespace
}  // namespace kith::server
