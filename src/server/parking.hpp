#pragma once
// Parking: the queries of one worker that wait for an upstream's answer. Each keeps a copy of its
// message and where its answer must go; when the answer is there, it is answered from the start.

#include <optional>
#include <vector>

#include "answer/query.hpp"
#include "net/tcp_server.hpp"
#include "net/udp_listener.hpp"

namespace kith::server {

/// A query that waits: where its answer goes, and the query itself.
struct Parked {
    const net::UdpListener* udp = nullptr;  // null: TCP
    net::UdpPeer udp_peer;                  // UDP
    net::TcpClient tcp_client = 0;          // TCP, as are the next two
    Endpoint client;
    Endpoint local;
    std::vector<std::uint8_t> message;
};

/// Where a query that is being answered came in. It only points there: most queries are answered at
/// once, and what parking needs is copied when it is needed.
struct Arrival {
    const net::UdpListener* udp = nullptr;  // null: TCP
    const net::UdpBatch* batch = nullptr;  // UDP, at `index`; null: a query that was parked before,
    std::size_t index = 0;
    const net::UdpPeer* udp_peer = nullptr;  // from there
    net::TcpClient tcp_client = 0;
};

/// Bounded by the forwarder, which refuses to take more waiting clients than its limits say.
class Parking {
public:
    /// The token that the next park() will use.
    std::uint64_t next_token() const;
    /// Keeps a copy of what answering `query` later needs.
    void park(const Arrival& arrival, const answer::Query& query);
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
