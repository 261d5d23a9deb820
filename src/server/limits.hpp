#pragma once
// Bounds of the server, where many threads meet the one that changes things.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::server {

// UPDATE messages that wait for the control thread, of all workers, and their bytes. It takes some
// ten thousand a second, so this is a tenth of a second of waiting. More are answered SERVFAIL.
inline constexpr std::size_t updates_queued_max = 1000;
inline constexpr std::size_t updates_queued_bytes_max = std::size_t{8} << 20;

// UPDATE messages of one worker that wait for their answer; each keeps its message.
inline constexpr std::size_t updates_waiting_max = 1000;

// Updates that a secondary has handed on and that its primary has not answered; more are SERVFAIL. Each
// is a connection.
inline constexpr std::size_t updates_forwarded_max = 256;
// How long a primary may take: the client's patience is hardly longer.
inline constexpr Duration update_forward_timeout = std::chrono::seconds(10);

// What is staged waits this long for another program that holds the database (`kith journal compact`,
// a backup), looking again in steps; then it is refused. Clients ask again after some three seconds.
inline constexpr Duration lock_wait = std::chrono::seconds(2);
inline constexpr Duration lock_retry = std::chrono::milliseconds(50);

// The same failure of the store is logged again after this time: a client may provoke it.
inline constexpr Duration failure_log_interval = std::chrono::minutes(1);

// Lines of one kind that what clients do may write to the log in a minute, by each worker: enough for the
// transfers of hundreds of secondaries. The others are counted, and the next line says how many.
inline constexpr int client_lines_per_minute = 60;

// A reload that could not be made durable is tried again after this time, then after twice as long.
inline constexpr Duration reload_retry_least = std::chrono::seconds(1);
inline constexpr Duration reload_retry_most = std::chrono::minutes(1);

// Leases whose end could not be made durable are looked at again after this time.
inline constexpr Duration lease_retry = std::chrono::seconds(5);

// Ends of leases are looked at again after this time at the latest, whatever the clocks did.
inline constexpr Duration lease_look_max = std::chrono::hours(1);

// Wakes workers that have nothing to do, so that they let go of old versions of zones: not with
// every version, of which there may be thousands a second.
inline constexpr Duration wake_interval = std::chrono::milliseconds(100);

// NOTIFY that wait for the control thread. More are dropped: the primary sends them again.
inline constexpr std::size_t notifies_queued_max = 1000;

// Owners of records by number (zone::Provenance::owner); later keys share 0, which owns nothing.
inline constexpr std::size_t owners_max = 65535;

// What could not be signed or kept is tried again after this time: a full disk is not emptied sooner.
inline constexpr Duration signing_retry = std::chrono::seconds(10);

// Between two questions to a parent: it may follow CDS at once, or when a person has read a letter.
inline constexpr Duration parent_check_first = std::chrono::seconds(5);
inline constexpr Duration parent_check_max = std::chrono::minutes(10);

// Commands of the same machine that are served at once, how long each may take to ask and to read, and
// what it may ask: a few names.
inline constexpr std::size_t control_clients_max = 16;
inline constexpr Duration control_patience = std::chrono::seconds(5);
// Without free descriptors nobody is let in for this long.
inline constexpr Duration control_pause = std::chrono::milliseconds(200);
inline constexpr std::size_t control_request_bytes_max = 8192;

}  // namespace kith::server
