#pragma once
// Bounds of the answer cache. Each has a defined behavior at the bound, a counter and a test.

#include <cstddef>
#include <cstdint>

namespace kith::cache {

// Records one cached answer may hold. Real answers have under fifty; huge RRsets make every hit
// cost more than a query (CVE-2024-1737). More is refused by Answer::from_message().
inline constexpr std::size_t answer_records_max = 256;

// An answer larger than this share of the cache's bytes is passed on but not kept, so that a few
// names cannot push out all others.
inline constexpr std::size_t answer_share_of_cache = 16;

// Entries allocated at a time. Small, so that an idle server stays small.
inline constexpr std::size_t entries_per_chunk = 64;

// Entries the eviction hand may look at for one insertion. Bounds the work a client can cause by
// touching every entry and then asking for one more; after it, even a visited entry goes.
inline constexpr int eviction_steps_max = 128;

// The first failure of a question is remembered this long, and each further one twice as long
// (RFC 9520 §3.2: at least 1 second, at most 5 minutes).
inline constexpr std::uint32_t failure_seconds_min = 5;
inline constexpr std::uint32_t failure_seconds_max = 300;
static_assert(failure_seconds_min >= 1 && failure_seconds_max <= 300, "RFC 9520 §3.2");

// How long stale data is handed out before upstream is asked again (RFC 8767 §5: 30 seconds).
inline constexpr std::uint32_t stale_recheck_seconds = 30;
// TTL of stale records in a reply (RFC 8767 §4: 30 seconds).
inline constexpr std::uint32_t stale_ttl_seconds = 30;

// An entry is fetched again ahead of time when this share of its TTL is left ...
inline constexpr std::uint32_t prefetch_share = 10;
// ... it was asked for at least this often since it was stored ...
inline constexpr std::uint8_t prefetch_hits_min = 2;
// ... and its TTL was at least this many seconds: below, every hit would fetch again.
inline constexpr std::uint32_t prefetch_ttl_min = 10;

}  // namespace kith::cache
