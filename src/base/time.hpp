#pragma once
// Time as an argument: engines never read a clock, they are told.

#include <chrono>
#include <cstdint>

namespace kith {

using namespace std::chrono_literals;

/// A moment on the monotonic clock; for time-outs, TTL ageing and intervals.
using Time = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Seconds since 1970-01-01 UTC; for cookies, leases and signatures.
using UnixTime = std::int64_t;

}  // namespace kith
