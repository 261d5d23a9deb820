#pragma once
// DNS over TCP, the serving side (RFC 1035 §4.2.2, RFC 7766): listening sockets and their
// connections, message framing, pipelining with answers in any order, and the timers and bounds
// that keep slow or hostile clients from costing others anything (limits.hpp).
//
// A connection's clock runs from its last *whole* message, so that trickling bytes does not keep
// it open. When all places are taken, a newcomer takes the place of the connection that has been
// without a whole message for longest.

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "net/limits.hpp"
#include "net/loop.hpp"
#include "net/net_error.hpp"
#include "net/socket_address.hpp"

namespace kith::net {

/// Names a connection; never reused within a process run.
using TcpClient = std::uint64_t;

struct TcpSettings {
    std::size_t clients_max = 1000;  // per worker
    Duration idle_timeout = 10s;     // RFC 7766 §6.2.3: seconds, not minutes
};

struct TcpCounters {
    std::uint64_t accepted = 0;
    std::uint64_t messages = 0;
    std::uint64_t evicted = 0;    // closed to make room
    std::uint64_t timed_out = 0;  // idle, incomplete message, or answers left unread
};

class TcpServer {
public:
    /// Called with each whole message. The bytes are valid during the call only. Answer now or
    /// later with exactly one send() or one done() per message.
    using OnMessage = std::function<void(TcpClient client, const Endpoint& peer, const Endpoint& local, Bytes message)>;

    TcpServer(Loop& loop, TcpSettings settings, OnMessage on_message);
    ~TcpServer();

    /// Listens on `local` (SO_REUSEPORT); returns the address bound. Port 0 takes any free one.
    Net<Endpoint> listen(const Endpoint& local);

    /// Sends one answer. A connection that is gone is ignored: its client has left.
    void send(TcpClient client, Bytes message);
    /// The message will get no answer.
    void done(TcpClient client);
    /// Replaces clients_max and idle_timeout from now on.
    void set_settings(const TcpSettings& settings) { settings_ = settings; }

    std::size_t client_count() const { return clients_.size(); }
    const TcpCounters& counters() const { return counters_; }

private:
    struct Connection;
    struct Listening {
        Descriptor socket;
        Endpoint local;
    };

    void on_acceptable(Listening& listening);
    void adopt(Descriptor socket, const Endpoint& peer, const Endpoint& local);
    void make_room();
    void on_events(TcpClient id, std::uint32_t events);
    bool read_some(Connection& connection);
    void handle_messages(TcpClient id);
    bool write_some(Connection& connection);
    void settle(TcpClient id);
    void close(TcpClient id);
    void on_tick();
    Connection* find(TcpClient id);

    Loop& loop_;
    TcpSettings settings_;
    OnMessage on_message_;
    Timer tick_;
    std::vector<std::unique_ptr<Listening>> listening_;
    std::unordered_map<TcpClient, std::unique_ptr<Connection>> clients_;
    TcpClient next_id_ = 1;
    std::size_t unsent_total_ = 0;
    TcpCounters counters_;
};

}  // namespace kith::net
