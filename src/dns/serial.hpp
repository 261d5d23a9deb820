#pragma once
// Serial numbers of zones (RFC 1982): 32 bits that go round.

#include <cstdint>

namespace kith::dns {

enum class SerialOrder : std::uint8_t {
    equal,
    older,      // the first comes before the second
    newer,      // the first comes after the second
    undefined,  // exactly half the circle apart (RFC 1982 §3.2): neither
};

/// How `a` stands to `b`.
constexpr SerialOrder compare_serials(std::uint32_t a, std::uint32_t b) {
    if (a == b) return SerialOrder::equal;
    const std::uint32_t ahead = a - b;
    if (ahead == 0x80000000U) return SerialOrder::undefined;
    return ahead < 0x80000000U ? SerialOrder::newer : SerialOrder::older;
}

/// `a` is certainly after `b`.
constexpr bool is_newer(std::uint32_t a, std::uint32_t b) {
    return compare_serials(a, b) == SerialOrder::newer;
}

}  // namespace kith::dns
