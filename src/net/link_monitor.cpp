#include "net/link_monitor.hpp"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "net/limits.hpp"

namespace kith::net {
namespace {

NetError failed(const char* what, int error) {
    return {error, fmt::format("cannot {}: {}", what, std::strerror(error))};
}

/// A structure at the front of `bytes`; nullopt when they are too few.
template <class T>
std::optional<T> front(Bytes bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T out;
    std::memcpy(&out, bytes.data(), sizeof out);
    return out;
}

/// `bytes` without the first `count` and what aligns them.
Bytes behind(Bytes bytes, std::size_t count) {
    return bytes.subspan(std::min(bytes.size(), (count + 3U) & ~std::size_t{3}));
}

/// Calls `visit(type, payload)` for each attribute.
template <class Visit>
void for_each_attribute(Bytes bytes, Visit visit) {
    while (const auto header = front<rtattr>(bytes)) {
        if (header->rta_len < sizeof(rtattr) || header->rta_len > bytes.size()) return;
        visit(static_cast<std::uint16_t>(header->rta_type & NLA_TYPE_MASK),
              bytes.subspan(sizeof(rtattr), header->rta_len - sizeof(rtattr)));
        bytes = behind(bytes, header->rta_len);
    }
}

std::string_view text_of(Bytes payload) {
    const std::string_view text = as_text(payload);
    return text.substr(0, text.find('\0'));
}

/// Ports of what makes one interface of several. A VRF's members stay interfaces of their own.
bool joins_interfaces(std::string_view kind) {
    return kind == "bridge" || kind == "bond" || kind == "team" || kind == "openvswitch";
}

void read_link(Bytes message, std::vector<LinkState>& links) {
    const auto info = front<ifinfomsg>(message);
    if (!info || info->ifi_index <= 0 || links.size() >= links_max) return;
    LinkState link;
    link.index = static_cast<std::uint32_t>(info->ifi_index);
    link.is_up = (info->ifi_flags & IFF_UP) != 0 && (info->ifi_flags & IFF_RUNNING) != 0;
    link.is_loopback = (info->ifi_flags & IFF_LOOPBACK) != 0;
    link.is_point_to_point = (info->ifi_flags & IFF_POINTOPOINT) != 0;
    link.is_multicast = (info->ifi_flags & IFF_MULTICAST) != 0;
    for_each_attribute(behind(message, sizeof *info), [&link](std::uint16_t type, Bytes payload) {
        if (type == IFLA_IFNAME) link.name = text_of(payload);
        if (type == IFLA_MTU) link.mtu = front<std::uint32_t>(payload).value_or(link.mtu);
        if (type != IFLA_LINKINFO) return;
        for_each_attribute(payload, [&link](std::uint16_t inner, Bytes value) {
            if (inner == IFLA_INFO_SLAVE_KIND)
                link.is_bridge_port = joins_interfaces(text_of(value));
        });
    });
    links.push_back(std::move(link));
}

void read_address(Bytes message, std::vector<LinkState>& links) {
    const auto info = front<ifaddrmsg>(message);
    if (!info) return;
    std::uint32_t flags = info->ifa_flags;
    IpAddress address, local;
    for_each_attribute(behind(message, sizeof *info), [&](std::uint16_t type, Bytes payload) {
        if (type == IFA_FLAGS) flags = front<std::uint32_t>(payload).value_or(flags);
        if (type == IFA_ADDRESS) address = IpAddress::from_bytes(payload).value_or(IpAddress());
        if (type == IFA_LOCAL) local = IpAddress::from_bytes(payload).value_or(IpAddress());
    });
    // On a point-to-point link IFA_ADDRESS is the other end.
    if (local.family() != IpFamily::none) address = local;
    constexpr std::uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;
    const bool temporary =
        address.is_v6() && (flags & IFA_F_TEMPORARY) != 0;  // of IPv4 the bit means "secondary"
    if ((flags & unusable) != 0 || temporary || address.family() == IpFamily::none) return;
    const auto link = std::ranges::find(links, info->ifa_index, &LinkState::index);
    if (link == links.end() || link->addresses.size() >= link_addresses_max) return;
    const std::uint8_t most = address.is_v4() ? 32 : 128;
    link->addresses.push_back({address, std::min(info->ifa_prefixlen, most)});
}

Net<Descriptor> open_netlink(std::uint32_t groups) {
    Descriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket) return std::unexpected(failed("open an rtnetlink socket", errno));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return std::unexpected(failed("bind an rtnetlink socket", errno));
    }
    return socket;
}

bool ends_dump(Bytes messages) {
    while (const auto header = front<nlmsghdr>(messages)) {
        if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return true;
        if (header->nlmsg_len < sizeof(nlmsghdr)) return true;
        messages = behind(messages, header->nlmsg_len);
    }
    return false;
}

/// Asks for one dump and reads it into `links`. The kernel answers at once.
Net<void> dump(int fd, std::uint16_t type, std::vector<LinkState>& links) {
    struct {
        nlmsghdr header;
        rtgenmsg family;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = type;
    request.family.rtgen_family = AF_UNSPEC;
    if (::send(fd, &request, sizeof request, 0) < 0)
        return std::unexpected(failed("ask for the interfaces", errno));
    std::array<std::uint8_t, 65536> buffer;
    for (std::size_t reads = 0; reads < netlink_reads_max; ++reads) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return std::unexpected(failed("read the interfaces", errno));
        const Bytes messages(buffer.data(), static_cast<std::size_t>(got));
        read_netlink_messages(messages, links);
        if (ends_dump(messages)) return {};
    }
    return std::unexpected(failed("read the interfaces", EOVERFLOW));
}

}  // namespace

void read_netlink_messages(Bytes replies, std::vector<LinkState>& links) {
    while (const auto header = front<nlmsghdr>(replies)) {
        if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > replies.size()) return;
        const Bytes message =
            replies.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr));
        if (header->nlmsg_type == RTM_NEWLINK) read_link(message, links);
        if (header->nlmsg_type == RTM_NEWADDR) read_address(message, links);
        replies = behind(replies, header->nlmsg_len);
    }
}

Net<LinkMonitor> LinkMonitor::open() {
    LinkMonitor out;
    KITH_TRY(out.notices_, open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR));
    return out;
}

void LinkMonitor::drain() {
    std::array<std::uint8_t, 8192> buffer;
    // What is lost (ENOBUFS) does not matter: everything is read anew.
    while (true) {
        const ssize_t got = ::recv(notices_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got < 0 && errno != ENOBUFS && errno != EINTR) return;
        if (got == 0) return;
    }
}

Net<std::vector<LinkState>> LinkMonitor::read() const {
    KITH_TRY(const Descriptor socket, open_netlink(0));
    std::vector<LinkState> links;
    KITH_TRY_VOID(dump(socket.get(), RTM_GETLINK, links));
    KITH_TRY_VOID(dump(socket.get(), RTM_GETADDR, links));
    std::ranges::sort(links, {}, &LinkState::index);
    return links;
}

}  // namespace kith::net
