#include "net/watch.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "net/descriptor.hpp"

namespace kith::net {
namespace {

/// A descriptor that can be read and written at once.
Descriptor ready() { return Descriptor(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)); }

TEST(WatchTest, WatchesTheLastDescriptorOnly) {
    Loop loop;
    int called = 0;
    const Descriptor first = ready();
    const Descriptor second = ready();
    Watch watch(loop, [&] { ++called; });
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 0) << "none yet";
    watch.set(first.get(), EPOLLIN);
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 1);
    watch.set(first.get(), 0);
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 1) << "for nothing";
    watch.set(first.get(), EPOLLIN);
    watch.set(second.get(), EPOLLIN);
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 2) << "not for both";
    watch.set(first.get(), EPOLLOUT);
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 3) << "the first again";
    watch.drop();
    loop.turn(Duration::zero());
    EXPECT_EQ(called, 3);
}

}  // namespace
}  // namespace kith::net
