#include "net/socket_address.hpp"

#include <cstring>

namespace kith::net {

SocketAddress::SocketAddress(const Endpoint& endpoint) : v6{} {
    const Bytes bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
        v4.sin_family = AF_INET;
        v4.sin_port = __builtin_bswap16(endpoint.port);
        std::memcpy(&v4.sin_addr, bytes.data(), 4);
    } else if (endpoint.address.is_v6()) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = __builtin_bswap16(endpoint.port);
        v6.sin6_scope_id = endpoint.scope;
        std::memcpy(&v6.sin6_addr, bytes.data(), 16);
    }
}

Endpoint SocketAddress::endpoint() const {
    Endpoint out;
    if (family() == AF_INET) {
        out.address =
            *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), 4});
        out.port = __builtin_bswap16(v4.sin_port);
    } else if (family() == AF_INET6) {
        out.address =
            *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), 16});
        out.port = __builtin_bswap16(v6.sin6_port);
        out.scope = v6.sin6_scope_id;
    }
    return out;
}

}  // namespace kith::net
