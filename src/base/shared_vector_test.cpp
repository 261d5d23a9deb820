#include "base/shared_vector.hpp"

#include <numeric>

#include <gtest/gtest.h>

namespace kith {
namespace {

std::vector<int> numbers(int count) {
    std::vector<int> out(static_cast<std::size_t>(count));
    std::iota(out.begin(), out.end(), 0);
    return out;
}

TEST(SharedVector, HoldsWhatItWasGiven) {
    for (const int count : {0, 1, 63, 64, 65, 1000}) {
        const SharedVector<int> items(numbers(count));
        ASSERT_EQ(items.size(), static_cast<std::size_t>(count));
        EXPECT_EQ(items.empty(), count == 0);
        for (int i = 0; i < count; ++i) EXPECT_EQ(items[static_cast<std::size_t>(i)], i);
    }
}

TEST(SharedVector, CopiesChangeApart) {
    const SharedVector<int> before(numbers(200));
    SharedVector<int> after = before;
    after.set(130, -1);
    EXPECT_EQ(before[130], 130);
    EXPECT_EQ(after[130], -1);
    EXPECT_EQ(&before[0], &after[0]) << "what did not change is shared";
    EXPECT_NE(&before[129], &after[129]) << "its chunk is copied";
}

TEST(SharedVector, GrowsAndForgetsInChunks) {
    SharedVector<int> items;
    for (int i = 0; i < 130; ++i) items.push_back(i);
    const SharedVector<int> before = items;
    EXPECT_EQ(items.drop_front(63), 0U) << "not a whole chunk";
    EXPECT_EQ(items.drop_front(127), 64U);
    ASSERT_EQ(items.size(), 66U);
    EXPECT_EQ(items[0], 64);
    items.push_back(130);
    EXPECT_EQ(items[66], 130);
    EXPECT_EQ(before.size(), 130U);
    EXPECT_EQ(before[0], 0);
}

}  // namespace
}  // namespace kith
