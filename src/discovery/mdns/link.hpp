#pragma once
// Link: one family of one interface.

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

/// Place of a family in arrays of two.
enum class LinkIndex : std::uint8_t { v4 = 0, v6 = 1 };
inline constexpr LinkIndex both_links[] = {LinkIndex::v4, LinkIndex::v6};
inline constexpr std::size_t at(LinkIndex link) { return static_cast<std::size_t>(link); }
inline LinkIndex link_of(IpFamily family) {
    return family == IpFamily::v4 ? LinkIndex::v4 : LinkIndex::v6;
}
inline IpFamily family_of(LinkIndex link) {
    return link == LinkIndex::v4 ? IpFamily::v4 : IpFamily::v6;
}

struct Link {
    LinkConfig config;
    bool is_up = false;

    /// Bytes of a message that is not sent in fragments (RFC 6762 §17).
    std::size_t message_limit() const {
        const std::size_t mtu = std::clamp<std::size_t>(config.mtu, mtu_min, packet_bytes_max);
        return mtu - ip_udp_header_bytes;
    }
    bool has_address(const IpAddress& address) const {
        return std::ranges::any_of(config.addresses,
                                   [&](const IpPrefix& own) { return own.address == address; });
    }
    /// Whether a host with this address is on the link (RFC 6762 §11).
    bool is_on_link(const IpAddress& address) const {
        if (address.is_link_local()) return true;
        return std::ranges::any_of(config.addresses,
                                   [&](const IpPrefix& own) { return own.contains(address); });
    }
};

}  // namespace kith::discovery::mdns
