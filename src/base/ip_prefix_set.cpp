#include "base/ip_prefix_set.hpp"

#include <algorithm>

namespace kith {
namespace {

std::uint64_t load_u64(const std::uint8_t* at) {
    return std::uint64_t{load_u32(at)} << 32 | load_u32(at + 4);
}

/// The first `bits` of 64 set; any number of bits is meant, also below 0 and above 64.
std::uint64_t leading(int bits) {
    if (bits <= 0) return 0;
    return bits >= 64 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> bits);
}

}  // namespace

IpPrefixSet::IpPrefixSet(std::span<const IpPrefix> prefixes) {
    for (const IpPrefix& prefix : prefixes) {
        const std::uint8_t* const bytes = prefix.address.bytes().data();
        if (prefix.address.is_v4()) {
            const auto mask = static_cast<std::uint32_t>(leading(prefix.length) >> 32);
            v4_.push_back({mask, load_u32(bytes) & mask});
        } else if (prefix.address.is_v6()) {
            const std::array<std::uint64_t, 2> mask{leading(prefix.length),
                                                    leading(prefix.length - 64)};
            v6_.push_back({mask, {load_u64(bytes) & mask[0], load_u64(bytes + 8) & mask[1]}});
        }
    }
}

bool IpPrefixSet::contains(const IpAddress& address) const {
    const std::uint8_t* const bytes = address.bytes().data();
    if (address.is_v4()) {
        const std::uint32_t value = load_u32(bytes);
        return std::ranges::any_of(
            v4_, [value](const V4& each) { return (value & each.mask) == each.value; });
    }
    if (!address.is_v6()) return false;
    const std::uint64_t high = load_u64(bytes), low = load_u64(bytes + 8);
    return std::ranges::any_of(v6_, [&](const V6& each) {
        return (high & each.mask[0]) == each.value[0] && (low & each.mask[1]) == each.value[1];
    });
}

}  // namespace kith
