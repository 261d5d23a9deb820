#include "net/udp_listener.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <string>

namespace kith::net {
namespace {

struct Client {
    Descriptor socket;
    explicit Client(const Endpoint& server, const Endpoint& own)
        : socket(
              ::socket(server.address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const SocketAddress mine(own), theirs(server);
        EXPECT_EQ(::bind(socket.get(), &mine.any, mine.size()), 0);
        // Connected: the kernel hands over only what comes from exactly this address.
        EXPECT_EQ(::connect(socket.get(), &theirs.any, theirs.size()), 0);
    }
    void put(std::string_view text) { ::send(socket.get(), text.data(), text.size(), 0); }
    std::string get() {
        pollfd ready{socket.get(), POLLIN, 0};
        if (::poll(&ready, 1, 2000) != 1) return "nothing";
        char buffer[9000];
        const ssize_t got = ::recv(socket.get(), buffer, sizeof buffer, 0);
        return {buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
};

/// Answers everything that waits with the query in upper case.
std::size_t serve(const UdpListener& listener, UdpBatch& batch) {
    pollfd ready{listener.fd(), POLLIN, 0};
    ::poll(&ready, 1, 2000);
    const std::size_t count = batch.receive(listener);
    for (std::size_t i = 0; i < count; ++i) {
        const Bytes query = batch.query(i);
        std::ranges::transform(query, batch.reply_buffer(i).begin(),
                               [](std::uint8_t c) { return static_cast<std::uint8_t>(c - 32); });
        batch.reply(i, query.size());
    }
    batch.flush(listener);
    return count;
}

struct ReplyCase {
    const char* why;
    const char* listen;
    const char* asked;
    const char* client;
};

const ReplyCase reply_cases[] = {
    {"bound to one IPv4 address", "127.0.0.1", "127.0.0.1", "127.0.0.1"},
    {"IPv4 wildcard answers from the address asked", "0.0.0.0", "127.0.0.77", "127.0.0.1"},
    {"bound to one IPv6 address", "::1", "::1", "::1"},
    {"IPv6 wildcard answers from the address asked", "::", "::1", "::1"},
};

TEST(UdpListener, RepliesFromTheAddressAsked) {
    for (const ReplyCase& row : reply_cases) {
        SCOPED_TRACE(row.why);
        const auto listener = UdpListener::open({*IpAddress::from_text(row.listen), 0, 0});
        ASSERT_TRUE(listener.has_value()) << listener.error().text;
        const Endpoint asked{*IpAddress::from_text(row.asked), listener->local().port, 0};
        Client client(asked, {*IpAddress::from_text(row.client), 0, 0});
        UdpBatch batch;
        client.put("abc");
        ASSERT_EQ(serve(*listener, batch), 1U);
        EXPECT_EQ(client.get(), "ABC");
        EXPECT_EQ(batch.local(*listener, 0).address, asked.address);
        client.put("late");
        pollfd ready{listener->fd(), POLLIN, 0};
        ::poll(&ready, 1, 2000);
        ASSERT_EQ(batch.receive(*listener), 1U);
        EXPECT_TRUE(send_reply(*listener, batch.peer(*listener, 0), as_bytes("LATE")));
        EXPECT_EQ(client.get(), "LATE");
    }
}

TEST(UdpListener, OneBatchServesManyClients) {
    const auto listener = UdpListener::open({IpAddress::v4(127, 0, 0, 1), 0, 0});
    ASSERT_TRUE(listener.has_value());
    std::vector<Client> clients;
    for (int i = 0; i < 40; ++i)
        clients.emplace_back(listener->local(), Endpoint{IpAddress::v4(127, 0, 0, 1), 0, 0});
    for (std::size_t i = 0; i < clients.size(); ++i) clients[i].put(std::string(i + 1, 'a'));
    UdpBatch batch;
    for (std::size_t served = 0; served < clients.size();) served += serve(*listener, batch);
    for (std::size_t i = 0; i < clients.size(); ++i)
        EXPECT_EQ(clients[i].get(), std::string(i + 1, 'A'));
}

TEST(UdpListener, ASecondServerOnTheSameAddressIsNoticed) {
    const Endpoint any_port{IpAddress::v4(127, 0, 0, 1), 0, 0};
    EXPECT_TRUE(check_unused(any_port).has_value());
    const auto listener = UdpListener::open(any_port);
    ASSERT_TRUE(listener.has_value());
    EXPECT_TRUE(UdpListener::open(listener->local()).has_value())
        << "workers of one server share it";
    const auto unused = check_unused(listener->local());
    ASSERT_FALSE(unused.has_value());
    EXPECT_NE(unused.error().text.find("another program listens there"), std::string::npos)
        << unused.error().text;
}

TEST(UdpListener, SaysWhenADatagramWasCut) {
    const auto listener = UdpListener::open({IpAddress::v4(127, 0, 0, 1), 0, 0});
    ASSERT_TRUE(listener.has_value());
    Client client(listener->local(), {IpAddress::v4(127, 0, 0, 1), 0, 0});
    client.put(std::string(UdpBatch::query_bytes_max + 1, 'x'));
    pollfd ready{listener->fd(), POLLIN, 0};
    ::poll(&ready, 1, 2000);
    UdpBatch batch;
    ASSERT_EQ(batch.receive(*listener), 1U);
    EXPECT_TRUE(batch.is_cut(0));
    EXPECT_EQ(batch.query(0).size(), UdpBatch::query_bytes_max);
}

}  // namespace
}  // namespace kith::net
