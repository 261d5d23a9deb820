#pragma once
// Small helpers shared by everything that opens sockets.

#include "net/net_error.hpp"
#include "net/socket_address.hpp"

namespace kith::net {

/// Sets an integer socket option; false when the kernel refuses.
bool set_option(int fd, int level, int option, int value);

/// The address and port `fd` is bound to.
Endpoint bound_endpoint(int fd);

/// "cannot <what> <where>: <reason>", with the remedy for the usual causes.
NetError net_error(const char* what, const Endpoint& where, int error);

}  // namespace kith::net
