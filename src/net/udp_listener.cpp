#include "net/udp_listener.hpp"

#include <cerrno>
#include <cstring>

#include "base/check.hpp"
#include "net/sockets.hpp"

namespace kith::net {
namespace {

// 4 MiB hold some 5,000 queries while a worker is descheduled; the kernel grants less to
// unprivileged processes (net.core.rmem_max), which is fine.
constexpr int receive_buffer_bytes = 4 << 20;

/// Room for either family's packet information.
union Control {
    cmsghdr header;
    char v4[CMSG_SPACE(sizeof(in_pktinfo))];
    char v6[CMSG_SPACE(sizeof(in6_pktinfo))];
};

cmsghdr* packet_info(msghdr& message) {
    for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) return at;
        if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) return at;
    }
    return nullptr;
}

/// The address a datagram was sent to and the interface it came in on, out of its control data.
void read_packet_info(msghdr& message, Endpoint& local, std::uint32_t& interface) {
    const cmsghdr* const info = packet_info(message);
    if (info == nullptr) return;
    if (info->cmsg_level == IPPROTO_IP) {
        in_pktinfo v4;
        std::memcpy(&v4, CMSG_DATA(info), sizeof v4);
        local.address =
            *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v4.ipi_spec_dst), 4});
        interface = static_cast<std::uint32_t>(v4.ipi_ifindex);
    } else {
        in6_pktinfo v6;
        std::memcpy(&v6, CMSG_DATA(info), sizeof v6);
        local.address =
            *IpAddress::from_bytes({reinterpret_cast<const std::uint8_t*>(&v6.ipi6_addr), 16});
        interface = v6.ipi6_ifindex;
    }
}

/// Writes control data that makes a reply leave from `local`. The interface is named only where the
/// address alone is ambiguous (link-local), so that routing stays free otherwise.
std::size_t write_packet_info(Control& control, const Endpoint& local, std::uint32_t interface) {
    std::memset(&control, 0, sizeof control);
    if (local.address.is_v4()) {
        in_pktinfo v4{};
        std::memcpy(&v4.ipi_spec_dst, local.address.bytes().data(), 4);
        control.header.cmsg_level = IPPROTO_IP;
        control.header.cmsg_type = IP_PKTINFO;
        control.header.cmsg_len = CMSG_LEN(sizeof v4);
        std::memcpy(CMSG_DATA(&control.header), &v4, sizeof v4);
        return CMSG_SPACE(sizeof v4);
    }
    in6_pktinfo v6{};
    std::memcpy(&v6.ipi6_addr, local.address.bytes().data(), 16);
    if (local.address.is_link_local()) v6.ipi6_ifindex = interface;
    control.header.cmsg_level = IPPROTO_IPV6;
    control.header.cmsg_type = IPV6_PKTINFO;
    control.header.cmsg_len = CMSG_LEN(sizeof v6);
    std::memcpy(CMSG_DATA(&control.header), &v6, sizeof v6);
    return CMSG_SPACE(sizeof v6);
}

void set_udp_options(int fd, bool is_v6, bool wildcard) {
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer_bytes)) {
        set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
    }
    if (is_v6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
        if (wildcard) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
        if (wildcard) set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
}

}  // namespace

Net<UdpListener> UdpListener::open(const Endpoint& local) {
    UdpListener out;
    out.wildcard_ = local.address.is_unspecified();
    const bool is_v6 = local.address.is_v6();
    out.socket_ = Descriptor(
        ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!out.socket_) return std::unexpected(net_error("open a UDP socket for", local, errno));
    set_udp_options(out.fd(), is_v6, out.wildcard_);
    const SocketAddress address(local);
    if (::bind(out.fd(), &address.any, address.size()) != 0) {
        return std::unexpected(net_error("listen on UDP", local, errno));
    }
    out.local_ = bound_endpoint(out.fd());
    return out;
}

Net<void> check_unused(const Endpoint& local) {
    const bool is_v6 = local.address.is_v6();
    const Descriptor probe(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!probe) return std::unexpected(net_error("open a UDP socket for", local, errno));
    if (is_v6) set_option(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const SocketAddress address(local);
    if (::bind(probe.get(), &address.any, address.size()) != 0) {
        return std::unexpected(net_error("listen on UDP", local, errno));
    }
    return {};
}

struct UdpBatch::Arrays {
    std::array<mmsghdr, capacity> in{}, out{};
    std::array<iovec, capacity> in_bytes{}, out_bytes{};
    std::array<SocketAddress, capacity> clients{};
    std::array<Control, capacity> in_control{}, out_control{};
    // Not cleared: a page of these is resident only once it was used.
    std::array<std::array<std::uint8_t, query_bytes_max>, capacity> queries;
    std::array<std::array<std::uint8_t, reply_bytes_max>, capacity> replies;
};

UdpBatch::UdpBatch() : arrays_(new Arrays) {
    Arrays& a = *arrays_;
    for (std::size_t i = 0; i < capacity; ++i) {
        a.in_bytes[i] = {a.queries[i].data(), query_bytes_max};
        msghdr& in = a.in[i].msg_hdr;
        in.msg_iov = &a.in_bytes[i];
        in.msg_iovlen = 1;
        in.msg_name = &a.clients[i];
        msghdr& out = a.out[i].msg_hdr;
        out.msg_iov = &a.out_bytes[i];
        out.msg_iovlen = 1;
    }
}

UdpBatch::~UdpBatch() = default;

std::size_t UdpBatch::receive(const UdpListener& listener) {
    Arrays& a = *arrays_;
    queued_ = 0;
    // The kernel has written to as many headers as it used last time; the others are as they were.
    const std::size_t stale =
        control_for_wildcard_ == listener.is_wildcard() ? received_ : capacity;
    control_for_wildcard_ = listener.is_wildcard();
    for (std::size_t i = 0; i < stale; ++i) {
        msghdr& in = a.in[i].msg_hdr;
        in.msg_namelen = sizeof(SocketAddress);
        in.msg_control = listener.is_wildcard() ? &a.in_control[i] : nullptr;
        in.msg_controllen = listener.is_wildcard() ? sizeof(Control) : 0;
    }
    const int count = ::recvmmsg(listener.fd(), a.in.data(), capacity, MSG_DONTWAIT, nullptr);
    received_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return received_;
}

Bytes UdpBatch::query(std::size_t i) const {
    return {arrays_->queries[i].data(), arrays_->in[i].msg_len};
}

bool UdpBatch::is_cut(std::size_t i) const {
    return (arrays_->in[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

Endpoint UdpBatch::client(std::size_t i) const { return arrays_->clients[i].endpoint(); }

Endpoint UdpBatch::local(const UdpListener& listener, std::size_t i) const {
    Endpoint local = listener.local();
    std::uint32_t interface = 0;
    if (listener.is_wildcard()) read_packet_info(arrays_->in[i].msg_hdr, local, interface);
    return local;
}

UdpPeer UdpBatch::peer(const UdpListener& listener, std::size_t i) const {
    UdpPeer out{arrays_->clients[i], listener.local(), 0};
    if (listener.is_wildcard()) read_packet_info(arrays_->in[i].msg_hdr, out.local, out.interface);
    return out;
}

MutableBytes UdpBatch::reply_buffer(std::size_t i) { return arrays_->replies[i]; }

void UdpBatch::reply(std::size_t i, std::size_t size) {
    Arrays& a = *arrays_;
    a.out_bytes[queued_] = {a.replies[i].data(), size};
    msghdr& out = a.out[queued_].msg_hdr;
    out.msg_name = &a.clients[i];
    out.msg_namelen = a.in[i].msg_hdr.msg_namelen;
    // The query's control data names where it came in; the reply's is written when there is any.
    out.msg_control = nullptr;
    out.msg_controllen = 0;
    if (a.in[i].msg_hdr.msg_control != nullptr) {
        Endpoint local;
        std::uint32_t interface = 0;
        read_packet_info(a.in[i].msg_hdr, local, interface);
        if (local.address.family() != IpFamily::none) {
            out.msg_control = &a.out_control[queued_];
            out.msg_controllen = write_packet_info(a.out_control[queued_], local, interface);
        }
    }
    ++queued_;
}

void UdpBatch::flush(const UdpListener& listener) {
    mmsghdr* const first = arrays_->out.data();
    for (std::size_t sent = 0; sent < queued_;) {
        const int count = ::sendmmsg(listener.fd(), first + sent,
                                     static_cast<unsigned>(queued_ - sent), MSG_DONTWAIT);
        if (count > 0) {
            sent += static_cast<std::size_t>(count);
            continue;
        }
        if (errno == EINTR) continue;
        // The first message left is the one that failed (unroutable, refused, queue full).
        ++send_failures_;
        ++sent;
    }
    queued_ = 0;
}

bool send_reply(const UdpListener& listener, const UdpPeer& peer, Bytes message) {
    SocketAddress address = peer.address;
    iovec bytes{const_cast<std::uint8_t*>(message.data()), message.size()};
    Control control;
    msghdr out{};
    out.msg_name = &address;
    out.msg_namelen = address.size();
    out.msg_iov = &bytes;
    out.msg_iovlen = 1;
    if (listener.is_wildcard()) {
        out.msg_control = &control;
        out.msg_controllen = write_packet_info(control, peer.local, peer.interface);
    }
    return ::sendmsg(listener.fd(), &out, MSG_DONTWAIT) >= 0;
}

}  // namespace kith::net
