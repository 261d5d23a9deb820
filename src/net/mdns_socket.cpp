#include "net/mdns_socket.hpp"

#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/types.hpp"
#include "net/sockets.hpp"

namespace kith::net {
namespace {

namespace mdns = discovery::mdns;

constexpr int hop_limit = 255;  // RFC 6762 §11
// Answers of a whole network to one question come within 120 ms.
constexpr int receive_buffer_bytes = 1 << 20;

#ifndef IPV6_MULTICAST_ALL
constexpr int ipv6_multicast_all = 29;
#else
constexpr int ipv6_multicast_all = IPV6_MULTICAST_ALL;
#endif

union Control {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
               CMSG_SPACE(sizeof(in_pktinfo))];
};

template <class T>
T read_data(const cmsghdr* message) {
    T out{};
    std::memcpy(&out, CMSG_DATA(message), sizeof out);
    return out;
}

void read_control(msghdr& message, MdnsDatagram& out) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
            const auto info = read_data<in_pktinfo>(at);
            out.interface = static_cast<std::uint32_t>(info.ipi_ifindex);
            out.destination =
                *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&info.ipi_addr), 4});
        } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
            const auto info = read_data<in6_pktinfo>(at);
            out.interface = info.ipi6_ifindex;
            out.destination = *IpAddress::from_bytes(
                {reinterpret_cast<const std::uint8_t*>(&info.ipi6_addr), 16});
        } else if ((at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TTL) ||
                   (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_HOPLIMIT)) {
            out.hop_limit = static_cast<std::uint8_t>(read_data<int>(at));
        }
    }
}

/// Control data that sends by `interface`, from `from` if it is an address.
std::size_t write_control(Control& control, IpFamily family, std::uint32_t interface,
                          const IpAddress& from) {
    std::memset(&control, 0, sizeof control);
    if (family == IpFamily::v4) {
        in_pktinfo info{};
        info.ipi_ifindex = static_cast<int>(interface);
        if (from.is_v4()) std::memcpy(&info.ipi_spec_dst, from.bytes().data(), 4);
        control.header.cmsg_level = IPPROTO_IP;
        control.header.cmsg_type = IP_PKTINFO;
        control.header.cmsg_len = CMSG_LEN(sizeof info);
        std::memcpy(CMSG_DATA(&control.header), &info, sizeof info);
        return CMSG_SPACE(sizeof info);
    }
    in6_pktinfo info{};
    info.ipi6_ifindex = interface;
    if (from.is_v6()) std::memcpy(&info.ipi6_addr, from.bytes().data(), 16);
    control.header.cmsg_level = IPPROTO_IPV6;
    control.header.cmsg_type = IPV6_PKTINFO;
    control.header.cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
}

ino_t inode_of(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/// An address as /proc writes it: words of 32 bits, as this machine reads them, in hexadecimal digits.
IpAddress read_address(std::string_view digits) {
    std::array<std::uint8_t, 16> bytes{};
    if (digits.size() > 2 * bytes.size()) return {};
    for (std::size_t at = 0; at + 8 <= digits.size(); at += 8) {
        std::uint32_t word = 0;
        std::from_chars(digits.data() + at, digits.data() + at + 8, word, 16);
        std::memcpy(bytes.data() + at / 2, &word, sizeof word);
    }
    return IpAddress::from_bytes({bytes.data(), digits.size() / 2}).value_or(IpAddress());
}

/// Inodes of the sockets that /proc lists with this local port and that hear unicast.
std::vector<ino_t> sockets_on(const char* file, std::uint16_t port) {
    std::vector<ino_t> out;
    std::ifstream lines(file);
    std::string line;
    std::getline(lines, line);  // the heading
    while (std::getline(lines, line)) {
        // sl local:port remote:port st queues tr:when retransmits uid timeout inode ...
        std::istringstream words(line);
        std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
        if (fields.size() < 10) continue;
        const std::size_t colon = fields[1].rfind(':');
        if (colon == std::string::npos) continue;
        unsigned found = 0;
        const std::string_view local = fields[1];
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), found, 16);
        if (found == port && !read_address(local.substr(0, colon)).is_multicast())
            out.push_back(std::strtoul(fields[9].c_str(), nullptr, 10));
    }
    return out;
}

}  // namespace

Net<MdnsSocket> MdnsSocket::open(IpFamily family, std::uint16_t port) {
    static constexpr std::uint8_t any[16] = {};
    return open_at({*IpAddress::from_bytes({any, family == IpFamily::v6 ? 16U : 4U}), port, 0}, 0);
}

Net<MdnsSocket> MdnsSocket::open_group(IpFamily family, std::uint32_t interface,
                                       std::uint16_t port) {
    Endpoint group = mdns::group(family, interface);
    group.port = port;
    KITH_TRY(MdnsSocket out, open_at(group, interface));
    if (!out.change_membership(IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP))
        return std::unexpected(net_error("join the group", group, errno));
    return out;
}

Net<MdnsSocket> MdnsSocket::open_at(const Endpoint& local, std::uint32_t interface) {
    MdnsSocket out;
    out.family_ = local.address.family();
    out.interface_ = interface;
    out.socket_ = Descriptor(::socket(out.family_ == IpFamily::v6 ? AF_INET6 : AF_INET,
                                      SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!out.socket_)
        return std::unexpected(net_error("open a multicast socket for", local, errno));
    KITH_TRY_VOID(out.configure());
    // With IPv4 a membership alone keeps what other links hear away, but not in kernels from 6.6 on: these
    // hand a packet that is for one socket alone to any of those with its address and device
    // (SO_REUSEPORT). It takes no privilege from 5.7 on; the scope of an IPv6 address does the same.
    if (interface != 0)
        set_option(out.fd(), SOL_SOCKET, SO_BINDTOIFINDEX, static_cast<int>(interface));
    const SocketAddress address(local);
    if (::bind(out.fd(), &address.any, address.size()) != 0)
        return std::unexpected(net_error("listen for mDNS on", local, errno));
    out.buffer_.resize(mdns::packet_bytes_max + 1);
    return out;
}

Net<void> MdnsSocket::configure() {
    const int fd = socket_.get();
    // Both: a program that sets only one of them can share the port with us (RFC 6762 §15.1).
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes))
        set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
    bool good = true;
    if (family_ == IpFamily::v6) {
        good &= set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        good &= set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        good &= set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
        good &= set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hop_limit);
        good &= set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hop_limit);
        // Other programs of this machine want to hear us.
        set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
        set_option(fd, IPPROTO_IPV6, ipv6_multicast_all, 0);  // what this socket did not join
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
    } else {
        good &= set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
        good &= set_option(fd, IPPROTO_IP, IP_RECVTTL, 1);
        good &= set_option(fd, IPPROTO_IP, IP_MULTICAST_TTL, hop_limit);
        good &= set_option(fd, IPPROTO_IP, IP_TTL, hop_limit);
        set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
        set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
    }
    if (!good)
        return std::unexpected(
            net_error("set the options of a multicast socket on", mdns::group(family_), errno));
    return {};
}

bool MdnsSocket::change_membership(int v4_option, int v6_option) {
    const Endpoint group = mdns::group(family_);
    if (family_ == IpFamily::v6) {
        ipv6_mreq request{};
        std::memcpy(&request.ipv6mr_multiaddr, group.address.bytes().data(), 16);
        request.ipv6mr_interface = interface_;
        return ::setsockopt(fd(), IPPROTO_IPV6, v6_option, &request, sizeof request) == 0;
    }
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.address.bytes().data(), 4);
    request.imr_ifindex = static_cast<int>(interface_);
    return ::setsockopt(fd(), IPPROTO_IP, v4_option, &request, sizeof request) == 0;
}

bool MdnsSocket::rejoin() {
    change_membership(IP_DROP_MEMBERSHIP, IPV6_LEAVE_GROUP);
    return change_membership(IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP);
}

std::uint32_t MdnsSocket::dropped() const {
    std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
    socklen_t size = sizeof figures;
    if (::getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, figures.data(), &size) != 0) return 0;
    return figures[SK_MEMINFO_DROPS];
}

std::optional<MdnsDatagram> MdnsSocket::receive() {
    SocketAddress source;
    Control control;
    iovec bytes{buffer_.data(), buffer_.size()};
    while (true) {
        msghdr message{};
        message.msg_name = &source;
        message.msg_namelen = sizeof source;
        message.msg_iov = &bytes;
        message.msg_iovlen = 1;
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        const ssize_t got = ::recvmsg(fd(), &message, MSG_DONTWAIT);
        if (got < 0) {
            // An error of an earlier send is told here once; the next call has what waits behind it.
            if (errno == EINTR || errno == ECONNREFUSED || errno == EHOSTUNREACH ||
                errno == ENETUNREACH)
                continue;
            return std::nullopt;
        }
        MdnsDatagram out;
        out.bytes = Bytes(buffer_.data(), static_cast<std::size_t>(got));
        out.source = source.endpoint();
        out.is_cut =
            (message.msg_flags & MSG_TRUNC) != 0 || out.bytes.size() > mdns::packet_bytes_max;
        read_control(message, out);
        return out;
    }
}

bool MdnsSocket::send(std::uint32_t interface, const Endpoint& to, const IpAddress& from,
                      Bytes message) {
    Endpoint target = to;
    if (target.address.is_v6() && (target.address.is_link_local() || target.address.is_multicast()))
        target.scope = interface;
    SocketAddress address(target);
    Control control;
    iovec bytes{const_cast<std::uint8_t*>(message.data()), message.size()};
    msghdr out{};
    out.msg_name = &address;
    out.msg_namelen = address.size();
    out.msg_iov = &bytes;
    out.msg_iovlen = 1;
    out.msg_control = &control;
    out.msg_controllen = write_control(control, family_, interface, from);
    return ::sendmsg(fd(), &out, MSG_DONTWAIT) >= 0;
}

bool port_is_shared(std::uint16_t port, std::initializer_list<int> own) {
    std::vector<ino_t> ours;
    for (const int fd : own) ours.push_back(inode_of(fd));
    for (const char* file : {"/proc/self/net/udp", "/proc/self/net/udp6"}) {
        for (const ino_t inode : sockets_on(file, port)) {
            if (std::ranges::find(ours, inode) == ours.end()) return true;
        }
    }
    return false;
}

}  // namespace kith::net
