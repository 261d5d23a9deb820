#include "base/siphash.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace kith {
namespace {

// The reference vectors of the SipHash paper (Aumasson, Bernstein 2012, appendix A and the
// authors' test vectors): key 00..0f, message 00..(n-1).
TEST(SipHash, MatchesTheReferenceVectors) {
    SipHashKey key;
    for (std::uint8_t i = 0; i < 16; ++i) key[i] = i;
    std::vector<std::uint8_t> message;
    for (std::uint8_t i = 0; i < 15; ++i) message.push_back(i);
    EXPECT_EQ(siphash24(key, message), 0xa129ca6149be45e5U);
    EXPECT_EQ(siphash24(key, {}), 0x726fdb47dd0e0e31U);
}

}  // namespace
}  // namespace kith
