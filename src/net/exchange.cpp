#include "net/exchange.hpp"

#include <poll.h>

#include <cerrno>

#include "net/descriptor.hpp"
#include "net/sockets.hpp"

namespace kith::net {
namespace {

using Reply = std::vector<std::uint8_t>;

Time clock_now() { return std::chrono::steady_clock::now(); }

/// Waits until `fd` is ready for `events` or `deadline` has passed.
bool wait_for(int fd, short events, Time deadline) {
    while (true) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_now()).count();
        if (left <= 0) return false;
        pollfd ready{fd, events, 0};
        const int count = ::poll(&ready, 1, static_cast<int>(left));
        if (count > 0) return true;
        if (count < 0 && errno != EINTR) return false;
    }
}

Net<Descriptor> connected(const Endpoint& server, int type, Time deadline,
                          const std::optional<Endpoint>& local) {
    Descriptor socket(::socket(server.address.is_v6() ? AF_INET6 : AF_INET,
                               type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return std::unexpected(net_error("open a socket to", server, errno));
    if (local) {
        const SocketAddress from(*local);
        if (::bind(socket.get(), &from.any, from.size()) != 0) {
            return std::unexpected(net_error("send from", *local, errno));
        }
    }
    const SocketAddress address(server);
    if (::connect(socket.get(), &address.any, address.size()) == 0) return socket;
    if (errno != EINPROGRESS) return std::unexpected(net_error("reach", server, errno));
    if (!wait_for(socket.get(), POLLOUT, deadline))
        return std::unexpected(net_error("reach", server, ETIMEDOUT));
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return std::unexpected(net_error("reach", server, error));
    return socket;
}

Net<void> send_all(int fd, Bytes bytes, const Endpoint& server, Time deadline) {
    while (!bytes.empty()) {
        const ssize_t put = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (put > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(put));
        } else if (errno != EAGAIN || !wait_for(fd, POLLOUT, deadline)) {
            return std::unexpected(
                net_error("send to", server, errno == EAGAIN ? ETIMEDOUT : errno));
        }
    }
    return {};
}

Net<Reply> read_exactly(int fd, std::size_t size, const Endpoint& server, Time deadline) {
    Reply out(size);
    for (std::size_t at = 0; at < size;) {
        const ssize_t got = ::recv(fd, out.data() + at, size - at, 0);
        if (got > 0) {
            at += static_cast<std::size_t>(got);
        } else if (got == 0) {
            return std::unexpected(net_error("read the whole reply of", server, ECONNRESET));
        } else if (errno != EAGAIN || !wait_for(fd, POLLIN, deadline)) {
            return std::unexpected(
                net_error("get a reply from", server, errno == EAGAIN ? ETIMEDOUT : errno));
        }
    }
    return out;
}

}  // namespace

Net<Reply> exchange_udp(const Endpoint& server, Bytes query, Duration timeout,
                        const std::optional<Endpoint>& local) {
    const Time deadline = clock_now() + timeout;
    KITH_TRY(const Descriptor socket, connected(server, SOCK_DGRAM, deadline, local));
    KITH_TRY_VOID(send_all(socket.get(), query, server, deadline));
    Reply reply(65535);
    while (wait_for(socket.get(), POLLIN, deadline)) {
        const ssize_t got = ::recv(socket.get(), reply.data(), reply.size(), 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR)
            return std::unexpected(net_error("get a reply from", server, errno));
        if (got < 12 || load_u16(reply.data()) != load_u16(query.data())) continue;
        reply.resize(static_cast<std::size_t>(got));
        return reply;
    }
    return std::unexpected(net_error("get a reply from", server, ETIMEDOUT));
}

Net<Reply> exchange_tcp(const Endpoint& server, Bytes query, Duration timeout,
                        const std::optional<Endpoint>& local) {
    const Time deadline = clock_now() + timeout;
    KITH_TRY(const Descriptor socket, connected(server, SOCK_STREAM, deadline, local));
    Reply framed(query.size() + 2);
    store_u16(framed.data(), static_cast<std::uint16_t>(query.size()));
    std::memcpy(framed.data() + 2, query.data(), query.size());
    KITH_TRY_VOID(send_all(socket.get(), framed, server, deadline));
    KITH_TRY(const Reply size, read_exactly(socket.get(), 2, server, deadline));
    return read_exactly(socket.get(), load_u16(size.data()), server, deadline);
}

}  // namespace kith::net
