#pragma once
// Bounds of the client library.

#include <cstddef>

namespace kith::client {

// Sockets for questions to DNS servers at once; further questions wait for their retry.
inline constexpr std::size_t exchanges_max = 256;
// Servers taken from /etc/resolv.conf, and bytes of it that are read. Only the first server is asked.
inline constexpr std::size_t resolv_conf_bytes_max = 64 << 10;
}  // namespace kith::client
