#include "net/udp_client.hpp"

#include <array>
#include <cerrno>

#include "net/limits.hpp"
#include "net/sockets.hpp"

namespace kith::net {

struct UdpClient::State {
    Loop* loop = nullptr;
    Descriptor socket;
    OnMessage on_message;
    bool alive = true;
};

Net<std::unique_ptr<UdpClient>> UdpClient::open(Loop& loop, const IpAddress& like,
                                                const std::optional<IpAddress>& from,
                                                OnMessage on_message) {
    auto state = std::make_shared<State>();
    state->loop = &loop;
    state->on_message = std::move(on_message);
    const Endpoint local{from ? *from : IpAddress(), 0, 0};
    const int family = like.is_v6() ? AF_INET6 : AF_INET;
    state->socket = Descriptor(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = state->socket.get();
    if (fd < 0) return std::unexpected(net_error("open a UDP socket for", local, errno));
    // The kernel chooses a random port when the first datagram leaves.
    if (from) {
        const SocketAddress source(local);
        if (::bind(fd, &source.any, source.size()) != 0) {
            return std::unexpected(net_error("send from", local, errno));
        }
    }
    loop.watch(fd, EPOLLIN, [state](std::uint32_t) { on_readable(state); });
    return std::unique_ptr<UdpClient>(new UdpClient(std::move(state)));
}

UdpClient::UdpClient(std::shared_ptr<State> state) : state_(std::move(state)) {}

UdpClient::~UdpClient() {
    state_->alive = false;
    state_->loop->unwatch(state_->socket.get());
    state_->socket.reset();
}

void UdpClient::send(const Endpoint& to, Bytes message) {
    const SocketAddress address(to);
    [[maybe_unused]] const auto put = ::sendto(state_->socket.get(), message.data(), message.size(),
                                               MSG_NOSIGNAL, &address.any, address.size());
}

void UdpClient::on_readable(const std::shared_ptr<State>& held) {
    const std::shared_ptr<State> state = held;  // the client may be destroyed while it is told
    std::array<std::uint8_t, 65535> buffer;
    for (int left = udp_client_reads_per_turn; left > 0 && state->alive; --left) {
        SocketAddress from;
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(state->socket.get(), buffer.data(), buffer.size(), 0, &from.any, &size);
        if (got < 0) {
            // A refused port shows as an error of the next call: what was asked there is lost.
            if (errno == ECONNREFUSED || errno == EINTR) continue;
            return;
        }
        state->on_message(from.endpoint(), Bytes(buffer).first(static_cast<std::size_t>(got)));
    }
}

}  // namespace kith::net
