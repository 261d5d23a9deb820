#include "net/sockets.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace kith::net {
namespace {

const char* remedy(int error) {
    switch (error) {
        case EADDRINUSE:
            return "; another program listens there (see `ss -lnup`, `ss -lntp`): stop it or choose another address or port";
        case EACCES:
            return "; ports below 1024 need privilege: choose a higher port, run as root, or grant CAP_NET_BIND_SERVICE";
        case EADDRNOTAVAIL: return "; this machine does not have that address (see `ip address`)";
        case EAFNOSUPPORT: return "; this system has that address family switched off";
        default: return "";
    }
}

}  // namespace

bool set_option(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Endpoint bound_endpoint(int fd) {
    SocketAddress address;
    socklen_t size = sizeof address;
    if (::getsockname(fd, &address.any, &size) != 0) return {};
    return address.endpoint();
}

NetError net_error(const char* what, const Endpoint& where, int error) {
    return {error, fmt::format("cannot {} {}: {}{}", what, where.to_text(), std::strerror(error),
                               remedy(error))};
}

}  // namespace kith::net
