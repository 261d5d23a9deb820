#include "net/tcp_client.hpp"

#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "net/limits.hpp"
#include "net/sockets.hpp"

namespace kith::net {

struct TcpClientStream::State {
    Loop* loop = nullptr;
    Endpoint to;
    Events events;
    Descriptor socket;
    std::unique_ptr<Timer> soon;  // reports what failed before anybody could listen
    int early_error = 0;
    bool connecting = true;
    bool alive = true;             // the stream still wants to be told
    std::vector<std::uint8_t> in;  // bytes of the message being read
    std::vector<std::uint8_t> out;
    std::size_t sent = 0;  // of `out`
};

TcpClientStream::TcpClientStream(Loop& loop, const Endpoint& to,
                                 const std::optional<IpAddress>& from, Events events)
    : state_(std::make_shared<State>()) {
    State& state = *state_;
    state.loop = &loop;
    state.to = to;
    state.events = std::move(events);
    const int family = to.address.is_v6() ? AF_INET6 : AF_INET;
    state.socket = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = state.socket.get();
    bool started = fd >= 0;
    if (started) set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (started && from) {
        const SocketAddress source(Endpoint{*from, 0, 0});
        started = ::bind(fd, &source.any, source.size()) == 0;
    }
    if (started) {
        const SocketAddress address(to);
        started = ::connect(fd, &address.any, address.size()) == 0 || errno == EINPROGRESS;
    }
    if (started) {
        loop.watch(fd, EPOLLOUT,
                   [state = state_](std::uint32_t which) { on_events(state, which); });
        return;
    }
    state.early_error = errno;
    state.soon = std::make_unique<Timer>(loop, [weak = std::weak_ptr<State>(state_)] {
        if (const auto held = weak.lock()) fail(held, held->early_error);
    });
    state.soon->arm(loop.now());
}

TcpClientStream::~TcpClientStream() {
    state_->alive = false;
    state_->soon.reset();
    state_->loop->unwatch(state_->socket.get());
    state_->socket.reset();
}

void TcpClientStream::on_events(const std::shared_ptr<State>& held, std::uint32_t events) {
    const std::shared_ptr<State> state = held;  // the watch that holds it may end
    if (state->connecting) return finish_connect(state);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_some(state)) return;
    if (state->alive && (events & EPOLLOUT) != 0) write_some(state);
}

void TcpClientStream::finish_connect(const std::shared_ptr<State>& state) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(state->socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(state, error);
    state->connecting = false;
    state->loop->rewatch(state->socket.get(), EPOLLIN);
    state->events.connected();
}

/// False: nothing more is to be done with it now.
bool TcpClientStream::read_some(const std::shared_ptr<State>& state) {
    constexpr std::size_t piece = 65536;
    for (std::size_t total = 0; total < tcp_client_read_bytes_per_turn; total += piece) {
        const std::size_t before = state->in.size();
        state->in.resize(before + piece);
        const ssize_t got = ::recv(state->socket.get(), state->in.data() + before, piece, 0);
        const int error = errno;
        state->in.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got == 0) {
            end(state, "the server closed the connection");
            return false;
        }
        if (got < 0) {
            if (error == EAGAIN || error == EINTR) return true;
            fail(state, error);
            return false;
        }
        if (!deliver(state)) return false;
        if (static_cast<std::size_t>(got) < piece) return true;
    }
    return true;
}

/// Hands out the whole messages read; false: the stream is gone.
bool TcpClientStream::deliver(const std::shared_ptr<State>& state) {
    std::size_t used = 0;
    while (state->alive && state->in.size() - used >= 2) {
        const std::size_t size = load_u16(state->in.data() + used);
        if (state->in.size() - used - 2 < size) break;
        state->events.message(Bytes(state->in).subspan(used + 2, size));
        used += 2 + size;
    }
    state->in.erase(state->in.begin(), state->in.begin() + static_cast<std::ptrdiff_t>(used));
    return state->alive;
}

void TcpClientStream::send(Bytes message) {
    KITH_CHECK(!state_->connecting && message.size() <= 65535);
    std::uint8_t length[2];
    store_u16(length, static_cast<std::uint16_t>(message.size()));
    state_->out.insert(state_->out.end(), length, length + 2);
    state_->out.insert(state_->out.end(), message.begin(), message.end());
    if (state_->socket) state_->loop->rewatch(state_->socket.get(), EPOLLIN | EPOLLOUT);
}

void TcpClientStream::write_some(const std::shared_ptr<State>& state) {
    while (state->sent < state->out.size()) {
        const ssize_t put = ::send(state->socket.get(), state->out.data() + state->sent,
                                   state->out.size() - state->sent, MSG_NOSIGNAL);
        if (put < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) fail(state, errno);
            return;
        }
        state->sent += static_cast<std::size_t>(put);
    }
    state->out.clear();
    state->sent = 0;
    state->loop->rewatch(state->socket.get(), EPOLLIN);
}

void TcpClientStream::fail(const std::shared_ptr<State>& state, int error) {
    end(state, std::strerror(error));
}

void TcpClientStream::end(const std::shared_ptr<State>& state, std::string why) {
    if (!state->alive) return;
    state->alive = false;
    state->loop->unwatch(state->socket.get());
    state->socket.reset();
    state->events.closed(why);
}

}  // namespace kith::net
