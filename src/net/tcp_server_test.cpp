#include "net/tcp_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <string>

namespace kith::net {
namespace {

// Real sockets on loopback, one loop, no sleeps: each helper turns the loop until what it waits for
// has happened, with a bound on the turns.
class TcpServerTest : public testing::Test {
protected:
    void start(TcpSettings settings = {}) {
        server_ = std::make_unique<TcpServer>(
            loop_, settings,
            [this](TcpClient client, const Endpoint&, const Endpoint&, Bytes message) {
                seen_.emplace_back(client, std::string(as_text(message)));
            });
        const auto local = server_->listen({IpAddress::v4(127, 0, 0, 1), 0, 0});
        ASSERT_TRUE(local.has_value());
        local_ = *local;
    }

    Descriptor connect() {
        Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const SocketAddress address(local_);
        EXPECT_EQ(::connect(socket.get(), &address.any, address.size()), 0);
        return socket;
    }

    template <class Condition>
    bool turn_until(Condition condition) {
        for (int i = 0; i < 200 && !condition(); ++i) loop_.turn(50ms);
        return condition();
    }

    static std::string framed(std::string_view message) {
        return std::string{static_cast<char>(message.size() >> 8),
                           static_cast<char>(message.size())} +
               std::string(message);
    }
    static void put(const Descriptor& socket, std::string_view bytes) {
        ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    std::string get(const Descriptor& socket, std::size_t size) {
        std::string out;
        turn_until([&] {
            char buffer[4096];
            const ssize_t got = ::recv(socket.get(), buffer,
                                       std::min(sizeof buffer, size - out.size()), MSG_DONTWAIT);
            if (got > 0) out.append(buffer, static_cast<std::size_t>(got));
            return out.size() == size;
        });
        return out;
    }
    bool closed(const Descriptor& socket) {
        char byte = 0;
        return turn_until([&] {
            const ssize_t got = ::recv(socket.get(), &byte, 1, MSG_DONTWAIT);
            return got == 0 || (got < 0 && errno != EAGAIN);
        });
    }

    Loop loop_;
    std::unique_ptr<TcpServer> server_;
    Endpoint local_;
    std::vector<std::pair<TcpClient, std::string>> seen_;
};

TEST_F(TcpServerTest, FramesMessagesHoweverTheyAreCut) {
    start();
    const Descriptor client = connect();
    const std::string stream = framed("first") + framed("second");
    for (const char byte : stream) {  // the worst cut: byte by byte
        put(client, {&byte, 1});
        loop_.turn(1ms);
    }
    ASSERT_TRUE(turn_until([&] { return seen_.size() == 2; }));
    EXPECT_EQ(seen_[0].second, "first");
    EXPECT_EQ(seen_[1].second, "second");
}

TEST_F(TcpServerTest, AnswersInAnyOrder) {
    start();
    const Descriptor client = connect();
    put(client, framed("one") + framed("two"));
    ASSERT_TRUE(turn_until([&] { return seen_.size() == 2; }));
    server_->send(seen_[1].first, as_bytes("TWO"));
    server_->send(seen_[0].first, as_bytes("ONE"));
    EXPECT_EQ(get(client, 10), framed("TWO") + framed("ONE"));
}

TEST_F(TcpServerTest, AnswersAClientThatHasStoppedSending) {
    start();
    const Descriptor client = connect();
    put(client, framed("last words"));
    ::shutdown(client.get(), SHUT_WR);
    ASSERT_TRUE(turn_until([&] { return seen_.size() == 1; }));
    server_->send(seen_[0].first, as_bytes("reply"));
    EXPECT_EQ(get(client, 7), framed("reply"));
    EXPECT_TRUE(closed(client));
    EXPECT_EQ(server_->client_count(), 0U);
}

TEST_F(TcpServerTest, ReadsNoFurtherThanThePendingBound) {
    start();
    const Descriptor client = connect();
    std::string flood;
    for (int i = 0; i < tcp_pending_max + 10; ++i) flood += framed("q");
    put(client, flood);
    ASSERT_TRUE(
        turn_until([&] { return seen_.size() == static_cast<std::size_t>(tcp_pending_max); }));
    for (int i = 0; i < 5; ++i) loop_.turn(1ms);
    EXPECT_EQ(seen_.size(), static_cast<std::size_t>(tcp_pending_max))
        << "more than the bound handed out";
    server_->done(seen_[0].first);
    EXPECT_TRUE(
        turn_until([&] { return seen_.size() == static_cast<std::size_t>(tcp_pending_max) + 1; }));
}

TEST_F(TcpServerTest, LeavesTurnsForOthersWhenManyMessagesCameAtOnce) {
    // Answered at once, as most queries are: the bound of pending messages is never met.
    server_ = std::make_unique<TcpServer>(
        loop_, TcpSettings{},
        [this](TcpClient client, const Endpoint&, const Endpoint&, Bytes message) {
            seen_.emplace_back(client, std::string(as_text(message)));
            server_->send(client, message);
        });
    local_ = server_->listen({IpAddress::v4(127, 0, 0, 1), 0, 0}).value();
    const Descriptor client = connect();
    std::string flood;
    for (int i = 0; i < 10 * tcp_messages_per_turn; ++i) flood += framed("q");
    put(client, flood);
    ::shutdown(client.get(), SHUT_WR);  // that nothing more comes must not lose what has come
    std::size_t most_of_a_turn = 0;
    const bool all = turn_until([&, before = std::size_t{0}]() mutable {
        most_of_a_turn = std::max(most_of_a_turn, seen_.size() - before);
        before = seen_.size();
        return seen_.size() == 10U * tcp_messages_per_turn;
    });
    EXPECT_TRUE(all) << "only " << seen_.size() << " of them were handed out";
    EXPECT_EQ(most_of_a_turn, static_cast<std::size_t>(tcp_messages_per_turn));
    EXPECT_EQ(get(client, flood.size()), flood);
    EXPECT_TRUE(closed(client));
}

TEST_F(TcpServerTest, ManyClientsAtOnceTakeNoMoreOfATurnThanTheirShare) {
    server_ = std::make_unique<TcpServer>(
        loop_, TcpSettings{},
        [this](TcpClient client, const Endpoint&, const Endpoint&, Bytes message) {
            seen_.emplace_back(client, std::string(as_text(message)));
            server_->send(client, message);
        });
    local_ = server_->listen({IpAddress::v4(127, 0, 0, 1), 0, 0}).value();
    constexpr std::size_t queries = 5 * tcp_messages_per_turn;
    std::string flood;
    for (std::size_t i = 0; i < queries; ++i) flood += framed("q");
    std::vector<Descriptor> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(connect());
        put(clients.back(), flood);
    }
    std::size_t most_of_a_turn = 0;
    std::map<TcpClient, std::size_t> of_client;
    std::size_t largest_lead = 0;
    EXPECT_TRUE(turn_until([&, before = std::size_t{0}]() mutable {
        most_of_a_turn = std::max(most_of_a_turn, seen_.size() - before);
        for (; before < seen_.size(); ++before) ++of_client[seen_[before].first];
        if (of_client.size() == clients.size()) {
            const auto [least, most] = std::ranges::minmax(of_client | std::views::values);
            largest_lead = std::max(largest_lead, most - least);
        }
        return seen_.size() == queries * clients.size();
    }));
    // The last of a turn may take its whole share although less is left.
    EXPECT_LT(most_of_a_turn, static_cast<std::size_t>(tcp_work_per_turn + tcp_messages_per_turn));
    EXPECT_LE(largest_lead, static_cast<std::size_t>(tcp_messages_per_turn))
        << "one after the other, none twice before all others";
    for (const Descriptor& client : clients) EXPECT_EQ(get(client, flood.size()), flood);
}

TEST_F(TcpServerTest, ClosesWhoTricklesWithoutFinishingAMessage) {
    TcpSettings settings;
    settings.idle_timeout = 300ms;
    start(settings);
    const Descriptor loris = connect();
    put(loris, "\x01");
    loop_.turn(10ms);
    EXPECT_TRUE(closed(loris));
    EXPECT_EQ(server_->counters().timed_out, 1U);
}

TEST_F(TcpServerTest, ANewcomerTakesThePlaceOfTheLongestSilent) {
    TcpSettings settings;
    settings.clients_max = 2;
    start(settings);
    const Descriptor silent = connect();
    ASSERT_TRUE(turn_until([&] { return server_->client_count() == 1; }));
    const Descriptor active = connect();
    ASSERT_TRUE(turn_until([&] { return server_->client_count() == 2; }));
    put(active, framed("alive"));
    ASSERT_TRUE(turn_until([&] { return seen_.size() == 1; }));
    const Descriptor newcomer = connect();
    EXPECT_TRUE(closed(silent));
    put(newcomer, framed("new"));
    EXPECT_TRUE(turn_until([&] { return seen_.size() == 2; }));
    EXPECT_EQ(server_->client_count(), 2U);
}

TEST_F(TcpServerTest, StopsReadingWhoDoesNotReadAnswers) {
    start();
    const Descriptor client = connect();
    const std::vector<std::uint8_t> big(60000, 7);
    std::size_t handed = 0;
    for (int round = 0; round < 400; ++round) {
        const std::string message = framed("q");
        ::send(client.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        loop_.turn(0ms);
        for (; handed < seen_.size(); ++handed) server_->send(seen_[handed].first, big);
        loop_.turn(0ms);
    }
    // The kernel's buffers hold some megabytes at most: of the queries, far fewer were taken.
    EXPECT_LT(handed, 200U);
    EXPECT_EQ(server_->client_count(), 1U);
}

TEST_F(TcpServerTest, SaysWhatToDoWhenThePortIsTaken) {
    Descriptor other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    SocketAddress address(Endpoint{IpAddress::v4(127, 0, 0, 1), 0, 0});
    ASSERT_EQ(::bind(other.get(), &address.any, address.size()), 0);
    ASSERT_EQ(::listen(other.get(), 1), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(other.get(), &address.any, &size), 0);
    TcpServer server(loop_, {}, [](TcpClient, const Endpoint&, const Endpoint&, Bytes) {});
    const auto listened = server.listen(address.endpoint());
    ASSERT_FALSE(listened.has_value());
    EXPECT_NE(listened.error().text.find("another program listens there"), std::string::npos)
        << listened.error().text;
}

}  // namespace
}  // namespace kith::net
