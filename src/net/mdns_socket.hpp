#pragma once
// MdnsSocket: the UDP socket of one address family for Multicast DNS (RFC 6762 §11, §15.1).
//
// Bound to the wildcard address; which interface a packet came in on and went out by is told by packet
// information, so that one socket serves all interfaces. Shares its port with other programs.

#include <initializer_list>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip_address.hpp"
#include "net/descriptor.hpp"
#include "net/net_error.hpp"

namespace kith::net {

/// A datagram as received; `bytes` lives until the next receive().
struct MdnsDatagram {
    Bytes bytes;
    Endpoint source;
    IpAddress destination;  // a group, or an address of ours
    std::uint32_t interface = 0;
    std::uint8_t hop_limit = 0;  // 0: unknown
    bool is_cut = false;         // longer than any legal packet
};

class MdnsSocket {
public:
    /// Port 5353 for a full querier and responder; 0 for one-shot queries (RFC 6762 §5.1).
    static Net<MdnsSocket> open(IpFamily family, std::uint16_t port);

    int fd() const { return socket_.get(); }
    IpFamily family() const { return family_; }

    /// Joins or leaves 224.0.0.251 or ff02::fb on an interface; false when the kernel refuses, as for one
    /// that is gone. Joining again renews the membership, which wakes switches that snoop.
    bool join(std::uint32_t interface);
    void leave(std::uint32_t interface);

    /// The next datagram; nullopt when none waits.
    std::optional<MdnsDatagram> receive();
    /// Sends by `interface`, from `from` when it is an address. False: not taken, and errno says why.
    bool send(std::uint32_t interface, const Endpoint& to, const IpAddress& from, Bytes message);

private:
    MdnsSocket() = default;
    Net<void> configure();
    bool change_membership(std::uint32_t interface, int v4_option, int v6_option);

    Descriptor socket_;
    IpFamily family_ = IpFamily::none;
    std::vector<std::uint8_t> buffer_;
};

/// True when a socket of another program is bound to UDP port `port` in this network namespace: then
/// unicast replies may reach it instead of us. `own` are our sockets.
bool port_is_shared(std::uint16_t port, std::initializer_list<int> own);

}  // namespace kith::net
