#pragma once
// Bounds of the wire codec. Each is defined behavior with an error or a rule of its own.

#include <cstddef>

namespace kith::dns {

inline constexpr std::size_t name_bytes_max = 255;       // RFC 1035 §3.1, root label included
inline constexpr std::size_t label_bytes_max = 63;       // RFC 1035 §3.1
inline constexpr int labels_max = 128;                   // 127 labels of one byte and the root
inline constexpr std::size_t message_bytes_max = 65535;  // the TCP length prefix, RFC 1035 §4.2.2
inline constexpr std::size_t udp_bytes_plain = 512;      // RFC 1035 §4.2.1, without EDNS
inline constexpr std::size_t udp_bytes_default = 1232;   // fits an unfragmented IPv6 packet
inline constexpr std::size_t rdata_bytes_max = 65535;    // RDLENGTH

// Real messages use one hop. Each hop costs us and not the sender, so there is a limit.
inline constexpr int pointers_max = 32;

// How many names one message remembers to compress against: covers every answer a zone gives
// with few types; beyond it names are written whole, which is always legal (RFC 1035 §4.1.4).
inline constexpr std::size_t compression_targets_max = 128;

// EDNS options one message may carry; more is FORMERR. Clients send one to four.
inline constexpr std::size_t edns_options_max = 32;

// JSON text of one message: the largest message is about a megabyte when all of it stands as
// numbers of Buffers with the names written whole.
inline constexpr std::size_t json_bytes_max = 4 << 20;

}  // namespace kith::dns
