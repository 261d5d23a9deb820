#include "base/bounded_queue.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace kith {
namespace {

using Queue = BoundedQueue<std::unique_ptr<int>>;

TEST(BoundedQueue, KeepsItsBounds) {
    Queue queue(3, 100);
    EXPECT_EQ(queue.put(std::make_unique<int>(1), 60), Queue::Put::first);
    auto large = std::make_unique<int>(2);
    EXPECT_EQ(queue.put(std::move(large), 41), Queue::Put::full);
    EXPECT_NE(large, nullptr) << "what was refused is still the caller's";
    EXPECT_EQ(queue.put(std::move(large), 40), Queue::Put::more);
    EXPECT_EQ(queue.put(std::make_unique<int>(3), 0), Queue::Put::more);
    EXPECT_EQ(queue.put(std::make_unique<int>(4), 0), Queue::Put::full);
    const auto all = queue.take();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(*all[1], 2);
    EXPECT_TRUE(queue.take().empty());
    EXPECT_EQ(queue.put(std::make_unique<int>(5), 100), Queue::Put::first);
}

}  // namespace
}  // namespace kith
