#include "server/upstream_io.hpp"

#include <netinet/tcp.h>

#include <array>
#include <cerrno>

#include "net/sockets.hpp"

namespace kith::server {
namespace {

// Ports below are other services'. Taken at random from the engine's own source of randomness,
// the kernel's range of ephemeral ports would be half as many (RFC 5452 §9.2).
constexpr std::uint32_t first_port = 1024;
constexpr int port_attempts = 8;

// Replies longer than any upstream was told it may send are cut and so refused as malformed.
constexpr std::size_t udp_reply_bytes_max = 4096;
constexpr std::size_t tcp_read_bytes = 16384;

}  // namespace

struct UpstreamIo::Socket {
    net::Descriptor descriptor;
    Endpoint to;
    bool connected = false;         // TCP only
    std::vector<std::uint8_t> in;   // TCP: bytes of a message not whole yet
    std::vector<std::uint8_t> out;  // TCP: framed bytes not sent yet
};

UpstreamIo::UpstreamIo(net::Loop& loop, resolve::Forwarder& forwarder, Rng& rng,
                       std::function<void()> after)
    : loop_(loop), forwarder_(forwarder), rng_(rng), after_(std::move(after)), timer_(loop, [this] {
          forwarder_.on_timer(loop_.now());
          after_();
      }) {}

UpstreamIo::~UpstreamIo() {
    for (auto& [id, socket] : sockets_) loop_.unwatch(socket->descriptor.get());
}

void UpstreamIo::drain() {
    using Kind = resolve::Transmit::Kind;
    do {
        for (const resolve::SocketId id : std::exchange(failed_, {})) {
            close(id);
            forwarder_.on_send_failed(loop_.now(), id);
        }
        while (const auto transmit = forwarder_.poll_transmit()) {
            switch (transmit->kind) {
                case Kind::send_udp: send_udp(*transmit); break;
                case Kind::open_tcp: open_tcp(*transmit); break;
                case Kind::send_tcp: send_tcp(*transmit); break;
                case Kind::close: close(transmit->socket); break;
            }
        }
    } while (!failed_.empty());
    if (const auto next = forwarder_.next_timer()) {
        timer_.arm(*next);
    } else {
        timer_.cancel();
    }
}

UpstreamIo::Socket* UpstreamIo::find(resolve::SocketId id) {
    const auto found = sockets_.find(id);
    return found == sockets_.end() ? nullptr : found->second.get();
}

void UpstreamIo::bind_random_port(int fd, const Endpoint& to) {
    Endpoint own;
    const std::array<std::uint8_t, 16> any{};
    own.address = *IpAddress::from_bytes(Bytes(any).first(to.address.bytes().size()));
    for (int attempt = 0; attempt < port_attempts; ++attempt) {
        own.port = static_cast<std::uint16_t>(first_port + rng_.below(65536 - first_port));
        const net::SocketAddress address(own);
        if (::bind(fd, &address.any, address.size()) == 0) return;
    }
    // Nearly all ports taken: connect() lets the kernel choose, at random too.
}

void UpstreamIo::send_udp(const resolve::Transmit& transmit) {
    auto socket = std::make_unique<Socket>();
    const resolve::SocketId id = transmit.socket;
    const bool is_v6 = transmit.to.address.is_v6();
    socket->descriptor = net::Descriptor(
        ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = socket->descriptor.get();
    if (fd < 0) return failed_.push_back(id);
    if (is_v6) {
        net::set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    } else {
        net::set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
    bind_random_port(fd, transmit.to);
    // Connected: the kernel drops what does not come from exactly this address and port.
    const net::SocketAddress address(transmit.to);
    if (::connect(fd, &address.any, address.size()) != 0 ||
        ::send(fd, transmit.message.data(), transmit.message.size(), MSG_NOSIGNAL) < 0) {
        return failed_.push_back(id);
    }
    socket->to = transmit.to;
    sockets_[id] = std::move(socket);
    loop_.watch(fd, EPOLLIN, [this, id](std::uint32_t) { on_udp(id); });
}

void UpstreamIo::on_udp(resolve::SocketId id) {
    Socket* const socket = find(id);
    if (socket == nullptr) return;
    std::array<std::uint8_t, udp_reply_bytes_max> buffer;
    const ssize_t got = ::recv(socket->descriptor.get(), buffer.data(), buffer.size(), 0);
    if (got >= 0) {
        forwarder_.on_udp_reply(loop_.now(), id, socket->to,
                                Bytes(buffer).first(static_cast<std::size_t>(got)));
    } else if (errno != EAGAIN && errno != EINTR) {
        fail(id);
    }
    after_();
}

void UpstreamIo::open_tcp(const resolve::Transmit& transmit) {
    auto socket = std::make_unique<Socket>();
    const resolve::SocketId id = transmit.socket;
    const int family = transmit.to.address.is_v6() ? AF_INET6 : AF_INET;
    socket->descriptor =
        net::Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = socket->descriptor.get();
    if (fd < 0) return failed_.push_back(id);
    net::set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    const net::SocketAddress address(transmit.to);
    if (::connect(fd, &address.any, address.size()) != 0 && errno != EINPROGRESS)
        return failed_.push_back(id);
    socket->to = transmit.to;
    sockets_[id] = std::move(socket);
    loop_.watch(fd, EPOLLIN | EPOLLOUT, [this, id](std::uint32_t events) { on_tcp(id, events); });
}

void UpstreamIo::send_tcp(const resolve::Transmit& transmit) {
    Socket* const socket = find(transmit.socket);
    if (socket == nullptr) return;
    std::uint8_t length[2];
    store_u16(length, static_cast<std::uint16_t>(transmit.message.size()));
    socket->out.insert(socket->out.end(), length, length + 2);
    socket->out.insert(socket->out.end(), transmit.message.begin(), transmit.message.end());
    loop_.rewatch(socket->descriptor.get(), EPOLLIN | EPOLLOUT);
}

void UpstreamIo::write_tcp(Socket& socket) {
    const ssize_t put =
        ::send(socket.descriptor.get(), socket.out.data(), socket.out.size(), MSG_NOSIGNAL);
    if (put > 0) socket.out.erase(socket.out.begin(), socket.out.begin() + put);
    loop_.rewatch(socket.descriptor.get(), socket.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void UpstreamIo::on_tcp(resolve::SocketId id, std::uint32_t events) {
    Socket* const socket = find(id);
    if (socket == nullptr) return;
    if (!socket->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(socket->descriptor.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            fail(id);
            return after_();
        }
        socket->connected = true;
        forwarder_.on_tcp_connected(loop_.now(), id);
        drain();  // the messages that waited for the connection
    }
    if (Socket* const open = find(id); open != nullptr && (events & EPOLLOUT) != 0)
        write_tcp(*open);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_tcp(id);
    after_();
}

void UpstreamIo::read_tcp(resolve::SocketId id) {
    Socket* socket = find(id);
    if (socket == nullptr) return;
    std::array<std::uint8_t, tcp_read_bytes> buffer;
    const ssize_t got = ::recv(socket->descriptor.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close(id);
        return forwarder_.on_tcp_closed(loop_.now(), id);
    }
    socket->in.insert(socket->in.end(), buffer.begin(), buffer.begin() + got);
    while (socket != nullptr && socket->in.size() >= 2 &&
           socket->in.size() - 2 >= load_u16(socket->in.data())) {
        const std::size_t size = load_u16(socket->in.data());
        const std::vector<std::uint8_t> message(
            socket->in.begin() + 2, socket->in.begin() + 2 + static_cast<std::ptrdiff_t>(size));
        socket->in.erase(socket->in.begin(),
                         socket->in.begin() + 2 + static_cast<std::ptrdiff_t>(size));
        forwarder_.on_tcp_reply(loop_.now(), id, message);
        drain();  // may have closed this very connection
        socket = find(id);
    }
}

void UpstreamIo::fail(resolve::SocketId id) {
    close(id);
    forwarder_.on_send_failed(loop_.now(), id);
}

void UpstreamIo::close(resolve::SocketId id) {
    const auto found = sockets_.find(id);
    if (found == sockets_.end()) return;
    loop_.unwatch(found->second->descriptor.get());
    sockets_.erase(found);
}

}  // namespace kith::server
