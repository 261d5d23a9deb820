#pragma once
// LinkMonitor: the interfaces of this machine with their addresses, and word when anything about
// them changes (rtnetlink).
//
// The word is only "look again": after it everything is read anew, so that lost and reordered messages
// cannot leave a wrong picture.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/ip_address.hpp"
#include "net/descriptor.hpp"
#include "net/net_error.hpp"

namespace kith::net {

struct LinkState {
    std::uint32_t index = 0;
    std::string name;
    std::uint32_t mtu = 1500;
    bool is_up = false;  // administratively, and with a carrier
    bool is_loopback = false;
    bool is_point_to_point = false;
    bool is_multicast = false;
    bool is_bridge_port = false;  // of a bridge, bond or team
    /// Usable ones with their prefixes: not tentative or doubled (IPv6 DAD), deprecated, or temporary
    /// (RFC 8981: made to be known to nobody).
    std::vector<IpPrefix> addresses;
    friend bool operator==(const LinkState&, const LinkState&) = default;
};

class LinkMonitor {
public:
    /// Fails when the kernel offers no rtnetlink (some sandboxes).
    static Net<LinkMonitor> open();

    /// Readable when something may have changed: call drain(), then read().
    int fd() const { return notices_.get(); }
    /// Takes what waits on fd(); never blocks.
    void drain();
    /// All links now, by index. At most `links_max`, each with at most `link_addresses_max` addresses.
    Net<std::vector<LinkState>> read() const;

private:
    LinkMonitor() = default;
    Descriptor notices_;
};

/// All links of `replies` to RTM_GETLINK and RTM_GETADDR dumps, which are messages of the kernel one after
/// the other. For LinkMonitor and its fuzz test: nothing in them is trusted.
void read_netlink_messages(Bytes replies, std::vector<LinkState>& links);

}  // namespace kith::net
