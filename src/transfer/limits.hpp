#pragma once
// Bounds of transfers, notifications and catalogs. What happens at each is said beside it.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::transfer {

// Size of a message of a transfer out. A compression pointer reaches the first 16,384 bytes only
// (RFC 1035 §4.1.4), so that larger messages save next to nothing on the wire and cost memory a
// connection. A record that does not fit gets a message as large as it needs.
inline constexpr std::size_t out_message_bytes = 16384;

// What one transfer in may bring; one byte more and it changes nothing. The largest zones served
// anywhere (com: some 400 million records) are not what this program is for.
inline constexpr std::size_t in_bytes_max = std::size_t{4} << 30;
inline constexpr std::size_t in_records_max = 100'000'000;

// Differences of one IXFR. Primaries keep fewer; each costs the control thread a version.
inline constexpr std::size_t in_differences_max = 100'000;

// Bounds on what a SOA may ask of its secondaries: a refresh of 0 would be a busy loop, one of
// 68 years a zone that never learns. Those of BIND (min-refresh-time and its like), but for the
// least ones, which let a test zone be quick.
inline constexpr Duration refresh_min = 2s;
inline constexpr Duration refresh_max = std::chrono::hours(24 * 28);
inline constexpr Duration retry_min = 1s;
inline constexpr Duration retry_max = std::chrono::hours(24 * 14);
// RFC 1912 §2.2: an expire below refresh + retry loses a healthy zone at its first late refresh.
inline constexpr Duration expire_max = std::chrono::hours(24 * 7 * 24);

// A flood of NOTIFY starts a refresh no more often than this.
inline constexpr Duration notify_spacing = std::chrono::milliseconds(100);

// While there is no zone at all there is no SOA to say how often to try: first and longest waits.
inline constexpr Duration bootstrap_retry_min = 1s;
inline constexpr Duration bootstrap_retry_max = std::chrono::minutes(10);

// Refreshes that failed in a row lengthen the retry time up to this power of two.
inline constexpr int retry_doublings_max = 5;

// Primaries of one zone. More is refused by the configuration.
inline constexpr std::size_t primaries_max = 32;

// One refresh: how long an SOA query over UDP waits and how often it is sent, before TCP is tried;
// how long a connection may take to open, the next message to come, and a transfer in all.
inline constexpr Duration soa_query_timeout = 2s;
inline constexpr int soa_query_tries = 3;
inline constexpr Duration connect_timeout = 10s;
inline constexpr Duration message_timeout = 30s;
inline constexpr Duration transfer_timeout = std::chrono::hours(2);

// What a transfer must bring in its first minute, twice that in its second, and so on; else its primary
// loses its place among the few refreshes that all zones share. So whoever sends drop by drop holds one for
// two minutes, and two hours of one cost 400 MB. A line of 64 kbit/s still brings a zone of 4 MB, one
// of 1 Mbit/s whatever fits into two hours.
inline constexpr Duration pace_period = std::chrono::minutes(1);
inline constexpr std::size_t pace_bytes_min = 60'000;

// Targets of one zone's NOTIFY: name servers and configured ones. What is more gets none.
inline constexpr std::size_t notify_targets_max = 256;
// NOTIFY requests on their way at once, of all zones; others wait their turn.
inline constexpr std::size_t notify_in_flight_max = 64;
// Waiting for either; at the bound further ones are dropped and counted: SOA refresh finds them.
inline constexpr std::size_t notify_queue_max = 65536;
// RFC 1996 §3.6 suggests 60 s and 5 tries; the first waits are shorter because most losses are.
inline constexpr Duration notify_timeout_first = 2s;
inline constexpr Duration notify_timeout_max = 60s;
inline constexpr int notify_tries = 6;

// Members of one catalog zone; a catalog with more is broken (RFC 9432 §5.1) and changes nothing.
inline constexpr std::size_t catalog_members_max = 1'000'000;
// Name of a catalog that is made here: "group", a member's 16 digits and "zones" stand in front of it, in
// 255 bytes. A longer one is an error of the configuration.
inline constexpr std::size_t catalog_name_bytes_max = 255 - (1 + 5) - (1 + 16) - (1 + 5);
// Bytes of one group name: those of a character-string.
inline constexpr std::size_t catalog_group_bytes_max = 255;

}  // namespace kith::transfer
