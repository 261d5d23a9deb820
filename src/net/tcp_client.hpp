#pragma once
// TcpClientStream: one connection to a server, framed messages both ways, on a Loop: what transfers
// in and forwarded updates go over. It has no deadlines of its own: whoever owns it knows how long
// is too long, and destroys it.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/loop.hpp"
#include "net/net_error.hpp"
#include "net/socket_address.hpp"

namespace kith::net {

/// Must not outlive its Loop; on the loop's thread only. Memory: one message of at most 65,535
/// bytes being read, and what has not been sent.
class TcpClientStream {
public:
    struct Events {
        std::function<void()> connected;
        /// A whole message, valid during the call. The stream may be destroyed in it.
        std::function<void(Bytes message)> message;
        /// The connection could not be opened, or has ended; nothing follows. The stream may be
        /// destroyed in it. `why` is for a person.
        std::function<void(const std::string& why)> closed;
    };

    /// Starts to connect; all that happens is told by `events`, never during this call. `from`: the
    /// source address (its port 0: any).
    TcpClientStream(Loop& loop, const Endpoint& to, const std::optional<IpAddress>& from,
                    Events events);
    ~TcpClientStream();
    TcpClientStream(const TcpClientStream&) = delete;
    TcpClientStream& operator=(const TcpClientStream&) = delete;

    /// Sends one message of at most 65,535 bytes; requires that connected() was called.
    void send(Bytes message);

private:
    struct State;
    static void on_events(const std::shared_ptr<State>& state, std::uint32_t events);
    static void finish_connect(const std::shared_ptr<State>& state);
    static bool read_some(const std::shared_ptr<State>& state);
    static bool deliver(const std::shared_ptr<State>& state);
    static void write_some(const std::shared_ptr<State>& state);
    static void fail(const std::shared_ptr<State>& state, int error);
    static void end(const std::shared_ptr<State>& state, std::string why);

    // Shared with the events being handled: the owner may destroy the stream in one of them.
    std::shared_ptr<State> state_;
};

}  // namespace kith::net
