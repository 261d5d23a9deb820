#pragma once
// The row of a zone, and how its changes are numbered. Private to this module.

#include "store/store.hpp"

namespace kith::store {

struct Store::ZoneRow {
    std::int64_t id = 0;
    Name apex;
    Base base;
    std::uint32_t net_serial = 0;  // of base and net together
    std::uint64_t folded = 0;
};

// The key of a change holds zone and number, so that one integer tree keeps each zone's in order.
inline constexpr int change_bits = 40;  // a thousand changes a second for 34 years
inline std::int64_t change_key(std::int64_t zone, std::uint64_t number) {
    return zone << change_bits | static_cast<std::int64_t>(number);
}
inline std::uint64_t change_number(std::int64_t key) {
    return static_cast<std::uint64_t>(key) & ((std::uint64_t{1} << change_bits) - 1);
}
inline std::int64_t last_change_key(std::int64_t zone) {
    return change_key(zone, (std::uint64_t{1} << change_bits) - 1);
}

}  // namespace kith::store
