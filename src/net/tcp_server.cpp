#include "net/tcp_server.hpp"

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hpp"
#include "net/sockets.hpp"

namespace kith::net {

struct TcpServer::Connection {
    struct Sending {
        std::unique_ptr<TcpStream> stream;
        Time started;
    };
    TcpClient id = 0;
    Descriptor socket;
    Endpoint peer;
    Endpoint local;
    std::vector<std::uint8_t> in;   // bytes of messages not handled yet
    std::vector<std::uint8_t> out;  // framed answers the kernel has not taken yet
    std::size_t out_sent = 0;       // bytes at the front of `out` already sent
    std::deque<Sending> streams;    // each is one of `pending`; the first writes next
    int pending = 0;                // messages handed out and not answered
    bool finished_reading = false;  // the client has sent its last byte
    bool broken = false;
    bool waits_for_turn = false;
    std::uint32_t watched = EPOLLIN;
    Time last_message;
    Time last_write;
    Time last_refill;  // when a stream last wrote

    /// Since when nothing useful has happened on it.
    Time silent_since() const {
        return streams.empty() ? last_message : std::max(last_message, last_refill);
    }
    std::size_t unsent() const { return out.size() - out_sent; }
    /// A whole message waits in `in`.
    bool has_message() const { return in.size() >= 2 && in.size() - 2 >= load_u16(in.data()); }
    /// May another message be handed out?
    bool may_take() const { return pending < tcp_pending_max && unsent() < tcp_unsent_bytes_max; }
    bool is_over() const {
        return broken || (finished_reading && pending == 0 && unsent() == 0 && !has_message());
    }
    /// Something can be done without waiting for the client.
    bool has_work() const {
        return (has_message() && may_take()) ||
               (!streams.empty() && unsent() < tcp_stream_unsent_bytes_max);
    }
    /// What can only be done once the client has sent or read.
    std::uint32_t waits_for() const {
        const bool reads = !finished_reading && may_take() && !has_message();
        return (reads ? std::uint32_t{EPOLLIN} : 0U) |
               (unsent() > 0 ? std::uint32_t{EPOLLOUT} : 0U);
    }
};

TcpServer::TcpServer(Loop& loop, TcpSettings settings, OnMessage on_message)
    : loop_(loop),
      settings_(settings),
      on_message_(std::move(on_message)),
      tick_(loop, [this] { on_tick(); }),
      turn_(loop, [this] { give_turns(); }) {}

TcpServer::~TcpServer() {
    for (auto& [id, connection] : clients_) loop_.unwatch(connection->socket.get());
    for (auto& listening : listening_) loop_.unwatch(listening->socket.get());
}

Net<Endpoint> TcpServer::listen(const Endpoint& local) {
    auto listening = std::make_unique<Listening>();
    const bool is_v6 = local.address.is_v6();
    listening->socket = Descriptor(
        ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int fd = listening->socket.get();
    if (fd < 0) return std::unexpected(net_error("open a TCP socket for", local, errno));
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (is_v6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const SocketAddress address(local);
    if (::bind(fd, &address.any, address.size()) != 0 || ::listen(fd, tcp_backlog) != 0) {
        return std::unexpected(net_error("listen on TCP", local, errno));
    }
    listening->local = bound_endpoint(fd);
    Listening& kept = *listening;
    loop_.watch(fd, EPOLLIN, [this, &kept](std::uint32_t) { on_acceptable(kept); });
    listening_.push_back(std::move(listening));
    return kept.local;
}

void TcpServer::on_acceptable(Listening& listening) {
    for (int i = 0; i < tcp_accepts_per_turn; ++i) {
        SocketAddress peer;
        socklen_t size = sizeof peer;
        Descriptor socket(
            ::accept4(listening.socket.get(), &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket) {
            // Out of descriptors: make room, or the same event comes back at once for ever.
            if ((errno == EMFILE || errno == ENFILE) && !clients_.empty()) {
                make_room();
                continue;
            }
            return;
        }
        const Endpoint local = bound_endpoint(socket.get());
        adopt(std::move(socket), peer.endpoint(), local);
    }
}

void TcpServer::adopt(Descriptor socket, const Endpoint& peer, const Endpoint& local) {
    while (!clients_.empty() && clients_.size() >= settings_.clients_max) make_room();
    set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    const TcpClient id = next_id_++;
    auto connection = std::make_unique<Connection>();
    connection->id = id;
    connection->socket = std::move(socket);
    connection->peer = peer;
    connection->local = local;
    connection->last_message = connection->last_write = loop_.now();
    const int fd = connection->socket.get();
    clients_.emplace(id, std::move(connection));
    ++counters_.accepted;
    loop_.watch(fd, EPOLLIN, [this, id](std::uint32_t events) { on_events(id, events); });
    if (!tick_.armed()) tick_.arm(loop_.now() + tcp_tick);
}

void TcpServer::make_room() {
    const auto oldest = std::ranges::min_element(
        clients_, {}, [](const auto& entry) { return entry.second->silent_since(); });
    ++counters_.evicted;
    close(oldest->first);
}

TcpServer::Connection* TcpServer::find(TcpClient id) {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second.get();
}

void TcpServer::on_events(TcpClient id, std::uint32_t events) {
    Connection* const connection = find(id);
    if (connection == nullptr) return;
    if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && connection->finished_reading))
        return close(id);
    const bool has_read = (events & (EPOLLIN | EPOLLHUP)) != 0 && read_some(*connection);
    // Until its turn nothing can be done with what it tells: hundreds of such events would delay others'.
    if (connection->waits_for_turn && !has_read) watch(*connection, 0);
    want_turn(*connection);
}

/// False: there was nothing, or it is not to be read yet.
bool TcpServer::read_some(Connection& connection) {
    if (connection.finished_reading || !connection.may_take() || connection.has_message())
        return false;
    const std::size_t before = connection.in.size();
    connection.in.resize(before + tcp_read_bytes_per_turn);
    const ssize_t got =
        ::recv(connection.socket.get(), connection.in.data() + before, tcp_read_bytes_per_turn, 0);
    connection.in.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) connection.finished_reading = true;
    if (got < 0 && errno != EAGAIN && errno != EINTR) connection.broken = true;
    return got > 0;
}

/// Puts it at the end of the row, unless it stands there.
void TcpServer::want_turn(Connection& connection) {
    if (std::exchange(connection.waits_for_turn, true)) return;
    waiting_.push_back(connection.id);
    if (!turn_.armed()) turn_.arm(loop_.now());
}

void TcpServer::give_turns() {
    int left = tcp_work_per_turn;
    // Whoever has more to do stands behind the others again, and waits for the next turn of the loop.
    for (std::size_t count = waiting_.size(); count > 0 && left > 0; --count) {
        const TcpClient id = waiting_.front();
        waiting_.pop_front();
        left -= serve(id);
    }
    if (!waiting_.empty()) turn_.arm(loop_.now());
}

/// One turn of a connection; returns how much work it was.
int TcpServer::serve(TcpClient id) {
    int work = 1 + hand_out(id);
    Connection* const connection = find(id);
    if (connection == nullptr) return work;
    write_some(*connection);
    if (const int messages = refill(*connection); messages > 0) {
        work += messages * tcp_stream_message_work;
        write_some(*connection);
    }
    settle(*connection);
    return work;
}

/// Hands out messages that have come; returns how many.
int TcpServer::hand_out(TcpClient id) {
    // The handler may answer at once, and answering may close: the connection is looked up anew.
    std::size_t used = 0;
    int count = 0;
    while (Connection* const connection = find(id)) {
        std::vector<std::uint8_t>& in = connection->in;
        const std::size_t left = in.size() - used;
        const std::size_t size = left >= 2 ? load_u16(in.data() + used) : 0;
        if (left < 2 || left - 2 < size || connection->broken || !connection->may_take() ||
            count == tcp_messages_per_turn) {
            in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(used));
            if (in.empty() && in.capacity() > tcp_read_bytes_per_turn) in = {};
            break;
        }
        ++count;
        ++connection->pending;
        ++counters_.messages;
        connection->last_message = loop_.now();
        on_message_(id, connection->peer, connection->local, Bytes(in).subspan(used + 2, size));
        used += 2 + size;
    }
    return count;
}

void TcpServer::send(TcpClient id, Bytes message) {
    Connection* const connection = find(id);
    if (connection == nullptr) return;
    --connection->pending;
    append(*connection, message);
    want_turn(*connection);  // it leaves with other answers: one segment instead of many
}

/// Puts a framed message behind what is unsent; false: too much is, and the connection is broken.
bool TcpServer::append(Connection& connection, Bytes message) {
    if (unsent_total_ + message.size() + 2 > tcp_unsent_bytes_total_max) connection.broken = true;
    if (connection.broken) return false;
    if (connection.unsent() == 0) connection.last_write = loop_.now();
    // A connection that is never quite empty must not keep all that it has ever sent.
    if (connection.out_sent >= tcp_unsent_bytes_max) {
        connection.out.erase(
            connection.out.begin(),
            connection.out.begin() + static_cast<std::ptrdiff_t>(connection.out_sent));
        connection.out_sent = 0;
    }
    std::uint8_t length[2];
    store_u16(length, static_cast<std::uint16_t>(message.size()));
    connection.out.insert(connection.out.end(), length, length + 2);
    connection.out.insert(connection.out.end(), message.begin(), message.end());
    unsent_total_ += message.size() + 2;
    return true;
}

void TcpServer::send_stream(TcpClient id, std::unique_ptr<TcpStream> stream) {
    Connection* const connection = find(id);
    if (connection == nullptr) return;
    connection->streams.push_back({std::move(stream), loop_.now()});
    connection->last_refill = loop_.now();
    ++stream_count_;
    want_turn(*connection);
}

/// Lets the streams write in turn while there is room; returns how many messages they wrote.
int TcpServer::refill(Connection& connection) {
    int count = 0;
    while (count < tcp_stream_messages_per_turn && !connection.streams.empty()) {
        if (connection.broken || connection.unsent() >= tcp_stream_unsent_bytes_max) break;
        ++count;
        Connection::Sending sending = std::move(connection.streams.front());
        connection.streams.pop_front();
        message_.resize(65535);
        const Bytes message = sending.stream->next(message_);
        connection.last_refill = loop_.now();
        const bool goes_on =
            !message.empty() && append(connection, message) && !sending.stream->done();
        if (message.empty()) connection.broken = true;
        if (goes_on) {
            connection.streams.push_back(std::move(sending));
        } else {
            --connection.pending;
            --stream_count_;
        }
    }
    return count;
}

void TcpServer::done(TcpClient id) {
    if (Connection* const connection = find(id)) {
        --connection->pending;
        want_turn(*connection);
    }
}

void TcpServer::write_some(Connection& connection) {
    while (connection.unsent() > 0 && !connection.broken) {
        const ssize_t put =
            ::send(connection.socket.get(), connection.out.data() + connection.out_sent,
                   connection.unsent(), MSG_NOSIGNAL);
        if (put < 0) {
            if (errno == EINTR) continue;
            if (errno != EAGAIN) connection.broken = true;
            return;
        }
        connection.out_sent += static_cast<std::size_t>(put);
        unsent_total_ -= static_cast<std::size_t>(put);
        connection.last_write = loop_.now();
    }
    if (connection.broken) return;
    connection.out.clear();
    if (connection.out.capacity() > tcp_unsent_bytes_max) connection.out.shrink_to_fit();
    connection.out_sent = 0;
}

/// After its turn: closes what is over, or finds out what the connection waits for next.
void TcpServer::settle(Connection& connection) {
    if (connection.is_over()) return close(connection.id);
    connection.waits_for_turn = false;
    if (connection.has_work()) want_turn(connection);
    watch(connection, connection.waits_for());
}

void TcpServer::watch(Connection& connection, std::uint32_t events) {
    if (events == connection.watched) return;
    loop_.rewatch(connection.socket.get(), connection.watched = events);
}

void TcpServer::close(TcpClient id) {
    Connection* const connection = find(id);
    if (connection == nullptr) return;
    unsent_total_ -= connection->unsent();
    stream_count_ -= connection->streams.size();
    loop_.unwatch(connection->socket.get());
    clients_.erase(id);
}

void TcpServer::on_tick() {
    const Time now = loop_.now();
    std::vector<TcpClient> late;
    for (const auto& [id, connection] : clients_) {
        const bool idle = connection->pending == 0 && connection->unsent() == 0 &&
                          now - connection->last_message > settings_.idle_timeout;
        const bool stalled =
            connection->unsent() > 0 && now - connection->last_write > tcp_write_stall_max;
        const bool trickles =
            !connection->streams.empty() &&
            (now - connection->last_refill > settings_.stream_message_max ||
             now - connection->streams.front().started > settings_.stream_time_max);
        if (idle || stalled || trickles) late.push_back(id);
    }
    counters_.timed_out += late.size();
    for (const TcpClient id : late) close(id);
    if (!clients_.empty()) tick_.arm(now + tcp_tick);
}

}  // namespace kith::net
