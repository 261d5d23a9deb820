#pragma once
// Parking: the queries of one worker that wait for an upstream's answer. Each keeps a copy of its
// message and where its answer must go; when the answer is there, it is answered from the start.

#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "net/tcp_server.hpp"
#include "net/udp_listener.hpp"

namespace kith::server {

/// Where a query came in, which is where its answer goes out.
struct Arrival {
    const net::UdpListener* udp = nullptr;  // null: TCP
    net::UdpPeer udp_peer;
    net::TcpClient tcp_client = 0;
    Endpoint client;
    Endpoint local;
};

struct Parked {
    Arrival arrival;
    std::vector<std::uint8_t> message;
};

/// Bounded by the forwarder, which refuses to take more waiting clients than its limits say.
class Parking {
public:
    /// The token that the next park() will use.
    std::uint64_t next_token() const;
    void park(const Arrival& arrival, Bytes message);
    /// Takes a query out; nullopt when the token is not (or no longer) parked.
    std::optional<Parked> take(std::uint64_t token);
    std::size_t size() const { return slots_.size() - free_.size(); }

private:
    struct Slot {
        Parked parked;
        std::uint32_t generation = 0;  // so that a late completion cannot wake a newer query
        bool used = false;
    };
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace kith::server
