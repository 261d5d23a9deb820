#include "net/link_monitor.hpp"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "net/limits.hpp"

namespace kith::net {
namespace {

using B = std::vector<std::uint8_t>;

template <class T>
void put(B& out, const T& value) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(&value);
    out.insert(out.end(), at, at + sizeof value);
    while (out.size() % 4 != 0) out.push_back(0);
}

void put_attribute(B& out, std::uint16_t type, const B& payload) {
    rtattr header{};
    header.rta_type = type;
    header.rta_len = static_cast<std::uint16_t>(sizeof header + payload.size());
    put(out, header);
    out.insert(out.end(), payload.begin(), payload.end());
    while (out.size() % 4 != 0) out.push_back(0);
}

B message(std::uint16_t type, const B& body) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
    B out;
    put(out, header);
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

B link_message(int index, const char* name, unsigned flags) {
    ifinfomsg info{};
    info.ifi_index = index;
    info.ifi_flags = flags;
    B body;
    put(body, info);
    put_attribute(body, IFLA_IFNAME, B(name, name + std::strlen(name) + 1));
    put_attribute(body, IFLA_MTU, {0xdc, 0x05, 0, 0});
    return message(RTM_NEWLINK, body);
}

B address_message(unsigned index, const B& address, std::uint8_t length, std::uint32_t flags) {
    ifaddrmsg info{};
    info.ifa_index = index;
    info.ifa_prefixlen = length;
    B body;
    put(body, info);
    put_attribute(body, IFA_ADDRESS, address);
    B bits(4);
    std::memcpy(bits.data(), &flags, 4);
    put_attribute(body, IFA_FLAGS, bits);
    return message(RTM_NEWADDR, body);
}

const B v4 = {192, 0, 2, 7};
const B v6 = {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

TEST(Netlink, ReadsLinksAndUsableAddresses) {
    std::vector<LinkState> links;
    read_netlink_messages(link_message(2, "eth0", IFF_UP | IFF_RUNNING | IFF_MULTICAST), links);
    read_netlink_messages(address_message(2, v4, 24, 0), links);
    read_netlink_messages(address_message(2, v4, 24, IFA_F_SECONDARY), links);
    for (const std::uint32_t flag :
         {IFA_F_TENTATIVE, IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TEMPORARY}) {
        read_netlink_messages(address_message(2, v6, 64, flag), links);
    }
    read_netlink_messages(address_message(2, v6, 200, 0), links);
    read_netlink_messages(address_message(9, v6, 64, 0), links);
    ASSERT_EQ(links.size(), 1U);
    EXPECT_EQ(links[0].name, "eth0");
    EXPECT_EQ(links[0].mtu, 1500U);
    EXPECT_TRUE(links[0].is_up && links[0].is_multicast && !links[0].is_loopback);
    ASSERT_EQ(links[0].addresses.size(), 3U)
        << "of IPv4 the flag of temporary ones means secondary; others are not usable";
    EXPECT_EQ(links[0].addresses[0].to_text(), "192.0.2.7/24");
    EXPECT_EQ(links[0].addresses[2].length, 128) << "a length that cannot be";
}

TEST(Netlink, KnowsBridgePorts) {
    ifinfomsg info{};
    info.ifi_index = 3;
    B body, nested;
    put(body, info);
    put_attribute(nested, IFLA_INFO_SLAVE_KIND, {'b', 'r', 'i', 'd', 'g', 'e', 0});
    put_attribute(body, IFLA_LINKINFO, nested);
    std::vector<LinkState> links;
    read_netlink_messages(message(RTM_NEWLINK, body), links);
    ASSERT_EQ(links.size(), 1U);
    EXPECT_TRUE(links[0].is_bridge_port);
}

TEST(Netlink, BearsBrokenMessages) {
    SeededRng rng(5);
    B good = link_message(2, "eth0", IFF_UP);
    const B more = address_message(2, v6, 64, 0);
    good.insert(good.end(), more.begin(), more.end());
    for (int i = 0; i < 20'000; ++i) {
        B bad = good;
        for (int flips = 0; flips < 3; ++flips)
            bad[rng.below(static_cast<std::uint32_t>(bad.size()))] =
                static_cast<std::uint8_t>(rng.next());
        bad.resize(rng.below(static_cast<std::uint32_t>(bad.size() + 1)));
        std::vector<LinkState> links;
        read_netlink_messages(bad, links);
        ASSERT_LE(links.size(), 2U);
    }
}

TEST(Netlink, StopsAtItsLimits) {
    std::vector<LinkState> links;
    for (std::size_t i = 1; i < links_max + 10; ++i)
        read_netlink_messages(link_message(static_cast<int>(i), "x", 0), links);
    EXPECT_EQ(links.size(), links_max);
    for (std::size_t i = 0; i < link_addresses_max + 10; ++i)
        read_netlink_messages(address_message(1, v4, 24, 0), links);
    EXPECT_EQ(links[0].addresses.size(), link_addresses_max);
}

TEST(LinkMonitor, SeesLoopback) {
    auto monitor = LinkMonitor::open();
    if (!monitor) GTEST_SKIP() << monitor.error().text;
    monitor->drain();
    const auto links = monitor->read();
    ASSERT_TRUE(links.has_value()) << links.error().text;
    const auto loopback = std::ranges::find(*links, true, &LinkState::is_loopback);
    ASSERT_NE(loopback, links->end());
    EXPECT_EQ(loopback->index, ::if_nametoindex(loopback->name.c_str()));
}

}  // namespace
}  // namespace kith::net
