#pragma once
// Bounds of forwarding. Each has a defined behavior at the bound, a counter and a test.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::resolve {

// CNAME and DNAME steps in one upstream answer. BIND and Unbound stop at 11; chains of content
// networks have up to 8. Longer: the upstream's answer counts as failed.
inline constexpr int chain_steps_max = 16;

// Upstream servers of one domain, and of all domains together. More than a handful serves nobody,
// and each costs a try before a failing name is given up.
inline constexpr std::size_t route_upstreams_max = 8;
inline constexpr std::size_t servers_max = 256;

// Messages sent upstream for one question, everything included: retries, other servers, TCP, and
// without EDNS. What a client can make us send is this many times what it sent.
inline constexpr std::size_t attempts_max = 8;

// Replies with the wrong id or question, on the right socket from the right address, that one
// question bears before it moves to TCP, where forging needs the connection's sequence numbers
// (PowerDNS and BIND: 1). Each question has a socket of its own, so even one is no accident.
inline constexpr int near_misses_max = 1;

// Upstream TCP connections of one worker, and questions at once on each (RFC 7766 §6.2.1.1).
inline constexpr std::size_t connections_max = 64;
inline constexpr std::size_t connection_queries_max = 64;
// How long an idle upstream connection is kept (RFC 7766 §6.2.3: seconds).
inline constexpr Duration connection_idle = 5s;

// Bounds of a retry timer: below, a loaded server gets every question twice; the upper one is the
// attempt time-out. Before anything was measured a server is waited for `rto_first`.
inline constexpr Duration rto_min = 200ms;
inline constexpr Duration rto_first = 800ms;

// A server that missed this many in a row is left alone, first for `back_off_min`, then twice as
// long each time. After that one question tries it again.
inline constexpr int timeouts_before_back_off = 3;
inline constexpr Duration back_off_min = 1s;
inline constexpr Duration back_off_max = 60s;

// One question in this many goes to another server than the best, so that a server that became
// fast is noticed.
inline constexpr std::uint32_t explore_one_in = 32;
// Another server is preferred to an earlier one of the list only when it is faster by both.
inline constexpr Duration clearly_faster = 20ms;

// How long it is remembered that a server changes the question's case or cannot take EDNS.
inline constexpr Duration memory_of_quirks = 1h;

// When the table of questions in flight is full the oldest goes (SERVFAIL) if it has waited this
// long; else the new one is refused. Nearly all answers that come, come sooner.
inline constexpr Duration jostle_after = 500ms;

// Counters that share out waiting clients; a power of two. Two clients share one with a chance of
// one in this many, and then share its limit.
inline constexpr std::size_t client_counters = 4096;

// Clients that may wait for one question; the next is refused. A real crowd waits for one name for
// milliseconds.
inline constexpr std::size_t waiters_per_question_max = 1024;

// resolv.conf: glibc reads three servers; we read as many as a route may have.
inline constexpr std::size_t resolv_conf_bytes_max = 65536;

}  // namespace kith::resolve
