#pragma once
// MdnsSocket: a UDP socket of one address family for Multicast DNS (RFC 6762 §11, §15.1).
//
// One socket per family sends by all interfaces and hears what is sent to this machine alone; which interface
// a packet came in on and goes out by is told by packet information. What is sent to the group is heard by
// one more socket per interface, which is its membership: who floods a link fills that link's buffer, and
// the others are heard as before. All share their port with other programs.

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
    /// Sends by any interface and hears unicast: at port 5353 for a full querier and responder, at any port
    /// (0) for one-shot queries (RFC 6762 §5.1).
    static Net<MdnsSocket> open(IpFamily family, std::uint16_t port);
    /// Hears what one interface receives for 224.0.0.251 or ff02::fb at `port`, and nothing else. An error
    /// when the kernel refuses, as for an interface that is gone.
    static Net<MdnsSocket> open_group(IpFamily family, std::uint32_t interface, std::uint16_t port);

    int fd() const { return socket_.get(); }
    IpFamily family() const { return family_; }

    /// Leaves the group of open_group() and joins it again: a membership that outlived a cable or a sleep
    /// needs a new report on the wire, for switches that snoop. False: the kernel refuses.
    bool rejoin();
    /// Datagrams that the kernel threw away because this socket's buffer was full.
    std::uint32_t dropped() const;

    /// The next datagram; nullopt when none waits.
    std::optional<MdnsDatagram> receive();
    /// Sends by `interface`, from `from` when it is an address. False: not taken, and errno says why.
    bool send(std::uint32_t interface, const Endpoint& to, const IpAddress& from, Bytes message);

private:
    MdnsSocket() = default;
    /// `interface`: the only one to hear; 0: any.
    static Net<MdnsSocket> open_at(const Endpoint& local, std::uint32_t interface);
    Net<void> configure();
    bool change_membership(int v4_option, int v6_option);

    Descriptor socket_;
    IpFamily family_ = IpFamily::none;
    std::uint32_t interface_ = 0;  // of open_group()
    std::vector<std::uint8_t> buffer_;
};

/// True when a socket of another program is bound to UDP port `port` in this network namespace: then
/// unicast replies may reach it instead of us. `own` are our sockets for unicast; those of groups, ours and
/// others', hear none and do not count.
bool port_is_shared(std::uint16_t port, std::initializer_list<int> own);

}  // namespace kith::net
