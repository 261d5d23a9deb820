#pragma once
// How the serial of the next version of a zone is chosen.

#include <cstdint>

#include "base/time.hpp"

namespace kith::zone {

/// Never one that is not after the last (RFC 1982).
enum class SerialPolicy : std::uint8_t {
    increment,
    unixtime,    // seconds since 1970
    dateserial,  // YYYYMMDDnn, in UTC
};
/// The serial after `last` at `now`.
std::uint32_t next_serial(SerialPolicy policy, std::uint32_t last, UnixTime now);

}  // namespace kith::zone
