#pragma once
// One query to one server and its reply, waiting for it: the client side of command line tools.
// Servers use resolve/ and never this.

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "net/net_error.hpp"

namespace kith::net {

/// Sends `query` over UDP and returns the first reply from exactly `server` that carries the
/// query's id; others are ignored (RFC 5452 §4). Fails with ETIMEDOUT after `timeout`. `local`: the
/// address to send from, port 0 for any.
Net<std::vector<std::uint8_t>> exchange_udp(const Endpoint& server, Bytes query, Duration timeout,
                                            const std::optional<Endpoint>& local = {});

/// The same over a TCP connection of its own (RFC 7766). `timeout` bounds the whole exchange.
Net<std::vector<std::uint8_t>> exchange_tcp(const Endpoint& server, Bytes query, Duration timeout,
                                            const std::optional<Endpoint>& local = {});

}  // namespace kith::net
