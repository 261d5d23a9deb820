#pragma once
// Bounds of the configuration. A file beyond one of them is refused with a problem that names it.

#include <cstddef>
#include <cstdint>

namespace kith::config {

// Five million records of a hundred bytes; beyond it a zone file or a transfer is the right tool.
// Also what keeps every place in the file in 32 bits.
inline constexpr std::size_t config_bytes_max = 512U << 20U;

// The deepest value we know is document > zones > zone > soa > number; the rest is for comments'
// sake. Each level costs the parser some stack.
inline constexpr std::size_t depth_max = 16;

// RDATA is at most 65,535 bytes, which is four times that in \DDD escapes (RFC 1035 §5.1).
inline constexpr std::size_t text_bytes_max = 262'144;
inline constexpr std::size_t key_bytes_max = 1024;  // a name is 255 bytes, 1,020 when escaped

inline constexpr std::size_t records_max = 10'000'000;
inline constexpr std::size_t rewrites_max = 5'000'000;  // the largest public block lists together
inline constexpr std::size_t zones_max = 100'000;
inline constexpr std::size_t forward_rules_max = 10'000;
inline constexpr std::size_t keys_max = 10'000;  // a key for each of many machines
inline constexpr std::size_t services_max =
    1'000;  // a machine offers a few, a gateway for others some hundred

// Rules of the reflector: a few, as there are networks in a house.
inline constexpr std::size_t reflections_max = 64;

// More threads than any machine of today has cores.
inline constexpr std::uint32_t workers_max = 256;

// Any list in one setting: grants of a zone, one for each of many machines. Nobody has so many
// addresses.
inline constexpr std::size_t list_items_max = 1000;

// Problems reported of one file. Who has more fixes these first; one more line says so.
inline constexpr std::size_t problems_max = 1000;

// Characters of a value shown in a message: enough to recognize it, never a screen full.
inline constexpr std::size_t shown_bytes_max = 64;

}  // namespace kith::config
