#pragma once
// Bounds of reading master files. A file beyond one gets an error that names the bound.

#include <cstddef>
#include <cstdint>

namespace kith::zone {

// $INCLUDE inside $INCLUDE. Real files use one or two levels; a cycle is refused by name before.
inline constexpr int include_depth_max = 8;

// All included text of one load, so that a short file cannot name the same large one forever.
inline constexpr std::size_t include_bytes_max = std::size_t{1} << 30;
inline constexpr int includes_max = 10'000;

// Words of one entry. The longest legal one is RDATA of 65,535 bytes in words of one byte each.
inline constexpr std::size_t entry_tokens_max = 65'600;

// Records that all $GENERATE directives of one load may make: what a /12 needs.
inline constexpr std::uint32_t generate_records_max = 1U << 20;

// Text of one expanded $GENERATE template: far above any name or number, far below a nuisance.
inline constexpr std::size_t generate_bytes_max = 4096;

// Width in ${offset,width,base}: an IPv6 nibble name has 63 digits and dots.
inline constexpr std::uint32_t generate_width_max = 255;

// RFC 2181 §8: the most significant bit of a TTL is zero.
inline constexpr std::uint32_t ttl_seconds_max = 0x7fffffff;

// Problems kept with their text; the rest is only counted.
inline constexpr std::size_t problems_kept_default = 100;

// Bytes of the user's text quoted in one problem.
inline constexpr std::size_t quoted_bytes_max = 60;

}  // namespace kith::zone
