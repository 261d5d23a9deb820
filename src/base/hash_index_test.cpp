#include "base/hash_index.hpp"

#include <gtest/gtest.h>

namespace kith {
namespace {

// Against std::map as the slow implementation, through growth and removal.
TEST(HashIndex, BehavesLikeASet) {
    HashIndex index;
    std::vector<bool> in(3000, false);
    const auto hash = [](std::uint32_t value) {
        return std::uint64_t{value % 97} << 60 | std::uint64_t{value % 13} << 32;
    };
    std::uint64_t random = 1;
    for (int step = 0; step < 60'000; ++step) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const auto value = static_cast<std::uint32_t>((random >> 33) % in.size());
        const std::uint32_t found =
            index.find(hash(value), [&](std::uint32_t other) { return other == value; });
        ASSERT_EQ(found == value, in[value]) << step;
        if (in[value]) {
            ASSERT_TRUE(index.erase(hash(value), value));
        } else if (index.size() < 200) {
            if (index.is_full()) index.grow();
            index.insert(hash(value), value);
        } else {
            continue;
        }
        in[value] = !in[value];
    }
}

}  // namespace
}  // namespace kith
