#pragma once
// Serial numbers (RFC 1982): 32 bits that go round.

#include <cstdint>

#include "base/bytes.hpp"

namespace kith::transfer {

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

/// The five numbers at the end of a SOA's RDATA (RFC 1035 §3.3.13), in seconds but for the serial.
struct SoaNumbers {
    std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;

    friend bool operator==(const SoaNumbers&, const SoaNumbers&) = default;
};

/// Requires checked RDATA of a SOA (dns::check_rdata), uncompressed.
inline SoaNumbers read_soa_numbers(Bytes rdata) {
    const std::uint8_t* at = rdata.data() + rdata.size() - 20;
    return {load_u32(at), load_u32(at + 4), load_u32(at + 8), load_u32(at + 12), load_u32(at + 16)};
}

}  // namespace kith::transfer
