#include "base/ip_prefix_set.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"

namespace kith {
namespace {

TEST(IpPrefixSet, ContainsWhatOneOfItsPrefixesContains) {
    // The slow second opinion: IpPrefix::contains(), prefix by prefix.
    SeededRng rng(1);
    const auto random_address = [&rng](bool v6) {
        std::array<std::uint8_t, 16> bytes;
        // Few values, so that prefixes and addresses often meet.
        for (std::uint8_t& byte : bytes)
            byte = rng.below(8) == 0 ? static_cast<std::uint8_t>(rng.next()) : 0x10;
        return *IpAddress::from_bytes(Bytes(bytes).first(v6 ? 16 : 4));
    };
    for (int round = 0; round < 300; ++round) {
        std::vector<IpPrefix> prefixes;
        for (std::uint32_t i = rng.below(4); i > 0; --i) {
            const bool v6 = rng.below(2) == 0;
            prefixes.push_back(
                {random_address(v6), static_cast<std::uint8_t>(rng.below(v6 ? 129 : 33))});
        }
        const IpPrefixSet set(prefixes);
        for (int i = 0; i < 20; ++i) {
            const IpAddress address = random_address(rng.below(2) == 0);
            const bool expected = std::ranges::any_of(
                prefixes, [&](const IpPrefix& each) { return each.contains(address); });
            EXPECT_EQ(set.contains(address), expected) << address.to_text();
        }
    }
    EXPECT_FALSE(IpPrefixSet().contains(IpAddress::v4(127, 0, 0, 1)));
}

}  // namespace
}  // namespace kith
