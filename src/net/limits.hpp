#pragma once
// Bounds of what clients can make a worker hold. What happens at each is said beside it; each is
// counted.

#include <cstddef>

#include "base/time.hpp"

namespace kith::net {

// Queries of one TCP connection that may be unanswered at once (RFC 7766 §6.2.1.1 asks for
// pipelining, not for endless pipelining). At the bound the connection is not read until answers
// have left.
inline constexpr int tcp_pending_max = 64;

// Bytes of answers one connection may leave unread: two of the largest messages. At the bound the
// connection is not read until it drains.
inline constexpr std::size_t tcp_unsent_bytes_max = 2 * (65535 + 2);

// Bytes of unread answers over all connections of a worker. At the bound the connection that would
// pass it is closed.
inline constexpr std::size_t tcp_unsent_bytes_total_max = 64U << 20;

// Bytes of a connection that may be unsent before its streams write more: enough to keep a fast
// network busy while the loop is elsewhere, little enough for hundreds of slow clients.
inline constexpr std::size_t tcp_stream_unsent_bytes_max = 65535 + 2;

// Work that a worker does for its TCP clients in one turn of its loop, counted in queries, which take some
// 2 us each: a quarter of a millisecond, for which those who ask over UDP wait. Connections that get no
// turn have the next ones, in order. A message of a stream, some hundreds of records, is as much work as
// so many queries.
inline constexpr int tcp_work_per_turn = 128;
inline constexpr int tcp_stream_message_work = 32;

// Messages that one connection's streams write in its turn, and messages handed out of it: the first
// fill a segment offload, the second are a segment of queries.
inline constexpr int tcp_stream_messages_per_turn = 4;
inline constexpr int tcp_messages_per_turn = 32;

// Streams that a worker sends at once; each holds a zone's version and some 16 kB. Whoever starts
// them answers that it is busy at the bound.
inline constexpr std::size_t tcp_streams_max = 256;

// How long a client may take for one message of a stream, and for all: after that it is closed, as
// it keeps an old version of a zone alive. 16 kB a minute is less than any working link carries.
inline constexpr Duration tcp_stream_message_max = 60s;
inline constexpr Duration tcp_stream_time_max = std::chrono::hours(2);

// Bytes that a TCP client reads in one turn of its loop.
inline constexpr std::size_t tcp_client_read_bytes_per_turn = 256 << 10;

// Datagrams that a UDP client reads in one turn.
inline constexpr int udp_client_reads_per_turn = 64;

// How long a client may leave the kernel's send buffer full before it is closed.
inline constexpr Duration tcp_write_stall_max = 10s;

// How often deadlines of connections are looked at: they are seconds, so this is exact enough.
inline constexpr Duration tcp_tick = 250ms;

// Waiting connections the kernel holds for us (bounded by net.core.somaxconn as well).
inline constexpr int tcp_backlog = 512;

// Connections accepted in one turn, so that a connect flood cannot starve UDP.
inline constexpr int tcp_accepts_per_turn = 64;

// Bytes read from one connection in one turn, for the same reason.
inline constexpr std::size_t tcp_read_bytes_per_turn = 16384;

// Interfaces of the machine that are looked at, and addresses of each; a container host has hundreds
// of the first. More are left out.
inline constexpr std::size_t links_max = 4096;
inline constexpr std::size_t link_addresses_max = 256;
// Reads of one rtnetlink dump, 32 KiB each: ten times what the links above take.
inline constexpr std::size_t netlink_reads_max = 4096;

// Datagrams of one mDNS socket handled in one turn, so that a flood leaves turns for all else.
inline constexpr int mdns_packets_per_turn = 64;
// Changes of interfaces come in rows (link, then addresses): they are read when it has been quiet for
// this long, or at the latest this long after the first.
inline constexpr Duration link_settle_time = 20ms;
inline constexpr Duration link_settle_time_max = 200ms;
// How often it is looked whether another program shares the mDNS port (RFC 6762 §15.1).
inline constexpr Duration mdns_neighbor_interval = 30s;
// Unicast queries whose local address is remembered for the reply.
inline constexpr std::size_t mdns_asked_max = 64;
// A sleep longer than this counts as one (RFC 6762 §8: probe again after it).
inline constexpr Duration suspend_min = 2s;

// Messages of the system bus handled in one turn, so that a flood leaves turns for all else.
inline constexpr int dbus_messages_per_turn = 256;
// How long Discovery::open() waits for the bus to say which daemons are there: it takes a millisecond.
inline constexpr Duration bus_patience = 250ms;
// How long after losing the bus it is tried again, twice as long each time.
inline constexpr Duration bus_reconnect_first = 1s;
inline constexpr Duration bus_reconnect_max = 30s;

}  // namespace kith::net
