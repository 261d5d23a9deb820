#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace kith::net {
namespace {

TEST(Loop, TimersFireInOrderAndOnce) {
    Loop loop;
    std::vector<int> fired;
    Timer second(loop, [&] { fired.push_back(2); });
    Timer first(loop, [&] { fired.push_back(1); });
    Timer never(loop, [&] { fired.push_back(3); });
    const Time now = loop.update_now();
    second.arm(now + 2ms);
    first.arm(now + 1ms);
    never.arm(now + 1ms);
    never.cancel();
    for (int i = 0; i < 100 && fired.size() < 2; ++i) loop.turn(10ms);
    EXPECT_EQ(fired, (std::vector{1, 2}));
    EXPECT_FALSE(first.armed());
}

TEST(Loop, ATimerMayDestroyAnother) {
    Loop loop;
    int fired = 0;
    auto victim = std::make_unique<Timer>(loop, [&] { ++fired; });
    Timer killer(loop, [&] { victim.reset(); });
    const Time now = loop.update_now();
    killer.arm(now - 2ms);
    victim->arm(now - 1ms);
    loop.turn(0ms);
    EXPECT_EQ(fired, 0);
}

TEST(Loop, AHandlerMayUnwatchAnotherOfTheSameTurn) {
    Loop loop;
    int pipes[2][2];
    ASSERT_EQ(::pipe(pipes[0]), 0);
    ASSERT_EQ(::pipe(pipes[1]), 0);
    int handled = 0;
    for (int i = 0; i < 2; ++i) {
        ASSERT_EQ(::write(pipes[i][1], "x", 1), 1);
        loop.watch(pipes[i][0], EPOLLIN, [&, i](std::uint32_t) {
            ++handled;
            loop.unwatch(pipes[1 - i][0]);
            loop.unwatch(pipes[i][0]);
        });
    }
    loop.turn(100ms);
    loop.turn(0ms);
    EXPECT_EQ(handled, 1);
    for (const auto& pipe : pipes) {
        for (const int fd : pipe) ::close(fd);
    }
}

TEST(Loop, RunsWhatOtherThreadsPostAndStops) {
    Loop loop;
    int ran = 0;
    std::thread poster([&] {
        for (int i = 0; i < 1000; ++i) loop.post([&ran] { ++ran; });
        loop.stop();
    });
    loop.run();
    poster.join();
    EXPECT_EQ(ran, 1000);
}

}  // namespace
}  // namespace kith::net
