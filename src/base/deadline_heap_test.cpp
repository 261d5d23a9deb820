#include "base/deadline_heap.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace kith {
namespace {

// Against std::map as the slow implementation.
TEST(DeadlineHeap, GivesTheEarliestAfterAnyChanges) {
    DeadlineHeap heap;
    std::map<std::uint32_t, Time> model;
    SeededRng rng(1);
    for (int step = 0; step < 20'000; ++step) {
        const std::uint32_t item = rng.below(50);
        if (rng.below(3) == 0) {
            heap.erase(item);
            model.erase(item);
        } else {
            model[item] = Time{} + std::chrono::seconds(rng.below(100));
            heap.set(item, model[item]);
        }
        ASSERT_EQ(heap.size(), model.size());
        ASSERT_EQ(heap.has(item), model.contains(item));
        if (heap.has(item)) {
            ASSERT_EQ(heap.at(item), model[item]);
        }
        ASSERT_EQ(heap.first().has_value(), !model.empty());
        if (model.empty()) continue;
        Time earliest = Time::max();
        for (const auto& [other, time] : model) earliest = std::min(earliest, time);
        ASSERT_EQ(heap.first()->time, earliest) << step;
        ASSERT_EQ(model.at(heap.first()->item), earliest) << step;
    }
}

}  // namespace
}  // namespace kith
