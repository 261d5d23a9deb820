#pragma once
// Bounds of discovery over D-Bus. The daemons are trusted more than the link, and still bounded: what
// they say comes from the link.

#include <cstddef>

#include "base/time.hpp"

namespace kith::discovery::dbus {

// One message from the bus: bytes of texts and arrays, values, and how deep they nest. Avahi's largest
// is one record of 64 KiB, resolved's an answer of some hundred records four levels deep.
inline constexpr std::size_t message_bytes_max = 1 << 20;
inline constexpr std::size_t message_values_max = 1 << 16;
inline constexpr int message_depth_max = 8;

// Questions at once; start_query() refuses more. Avahi grants a client 1,024 objects unless configured
// otherwise; those that ask the same share one.
inline constexpr std::size_t queries_max = 16'384;
// Records kept of one question; more is ignored and counted.
inline constexpr std::size_t records_per_query_max = 16'384;
// Things published at once; publish() refuses more.
inline constexpr std::size_t publications_max = 1'024;

// Signals of objects whose path is not known yet: Avahi's may come before the reply that names the
// object. Older ones are dropped.
inline constexpr std::size_t early_signals_max = 4'096;

// A daemon that is restarted is back within this time; what it told stays until then, and what it does
// not tell again this long after is gone.
inline constexpr Duration restart_patience = 10s;
// A refused question (too many objects) is asked again after this.
inline constexpr Duration refused_wait = 30s;

// After so many names in a row that were another's, attempts are this far apart, and the owner is told
// once (RFC 6762 §8.1, §9).
inline constexpr int conflicts_max = 15;
inline constexpr Duration conflict_wait = 5s;

// How often systemd-resolved, which tells nothing by itself, is asked: soon while answers come in, then
// rarely. Its answers come from its cache, which hears what the link announces.
inline constexpr Duration poll_first = 1s;
inline constexpr Duration poll_max = 10s;
// The same for a name nobody answers for: each of these has resolved ask the link.
inline constexpr Duration poll_silent_max = 60s;

// systemd-resolved tells of conflicts only: who objects to a name does so while it is probed for, which
// takes a second (RFC 6762 §8.1).
inline constexpr Duration resolved_settle_time = 1500ms;

}  // namespace kith::discovery::dbus
