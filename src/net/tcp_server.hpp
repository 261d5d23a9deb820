#pragma once
// DNS over TCP, the serving side (RFC 1035 §4.2.2, RFC 7766): listening sockets and their
// connections, message framing, pipelining with answers in any order, and the timers and bounds
// that keep slow or hostile clients from costing others anything (limits.hpp).
//
// Connections with something to do wait in a row. Each turn of the loop serves as many of them as its
// share of work allows (tcp_work_per_turn), each once; so however many there are, and whatever they
// ask for, everything else of the loop has its turn after a fraction of a millisecond.
//
// A connection's clock runs from its last *whole* message, so that trickling bytes does not keep
// it open. When all places are taken, a newcomer takes the place of the connection that has been
// without a whole message for longest; one that takes a long answer counts from its last progress.

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

/// An answer of many messages, made one at a time when there is room for the next.
class TcpStream {
public:
    virtual ~TcpStream() = default;
    /// Writes the next message into `buffer`, of 65,535 bytes, and returns it. Empty: it cannot go
    /// on; the connection is closed, so that its client does not take what it has for all.
    virtual Bytes next(MutableBytes buffer) = 0;
    /// True after the last message.
    virtual bool done() const = 0;
};

/// Names a connection; never reused within a process run.
using TcpClient = std::uint64_t;

struct TcpSettings {
    std::size_t clients_max = 1000;  // per worker
    Duration idle_timeout = 10s;     // RFC 7766 §6.2.3: seconds, not minutes
    Duration stream_message_max = tcp_stream_message_max;
    Duration stream_time_max = tcp_stream_time_max;
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
    /// later with exactly one send(), send_stream() or done() per message.
    using OnMessage = std::function<void(TcpClient client, const Endpoint& peer,
                                         const Endpoint& local, Bytes message)>;

    TcpServer(Loop& loop, TcpSettings settings, OnMessage on_message);
    ~TcpServer();

    /// Listens on `local` (SO_REUSEPORT); returns the address bound. Port 0 takes any free one.
    Net<Endpoint> listen(const Endpoint& local);

    /// Sends one answer. A connection that is gone is ignored: its client has left.
    void send(TcpClient client, Bytes message);
    /// Sends an answer of many messages, one of `stream` whenever what was written before has mostly
    /// left. Other answers of the connection and other streams take turns with it. The stream is
    /// destroyed after its last message or when the connection ends, on the loop's thread.
    void send_stream(TcpClient client, std::unique_ptr<TcpStream> stream);
    /// The message will get no answer.
    void done(TcpClient client);
    /// Replaces clients_max and idle_timeout from now on.
    void set_settings(const TcpSettings& settings) { settings_ = settings; }

    std::size_t client_count() const { return clients_.size(); }
    /// Streams that are being sent, of all connections.
    std::size_t stream_count() const { return stream_count_; }
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
    void want_turn(Connection& connection);
    void give_turns();
    int serve(TcpClient id);
    int hand_out(TcpClient id);
    int refill(Connection& connection);
    void write_some(Connection& connection);
    bool append(Connection& connection, Bytes message);
    void settle(Connection& connection);
    void watch(Connection& connection, std::uint32_t events);
    void close(TcpClient id);
    void on_tick();
    Connection* find(TcpClient id);

    Loop& loop_;
    TcpSettings settings_;
    OnMessage on_message_;
    Timer tick_;
    Timer turn_;
    std::vector<std::unique_ptr<Listening>> listening_;
    std::unordered_map<TcpClient, std::unique_ptr<Connection>> clients_;
    std::deque<TcpClient> waiting_;  // for their turn; some may have gone
    TcpClient next_id_ = 1;
    std::size_t unsent_total_ = 0;
    std::size_t stream_count_ = 0;
    std::vector<std::uint8_t> message_;  // of a stream, being written
    TcpCounters counters_;
};

}  // namespace kith::net
