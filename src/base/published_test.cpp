#include "base/published.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace kith {
namespace {

/// A value whose parts always agree, and that says where it died.
struct Pair {
    int a, b;
    std::thread::id* died_on;
    ~Pair() {
        if (died_on != nullptr) *died_on = std::this_thread::get_id();
    }
};

TEST(Published, ReadersSeeWholeValuesAndTheWriterDestroysThem) {
    constexpr int rounds = 2000;
    std::vector<std::thread::id> died(rounds + 1);  // outlives the values that write to it
    Published<Pair> published(std::shared_ptr<const Pair>(new Pair{0, 0, nullptr}));
    std::atomic<bool> stop = false;
    const auto read = [&] {
        Published<Pair>::Reader reader(published);
        int last = 0;
        while (!stop.load(std::memory_order_relaxed)) {
            const Pair& now = reader.refresh();
            ASSERT_EQ(now.a, now.b);
            ASSERT_GE(now.a, last) << "went back in time";
            last = now.a;
        }
    };
    std::thread first(read), second(read);
    for (int i = 1; i <= rounds; ++i) {
        published.publish(
            std::shared_ptr<const Pair>(new Pair{i, i, &died[static_cast<std::size_t>(i)]}));
    }
    stop = true;
    first.join();
    second.join();
    EXPECT_EQ(published.collect(), 0U);
    for (int i = 1; i < rounds; ++i) {
        EXPECT_EQ(died[static_cast<std::size_t>(i)], std::this_thread::get_id()) << i;
    }
}

TEST(Published, WhatAReaderHoldsStaysAlive) {
    Published<int> published(std::make_shared<const int>(1));
    Published<int>::Reader reader(published);
    const int& held = reader.refresh();
    published.publish(std::make_shared<const int>(2));
    EXPECT_EQ(held, 1);
    EXPECT_EQ(published.collect(), 1U);
    EXPECT_EQ(reader.refresh(), 2);
    EXPECT_EQ(published.collect(), 0U);
}

}  // namespace
}  // namespace kith
