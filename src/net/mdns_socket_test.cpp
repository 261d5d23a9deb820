#include "net/mdns_socket.hpp"

#include <net/if.h>
#include <poll.h>

#include <gtest/gtest.h>

#include "discovery/mdns/types.hpp"
#include "net/sockets.hpp"

namespace kith::net {
namespace {

using B = std::vector<std::uint8_t>;

std::optional<MdnsDatagram> wait(MdnsSocket& socket) {
    pollfd poll{socket.fd(), POLLIN, 0};
    ::poll(&poll, 1, 2000);
    return socket.receive();
}

class MdnsSocketTest : public testing::TestWithParam<IpFamily> {
protected:
    std::uint32_t loopback = ::if_nametoindex("lo");
};

INSTANTIATE_TEST_SUITE_P(Families, MdnsSocketTest, testing::Values(IpFamily::v4, IpFamily::v6),
                         [](const auto& row) {
                             return std::string(row.param == IpFamily::v4 ? "v4" : "v6");
                         });

// 6762-124: two of them share a port. 6762-115: the hop limit is 255. The packet says where it came in.
TEST_P(MdnsSocketTest, HearsTheGroupAndSaysHow) {
    auto speaker = MdnsSocket::open(GetParam(), 0);
    if (!speaker) GTEST_SKIP() << speaker.error().text;
    const std::uint16_t port = bound_endpoint(speaker->fd()).port;
    auto first = MdnsSocket::open_group(GetParam(), loopback, port);
    if (!first) GTEST_SKIP() << first.error().text;
    std::optional<MdnsSocket> second;
    {
        auto opened = MdnsSocket::open_group(GetParam(), loopback, port);
        ASSERT_TRUE(opened.has_value()) << opened.error().text;
        second = std::move(*opened);
    }
    Endpoint group = discovery::mdns::group(GetParam(), loopback);
    group.port = port;
    const B message = {1, 2, 3};
    if (!speaker->send(loopback, group, {}, message)) GTEST_SKIP() << "no multicast by lo here";
    for (MdnsSocket* const socket : {&*first, &*second}) {
        const auto datagram = wait(*socket);
        ASSERT_TRUE(datagram.has_value()) << "multicast reaches every socket, our own too";
        EXPECT_EQ(B(datagram->bytes.begin(), datagram->bytes.end()), message);
        EXPECT_EQ(datagram->interface, loopback);
        EXPECT_EQ(datagram->hop_limit, 255);
        EXPECT_TRUE(datagram->destination.is_multicast());
        EXPECT_EQ(datagram->source.port, port);
        EXPECT_FALSE(datagram->is_cut);
    }
    EXPECT_FALSE(speaker->receive().has_value()) << "it joined nothing";
    second.reset();
    ASSERT_TRUE(first->rejoin());
    ASSERT_TRUE(speaker->send(loopback, group, {}, message));
    EXPECT_TRUE(wait(*first).has_value()) << "still a member";
    EXPECT_FALSE(MdnsSocket::open_group(GetParam(), 0x7ffffff0, port).has_value())
        << "no such interface";
}

TEST_P(MdnsSocketTest, SeesWhoSharesThePort) {
    auto first = MdnsSocket::open(GetParam(), 0);
    if (!first) GTEST_SKIP() << first.error().text;
    const std::uint16_t port = bound_endpoint(first->fd()).port;
    const auto group = MdnsSocket::open_group(GetParam(), loopback, port);
    EXPECT_FALSE(port_is_shared(port, {first->fd()})) << "a socket of the group hears no unicast";
    auto second = MdnsSocket::open(GetParam(), port);
    ASSERT_TRUE(second.has_value()) << second.error().text;
    EXPECT_TRUE(port_is_shared(port, {first->fd()}));
    EXPECT_FALSE(port_is_shared(port, {first->fd(), second->fd()}));
}

TEST_P(MdnsSocketTest, AFloodOfTheGroupLeavesUnicastAlone) {
    auto socket = MdnsSocket::open(GetParam(), 0);
    if (!socket) GTEST_SKIP() << socket.error().text;
    const std::uint16_t port = bound_endpoint(socket->fd()).port;
    auto flooded = MdnsSocket::open_group(GetParam(), loopback, port);
    if (!flooded) GTEST_SKIP() << flooded.error().text;
    Endpoint group = discovery::mdns::group(GetParam(), loopback);
    group.port = port;
    if (!socket->send(loopback, group, {}, B(1))) GTEST_SKIP() << "no multicast by lo here";
    const B message(1000);
    for (int i = 0; i < 4000; ++i) socket->send(loopback, group, {}, message);
    EXPECT_GT(flooded->dropped(), 0U) << "more than its buffer holds";
    const IpAddress address =
        *IpAddress::from_text(GetParam() == IpFamily::v4 ? "127.0.0.1" : "::1");
    ASSERT_TRUE(socket->send(loopback, {address, port, 0}, address, B{7}));
    const auto datagram = wait(*socket);
    ASSERT_TRUE(datagram.has_value());
    EXPECT_EQ(datagram->bytes[0], 7) << "the buffer of the group is not its";
    EXPECT_EQ(socket->dropped(), 0U);
}

TEST_P(MdnsSocketTest, TellsUnicastAndCutsGiants) {
    auto socket = MdnsSocket::open(GetParam(), 0);
    if (!socket) GTEST_SKIP() << socket.error().text;
    const IpAddress address =
        *IpAddress::from_text(GetParam() == IpFamily::v4 ? "127.0.0.1" : "::1");
    const Endpoint own{address, bound_endpoint(socket->fd()).port, 0};
    if (!socket->send(loopback, own, address, B(9001))) GTEST_SKIP() << "no such address here";
    auto datagram = wait(*socket);
    ASSERT_TRUE(datagram.has_value());
    EXPECT_TRUE(datagram->is_cut) << "RFC 6762 §17";
    ASSERT_TRUE(socket->send(loopback, own, address, B(8952)));
    datagram = wait(*socket);
    ASSERT_TRUE(datagram.has_value());
    EXPECT_FALSE(datagram->is_cut);
    EXPECT_EQ(datagram->destination, address);
    EXPECT_EQ(datagram->source.address, address) << "sent from where it was told";
}

}  // namespace
}  // namespace kith::net
