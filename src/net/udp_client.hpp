#pragma once
// UdpClient: a UDP socket on a random port for queries that this program sends by itself (SOA
// queries, NOTIFY), on a Loop. Replies are told with where they came from; matching them with what
// was asked is the engine's.

#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "net/loop.hpp"
#include "net/net_error.hpp"
#include "net/socket_address.hpp"

namespace kith::net {

/// Must not outlive its Loop; on the loop's thread only.
class UdpClient {
public:
    /// A datagram, valid during the call. The client may be destroyed in it.
    using OnMessage = std::function<void(const Endpoint& from, Bytes message)>;

    /// Opens a socket of the family of `like`. `from`: the source address.
    static Net<std::unique_ptr<UdpClient>> open(Loop& loop, const IpAddress& like,
                                                const std::optional<IpAddress>& from,
                                                OnMessage on_message);
    ~UdpClient();
    UdpClient(const UdpClient&) = delete;
    UdpClient& operator=(const UdpClient&) = delete;

    /// What the kernel refuses is lost, as datagrams may be.
    void send(const Endpoint& to, Bytes message);

private:
    struct State;
    explicit UdpClient(std::shared_ptr<State> state);
    static void on_readable(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace kith::net
