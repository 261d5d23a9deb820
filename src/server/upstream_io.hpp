#pragma once
// UpstreamIo: carries out what a forwarding engine asks for: a fresh UDP socket on a random port
// for every query, TCP connections, and its timer. One per worker.

#include <functional>
#include <memory>
#include <unordered_map>

#include "base/rng.hpp"
#include "net/loop.hpp"
#include "resolve/forwarder.hpp"

namespace kith::server {

class UpstreamIo {
public:
    /// `after` is called when a reply, failure or the timer has been handed to the forwarder, so
    /// that its completions are looked at.
    UpstreamIo(net::Loop& loop, resolve::Forwarder& forwarder, Rng& rng,
               std::function<void()> after);
    ~UpstreamIo();

    /// Does everything the forwarder has to send or close now, and sets its timer.
    void drain();

private:
    struct Socket;

    void send_udp(const resolve::Transmit& transmit);
    void open_tcp(const resolve::Transmit& transmit);
    void send_tcp(const resolve::Transmit& transmit);
    void close(resolve::SocketId id);
    void on_udp(resolve::SocketId id);
    void on_tcp(resolve::SocketId id, std::uint32_t events);
    void read_tcp(resolve::SocketId id);
    void write_tcp(Socket& socket);
    void fail(resolve::SocketId id);
    void bind_random_port(int fd, const Endpoint& to);
    Socket* find(resolve::SocketId id);

    net::Loop& loop_;
    resolve::Forwarder& forwarder_;
    Rng& rng_;
    std::function<void()> after_;
    net::Timer timer_;
    std::unordered_map<resolve::SocketId, std::unique_ptr<Socket>> sockets_;
    // Failures that show while sending are told to the engine only after its queue is drained.
    std::vector<resolve::SocketId> failed_;
};

}  // namespace kith::server
