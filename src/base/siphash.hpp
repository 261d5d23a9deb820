#pragma once
// SipHash-2-4: a keyed 64-bit hash for short messages, used as a MAC (DNS Cookies, RFC 9018 §4.4).

#include <array>
#include <cstdint>

#include "base/bytes.hpp"

namespace kith {

using SipHashKey = std::array<std::uint8_t, 16>;

/// The SipHash-2-4 of `message` under `key`; the 8 output bytes read as a little-endian number.
std::uint64_t siphash24(const SipHashKey& key, Bytes message);

}  // namespace kith
