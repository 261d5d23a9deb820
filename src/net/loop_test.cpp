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

TEST(Loop, ATimerThatArmsItselfForNowHasTheNextTurn) {
    Loop loop;
    int fired = 0;
    Timer again(loop, [&] {
        ++fired;
        again.arm(loop.now());
    });
    again.arm(loop.now());
    loop.turn(1h);
    EXPECT_EQ(fired, 1);
    loop.turn(1h);
    EXPECT_EQ(fired, 2) << "for which nothing is waited";
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

struct Pipe {
    Pipe() { EXPECT_EQ(::pipe(ends), 0); }
    ~Pipe() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    void write_byte() { EXPECT_EQ(::write(ends[1], "x", 1), 1); }
    void read_byte() {
        char byte = 0;
        EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    }
    int fd() const { return ends[0]; }
    int ends[2] = {-1, -1};
};

TEST(Loop, APolledDescriptorIsHandledEveryTurnReadyOrNot) {
    Loop loop;
    Pipe pipe;
    std::vector<std::uint32_t> seen;
    loop.watch(pipe.fd(), EPOLLIN, [&](std::uint32_t events) { seen.push_back(events); });
    loop.turn(0ms);
    EXPECT_TRUE(seen.empty()) << "nothing to read";
    loop.poll_each_turn(pipe.fd());
    loop.poll_each_turn(pipe.fd());
    loop.turn(1h);
    loop.turn(1h);
    EXPECT_EQ(seen, (std::vector<std::uint32_t>{0, 0})) << "without a wait, once a turn";
    pipe.write_byte();
    loop.turn(1h);
    EXPECT_EQ(seen.size(), 3U) << "epoll does not tell of it besides";
    loop.wait_for(pipe.fd());
    loop.turn(1h);
    EXPECT_EQ(seen.back(), std::uint32_t{EPOLLIN}) << "what came in between is found";
    pipe.read_byte();
    seen.clear();
    loop.wait_for(pipe.fd());
    loop.turn(0ms);
    EXPECT_TRUE(seen.empty());
}

TEST(Loop, APolledDescriptorKeepsWhatItIsWatchedForAndCanBeUnwatched) {
    Loop loop;
    Pipe pipe;
    int handled = 0;
    loop.watch(pipe.fd(), 0, [&](std::uint32_t) {
        ++handled;
        loop.unwatch(pipe.fd());
    });
    loop.poll_each_turn(pipe.fd());
    loop.rewatch(pipe.fd(), EPOLLIN);
    loop.wait_for(pipe.fd());
    pipe.write_byte();
    loop.turn(1h);
    EXPECT_EQ(handled, 1) << "the events of rewatch() hold after polling";
    loop.watch(pipe.fd(), EPOLLIN, [&](std::uint32_t) {
        ++handled;
        loop.unwatch(pipe.fd());
    });
    loop.poll_each_turn(pipe.fd());
    loop.turn(0ms);
    loop.turn(0ms);
    EXPECT_EQ(handled, 2) << "unwatched by its handler, it is polled no more";
    loop.wait_for(pipe.fd());
    loop.poll_each_turn(pipe.fd());
    loop.turn(0ms);
    EXPECT_EQ(handled, 2);
}

TEST(Loop, WorkTimersAndOtherDescriptorsHaveTheirTurnsBesideAPolledOne) {
    Loop loop;
    Pipe busy;
    Pipe other;
    other.write_byte();
    bool other_handled = false;
    bool fired = false;
    bool ran = false;
    loop.watch(busy.fd(), EPOLLIN, [](std::uint32_t) {});
    loop.poll_each_turn(busy.fd());
    loop.watch(other.fd(), EPOLLIN, [&](std::uint32_t) { other_handled = true; });
    Timer timer(loop, [&] { fired = true; });
    timer.arm(loop.update_now());
    loop.post([&] { ran = true; });
    loop.turn(1h);
    EXPECT_TRUE(other_handled && fired && ran);
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
