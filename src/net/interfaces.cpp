#include "net/interfaces.hpp"

#include <ifaddrs.h>

#include <bit>
#include <memory>

#include "net/socket_address.hpp"

namespace kith::net {
namespace {

constexpr const char* private_ranges[] = {
    "127.0.0.0/8",    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
    "169.254.0.0/16", "::1/128",    "fc00::/7",      "fe80::/10",
};

Endpoint endpoint_of(const sockaddr* from) {
    SocketAddress address;
    if (from == nullptr) return {};
    if (from->sa_family == AF_INET) address.v4 = *reinterpret_cast<const sockaddr_in*>(from);
    if (from->sa_family == AF_INET6) address.v6 = *reinterpret_cast<const sockaddr_in6*>(from);
    return address.endpoint();
}

/// Calls `visit(address, netmask)` for every address of every interface.
template <class Visit>
void for_each_address(Visit visit) {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(first, ::freeifaddrs);
    for (const ifaddrs* at = first; at != nullptr; at = at->ifa_next) {
        const IpAddress address = endpoint_of(at->ifa_addr).address;
        if (address.family() != IpFamily::none)
            visit(address, endpoint_of(at->ifa_netmask).address);
    }
}

}  // namespace

std::vector<IpAddress> local_addresses() {
    std::vector<IpAddress> out;
    for_each_address(
        [&out](const IpAddress& address, const IpAddress&) { out.push_back(address); });
    return out;
}

std::vector<IpPrefix> on_link_prefixes() {
    std::vector<IpPrefix> out;
    for (const char* range : private_ranges) out.push_back(*IpPrefix::from_text(range));
    for_each_address([&out](const IpAddress& address, const IpAddress& netmask) {
        int bits = 0;
        for (const std::uint8_t byte : netmask.bytes()) bits += std::popcount(byte);
        if (bits > 0) out.push_back({address, static_cast<std::uint8_t>(bits)});
    });
    return out;
}

}  // namespace kith::net
