#pragma once
// Bounds of dynamic update. An update is one transaction that is applied on the control thread, so
// what one message may ask for bounds how long others wait.

#include <cstddef>
#include <cstdint>

namespace kith::update {

// Records of one section of a message. The largest message has room for about 5,900 empty records
// with compressed owners; nobody needs more than hundreds. FORMERR.
inline constexpr std::size_t prerequisites_max = 1000;
inline constexpr std::size_t updates_max = 4000;

// Different names one update may touch: each is a node that is written, and signed, anew. REFUSED.
inline constexpr std::size_t names_per_update_max = 1000;

// RDATA of all records of one update after names were expanded: a hostile message of 64 kB that
// compresses names expands to megabytes. FORMERR.
inline constexpr std::size_t expanded_bytes_max = 1 << 20;

// Records a zone may hold before updates may only take away or replace; the operator may set less.
// REFUSED.
inline constexpr std::size_t zone_records_max = 20'000'000;

// Grants of one policy. They are looked at one after another for each record of an update.
inline constexpr std::size_t grants_max = 1000;
// Types named by one grant.
inline constexpr std::size_t grant_types_max = 64;

// Lease bounds in seconds where the operator sets none (RFC 9664 §4.2 speaks of at least half an
// hour; RFC 9665 servers grant up to a day, and keys two weeks).
inline constexpr std::uint32_t lease_seconds_min = 30;
inline constexpr std::uint32_t lease_seconds_max = 86'400;
inline constexpr std::uint32_t key_lease_seconds_max = 14 * 86'400;

// Records removed in one go because their lease is over; the rest follows in the next change, so
// that a million leases that end together do not stop the server.
inline constexpr std::size_t expired_per_change_max = 1000;

// Hashes in one TIMEOUT record: its count has eight bits.
inline constexpr std::size_t timeout_hashes_max = 255;

// Of the language of `kith update`: one line, and all of a script.
inline constexpr std::size_t script_line_bytes_max = 128 * 1024;
inline constexpr std::size_t script_bytes_max = 64 << 20;

}  // namespace kith::update
