#pragma once
// Bounds of what is kept on disk.

#include <cstddef>
#include <cstdint>

namespace kith::store {

// One change as a blob. SQLite takes a billion bytes; a change of a quarter of that (two million
// records) is kept as a new base instead (Store::set_base), which has no such bound.
inline constexpr std::size_t change_bytes_max = std::size_t{1} << 28;

// Most that the changes of one zone take on disk before older ones are folded into the base. A
// secondary that was away for longer takes the whole zone; 64 MiB are some 300,000 updates.
inline constexpr std::uint64_t journal_bytes_max_default = std::uint64_t{64} << 20;
// Below this there would be no history to speak of.
inline constexpr std::uint64_t journal_bytes_max_least = std::uint64_t{64} << 10;
// And how many. Each costs a reader of the journal a row.
inline constexpr std::uint64_t journal_changes_max = 1'000'000;

// Changes folded in one transaction: keeps it some ten milliseconds, so that nobody waits long.
inline constexpr std::size_t fold_changes_max = 1000;

// Who made a change: a key's name is at most 1,020 characters in text, more is cut.
inline constexpr std::size_t who_bytes_max = 1024;

// One value of the key-value part: a private key file is 4 kB, a lease far less.
inline constexpr std::size_t value_bytes_max = std::size_t{1} << 20;

// Zones in one state directory; as many as a configuration may have.
inline constexpr std::size_t zones_max = 100'000;

// How long a statement waits while another process, such as `kith journal`, holds the file.
inline constexpr int busy_wait_ms = 5000;
// And of the server once it serves: clients wait for it, and it tries again from its event loop.
inline constexpr int owner_busy_wait_ms = 20;

// A .jrnl database of trust-dns: beyond this it is not one.
inline constexpr std::size_t hickory_rows_max = 10'000'000;

}  // namespace kith::store
