#pragma once
// UDP service: a listening socket and the batch of datagrams a worker receives and answers with
// one system call each (recvmmsg, sendmmsg).
//
// A reply leaves from the address that was asked: a socket bound to one address does so by itself,
// a wildcard socket by IP_PKTINFO. Fragments are not wanted: path MTU discovery is off and DF is
// clear of forged PMTU news (IP_PMTUDISC_OMIT), as answers are at most 1,232 bytes by default.

#include <array>
#include <memory>

#include "base/bytes.hpp"
#include "net/descriptor.hpp"
#include "net/net_error.hpp"
#include "net/socket_address.hpp"

namespace kith::net {

/// One UDP socket on one address; several workers may each open one on the same address
/// (SO_REUSEPORT): the kernel spreads clients over them.
class UdpListener {
public:
    /// Port 0 takes any free port: see local(). The error says what to do about the usual causes.
    static Net<UdpListener> open(const Endpoint& local);

    int fd() const { return socket_.get(); }
    /// The address and port bound.
    const Endpoint& local() const { return local_; }
    bool is_wildcard() const { return wildcard_; }

private:
    UdpListener() = default;
    Descriptor socket_;
    Endpoint local_;
    bool wildcard_ = false;
};

/// Where a reply must go, kept for answers that come later than their batch.
struct UdpPeer {
    SocketAddress address;
    Endpoint local;               // what was asked; port of the listener
    std::uint32_t interface = 0;  // the query came in on; 0: unknown
};

/// An error when anything on this machine serves `local` already, ourselves included. Workers share
/// an address with SO_REUSEPORT, and so would a second server of the same user, unnoticed, taking half
/// of the queries: ask before the first of them listens. Port 0 is always free.
Net<void> check_unused(const Endpoint& local);

/// Buffers for up to `capacity` queries and their replies; one per worker, about 0.5 MB of which
/// only what is used is ever touched.
class UdpBatch {
public:
    static constexpr std::size_t capacity = 64;
    static constexpr std::size_t query_bytes_max = 4096;  // longer queries are cut: is_cut()
    static constexpr std::size_t reply_bytes_max = 4096;

    UdpBatch();
    ~UdpBatch();

    /// Receives what waits on `listener`, at most `capacity` datagrams; returns how many. 0: none
    /// (or an error that belongs to an earlier reply, such as a refused port).
    std::size_t receive(const UdpListener& listener);

    Bytes query(std::size_t i) const;
    bool is_cut(std::size_t i) const;  ///< the datagram was longer than query_bytes_max
    Endpoint client(std::size_t i) const;
    /// The address asked: the listener's, or what IP_PKTINFO says for a wildcard socket.
    Endpoint local(const UdpListener& listener, std::size_t i) const;
    UdpPeer peer(const UdpListener& listener, std::size_t i) const;

    /// Room for the reply to query `i`.
    MutableBytes reply_buffer(std::size_t i);
    /// Queues the first `size` bytes of reply_buffer(i) for flush().
    void reply(std::size_t i, std::size_t size);
    /// Sends the queued replies. What the kernel does not take at once is dropped and counted:
    /// a full send queue means the network is the bottleneck, and DNS clients ask again.
    void flush(const UdpListener& listener);

    std::uint64_t send_failures() const { return send_failures_; }

private:
    struct Arrays;
    std::unique_ptr<Arrays> arrays_;
    std::size_t queued_ = 0;
    std::size_t received_ = capacity;    // headers to set anew before the next receive()
    bool control_for_wildcard_ = false;  // what they are set for
    std::uint64_t send_failures_ = 0;
};

/// Sends one late reply; false when the kernel did not take it.
bool send_reply(const UdpListener& listener, const UdpPeer& peer, Bytes message);

}  // namespace kith::net
