#pragma once
// Bounds of the reflector. Both links are hostile: what one can make us send on the other is bounded
// in packets, and every table has a size and a rule for what goes when it is full.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::discovery::reflector {

inline constexpr std::size_t rules_max = 64;
inline constexpr std::size_t rule_types_max = 64;

// Packets sent to one interface: five hundred services announced at once are about fifty packets
// a family; what is more than this in a second is no home's.
inline constexpr double packets_per_second = 200;
inline constexpr double packets_burst = 400;
// Packets of one host that are looked at, so that none uses up what all have. A server of hundreds of
// services is below.
inline constexpr double source_packets_per_second = 50;
inline constexpr double source_packets_burst = 150;
inline constexpr std::size_t sources_max = 256;  // hosts that are counted apart; the oldest goes

// Records and questions that were heard lately, and as many that were sent: the bursts of a second, twice,
// and then some.
inline constexpr std::size_t recent_max = 16'384;
// How late another reflector may bring back what we sent. mDNS delays nothing longer than a second.
inline constexpr Duration echo_life = 10s;
// A question that we sent comes back from there within this: it is nobody else's.
inline constexpr Duration question_echo_life = 1s;
// Later than that it may be a neighbor's own question, or a slow loop: then it is passed on after 1 s, 2 s,
// 4 s, and so on up to this.
inline constexpr Duration question_gap_max = 8s;
// A record is on the other link already when it was heard there so lately (as RFC 6762 §6, §7.4).
inline constexpr Duration heard_there_life = 1s;
// Two packets with the same record: what answers a probe may come again after this (RFC 6762 §6).
inline constexpr Duration repeat_gap = 200ms;
// How long after its question the rest of a list of known answers may come (RFC 6762 §7.2), which is sent at
// once; until its question may cross again.
inline constexpr Duration list_life = question_echo_life;

// Hosts of services that were shown, whose addresses are shown too.
inline constexpr std::size_t hosts_max = 4096;

// Questions of simple resolvers (RFC 6762 §6.7) that wait for replies. They wait a few seconds.
inline constexpr std::size_t legacy_max = 256;
inline constexpr std::size_t legacy_per_host_max = 32;   // of one host's, ten a second
inline constexpr std::size_t legacy_clients_max = 16;    // that wait for the same
inline constexpr std::size_t legacy_per_client_max = 2;  // of one host: two programs at once
inline constexpr std::size_t legacy_questions_max = 16;  // of one query; resolvers ask one or two
inline constexpr Duration legacy_life = 3s;
inline constexpr int legacy_replies_max = 64;  // to each query; a reply per host that answers
// Records handed on for one query, so that none is twice: what those replies hold.
inline constexpr std::size_t legacy_records_max = 1024;

}  // namespace kith::discovery::reflector
