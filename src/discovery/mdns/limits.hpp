#pragma once
// Bounds of the Multicast DNS engine, and the times RFC 6762 sets. Anybody on the link can send
// anything under any source address, so every table a peer can fill has a size, a rule for what
// goes when it is full, a counter in EngineStats and a test.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::discovery::mdns {

// ---- packets
// RFC 6762 §17: no packet larger than this, IP and UDP headers included, not even in fragments.
inline constexpr std::size_t packet_bytes_max = 9000;
inline constexpr std::size_t ip_udp_header_bytes = 48;  // IPv6; IPv4 takes 28
inline constexpr std::size_t message_bytes_max = packet_bytes_max - ip_udp_header_bytes;
inline constexpr std::uint16_t mtu_min = 576;  // a link that says less is taken to mean this
// Legacy queriers take 512 bytes, or what their OPT says up to this (RFC 6762 §6.7).
inline constexpr std::size_t legacy_bytes_max = 1232;
// Questions of one packet that are looked at. A packet of 1,500 bytes of real names has below 60.
inline constexpr std::size_t packet_questions_max = 256;
// Records of one packet that are looked at; 9,000 bytes hold at most 750 of 12 bytes.
inline constexpr std::size_t packet_records_max = 768;

// ---- what the machine's own programs may ask for
inline constexpr std::size_t interfaces_max = 64;
inline constexpr std::size_t link_addresses_max =
    64;  // per interface and family; more are left out
inline constexpr std::size_t registrations_max = 8192;
inline constexpr std::size_t registration_records_max = 256;
inline constexpr std::size_t queries_max = 16384;
inline constexpr std::size_t one_shots_max = 64;

// ---- cache, per interface
inline constexpr std::size_t cache_records_max = 16384;     // default of EngineConfig
inline constexpr std::size_t cache_bytes_max = 8U << 20;    // default of EngineConfig
inline constexpr std::size_t cache_types_per_name = 32;     // ANY walks them
inline constexpr std::size_t cache_records_per_set = 4096;  // a cache-flush bit walks them
// Hosts that the shares of the cache are kept apart for. The rest share one.
inline constexpr std::size_t cache_sources_max = 512;
inline constexpr std::uint32_t cache_ttl_max =
    24 * 3600;  // seconds; RFC 6762 §10 uses up to 75 minutes

// ---- responder, per link
inline constexpr std::size_t deferred_queries_max = 64;  // hosts whose TC queries wait for the rest
inline constexpr std::size_t deferred_questions_max = 64;  // questions kept of each
inline constexpr std::size_t deferred_known_max = 1024;    // answers of ours that it knows
// Each further packet puts the answer off (RFC 6762 §7.2), but whoever forges the address of a host
// must not silence it: a list of 5,000 records takes 0.1 s to send.
inline constexpr Duration deferred_total_max = 3s;
inline constexpr std::size_t unicast_replies_max =
    64;  // hosts that wait for a delayed unicast reply
inline constexpr std::size_t unicast_answers_max = 512;  // answers kept for each of them

// Records that are gone and were multicast in the last second: a registration of the largest size,
// and what else changes in that second.
inline constexpr std::size_t send_history_max = 1024;

// ---- echoes
// Packets of ours that are known again. Those of our reflector are most of them: four links at its full rate
// for as long as they are remembered (junction.cpp checks it); a digest takes about 70 bytes.
inline constexpr std::size_t sent_digests_max = 8192;
inline constexpr Duration sent_digest_life = 10s;        // a reflector holds nothing longer
inline constexpr std::size_t former_records_max = 1024;  // records we had and withdrew or changed
// They are believed by peers for their TTL, and no echo is older; at most this long.
inline constexpr Duration former_record_life_max = 75min;

// A reflector that is slow makes two interfaces answer each other for ever (RFC 6762 §14): so often a
// record is said again for it, until there was none for a minute.
inline constexpr int echo_answers_max = 3;
inline constexpr Duration echo_peace = 1min;

// ---- names
inline constexpr int rename_suffix_max =
    1'000'000'000;  // `name (999999999)`; then it starts at 2 again
// Conflicts in ten seconds from which on each further attempt waits (RFC 6762 §8.1).
inline constexpr std::size_t conflicts_before_wait = 15;
inline constexpr Duration conflict_window = 10s;
inline constexpr Duration conflict_wait = 5s;
inline constexpr Duration conflict_peace = 1min;  // without one, until attempts are fast again
inline constexpr Duration trouble_after = 1min;   // RFC 6762 §9

// ---- times of RFC 6762
inline constexpr Duration probe_interval = 250ms;         // §8.1
inline constexpr int probe_count = 3;                     // §8.1
inline constexpr Duration tie_lost_wait = 1s;             // §8.2
inline constexpr Duration announce_interval = 1s;         // §8.3, doubles
inline constexpr int announcements_max = 8;               // §8.3
inline constexpr Duration multicast_interval = 1s;        // §6: a record at most so often
inline constexpr Duration probe_answer_interval = 250ms;  // §6: but this often to defend it
inline constexpr Duration shared_delay_min = 20ms, shared_delay_max = 120ms;       // §6
inline constexpr Duration deferred_delay_min = 400ms, deferred_delay_max = 500ms;  // §7.2
inline constexpr Duration query_interval_first = 1s, query_interval_max = 60min;   // §5.2
inline constexpr Duration goodbye_grace = 1s;                                      // §10.1
inline constexpr Duration flush_grace = 1s;                                        // §10.2
inline constexpr Duration unicast_reply_window = 2s;   // §6: after a QU question
inline constexpr Duration passive_failure_wait = 10s;  // §10.5
inline constexpr int passive_failure_queries = 2;      // §10.5
inline constexpr Duration reconfirm_wait = 10s;        // §10.4
inline constexpr std::uint32_t legacy_ttl_max = 10;    // §6.7, seconds
inline constexpr std::uint32_t host_ttl = 120;         // §10, seconds
inline constexpr std::uint32_t other_ttl = 75 * 60;    // §10, seconds
inline constexpr std::size_t updates_per_minute = 10;  // §8.4, of one record

}  // namespace kith::discovery::mdns
