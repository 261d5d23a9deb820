#pragma once
// Endpoint to and from the kernel's sockaddr forms.

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/ip_address.hpp"

namespace kith::net {

/// Room for an IPv4 or IPv6 socket address. 28 bytes; `family()` AF_UNSPEC: none.
union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;

    SocketAddress() : v6{} {}
    explicit SocketAddress(const Endpoint& endpoint);

    Endpoint endpoint() const;
    int family() const { return any.sa_family; }
    socklen_t size() const { return family() == AF_INET ? sizeof v4 : sizeof v6; }
};

}  // namespace kith::net
