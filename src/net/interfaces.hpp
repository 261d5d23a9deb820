#pragma once
// The addresses this machine has, and the networks it stands in.

#include <vector>

#include "base/ip_address.hpp"

namespace kith::net {

/// Every address of every interface now.
std::vector<IpAddress> local_addresses();

/// Networks whose members are neighbors: those of this machine's interfaces, and all private,
/// shared, loopback and link-local ranges (RFC 1918, 6598, 4193, 3927, 4291).
std::vector<IpPrefix> on_link_prefixes();

}  // namespace kith::net
