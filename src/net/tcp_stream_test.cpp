// Long answers: TcpServer's streams and the client side that takes them. Real sockets on loopback, no
// sleeps: each helper turns the loop until what it waits for has happened.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "net/tcp_client.hpp"
#include "net/tcp_server.hpp"
#include "net/udp_client.hpp"

namespace kith::net {
namespace {

/// Messages of `size` bytes, the first two of which number them.
class Numbers final : public TcpStream {
public:
    struct Witness {
        int made = 0, destroyed = 0;
    };
    Numbers(Witness& witness, int count, std::size_t size, int fail_at = -1)
        : witness_(witness), count_(count), size_(size), fail_at_(fail_at) {}
    ~Numbers() override { ++witness_.destroyed; }
    Bytes next(MutableBytes buffer) override {
        if (next_ == fail_at_) return {};
        store_u16(buffer.data(), static_cast<std::uint16_t>(next_++));
        ++witness_.made;
        return buffer.first(size_);
    }
    bool done() const override { return next_ == count_; }

private:
    Witness& witness_;
    int count_;
    std::size_t size_;
    int fail_at_;
    int next_ = 0;
};

class TcpStreamTest : public testing::Test {
protected:
    void start(TcpSettings settings = {}) {
        server_.emplace(loop_, settings,
                        [this](TcpClient client, const Endpoint&, const Endpoint&, Bytes message) {
                            on_message_(client, as_text(message));
                        });
        local_ = *server_->listen({IpAddress::v4(127, 0, 0, 1), 0, 0});
    }
    template <class Condition>
    bool turn_until(Condition condition) {
        for (int i = 0; i < 5000 && !condition(); ++i) loop_.turn(20ms);
        return condition();
    }
    /// A client that sends these messages once connected, and keeps what comes.
    struct Client {
        std::unique_ptr<TcpClientStream> stream;
        std::vector<std::vector<std::uint8_t>> got;
        std::string closed;
        bool is_connected = false;
    };
    std::unique_ptr<Client> connect(std::vector<std::string> messages,
                                    const Endpoint* to = nullptr) {
        auto client = std::make_unique<Client>();
        Client* const it = client.get();
        client->stream = std::make_unique<TcpClientStream>(
            loop_, to != nullptr ? *to : local_, std::nullopt,
            TcpClientStream::Events{
                [it, messages] {
                    it->is_connected = true;
                    for (const std::string& each : messages) it->stream->send(as_bytes(each));
                },
                [it](Bytes message) { it->got.emplace_back(message.begin(), message.end()); },
                [it](const std::string& why) { it->closed = why; }});
        return client;
    }
    /// A blocking-free socket that connects and asks, and reads only when told.
    Descriptor lazy_client(std::string_view message) {
        Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        int small = 4096;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        const SocketAddress address(local_);
        EXPECT_EQ(::connect(socket.get(), &address.any, address.size()), 0);
        const std::string framed =
            std::string{0, static_cast<char>(message.size())} + std::string(message);
        EXPECT_EQ(::send(socket.get(), framed.data(), framed.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(framed.size()));
        return socket;
    }

    Loop loop_;
    Endpoint local_;
    Numbers::Witness witness_;
    std::optional<TcpServer> server_;
    std::function<void(TcpClient, std::string_view)> on_message_ = [](TcpClient, std::string_view) {
    };
};

TEST_F(TcpStreamTest, SendsAllMessagesInOrder) {
    start();
    on_message_ = [this](TcpClient client, std::string_view) {
        server_->send_stream(client, std::make_unique<Numbers>(witness_, 500, 20'000));
    };
    const auto client = connect({"transfer"});
    ASSERT_TRUE(turn_until([&] { return client->got.size() == 500; }));
    for (std::size_t i = 0; i < 500; ++i) {
        ASSERT_EQ(load_u16(client->got[i].data()), i);
        ASSERT_EQ(client->got[i].size(), 20'000U);
    }
    EXPECT_EQ(witness_.destroyed, 1);
    EXPECT_EQ(server_->stream_count(), 0U);
    EXPECT_TRUE(client->closed.empty()) << "the connection stays for more queries";
    client->stream->send(as_bytes("again"));
    EXPECT_TRUE(turn_until([&] { return client->got.size() == 1000; }));
}

TEST_F(TcpStreamTest, WritesNoMoreThanTheClientReads) {
    start();
    on_message_ = [this](TcpClient client, std::string_view) {
        server_->send_stream(client, std::make_unique<Numbers>(witness_, 60'000, 60'000));
    };
    const Descriptor client = lazy_client("transfer");
    int before = -1;
    ASSERT_TRUE(turn_until([&] {
        return witness_.made > 0 && std::exchange(before, witness_.made) == witness_.made;
    }));
    // The kernel's buffers and ours: a few megabytes at most, of 3.6 GB.
    EXPECT_LT(witness_.made, 300);
    for (int i = 0; i < 20; ++i) loop_.turn(0ms);
    EXPECT_EQ(witness_.made, before) << "and it does not spin";
}

TEST_F(TcpStreamTest, LeavesTurnsForOtherAnswers) {
    start();
    on_message_ = [this](TcpClient client, std::string_view message) {
        if (message == "transfer") {
            server_->send_stream(client, std::make_unique<Numbers>(witness_, 4000, 30'000));
        } else {
            server_->send(client, as_bytes("short"));
        }
    };
    const auto client = connect({"transfer", "query", "transfer", "query"});
    const auto other = connect({"query"});
    ASSERT_TRUE(turn_until([&] { return !other->got.empty(); }));
    const auto short_ones = [&] {
        return std::ranges::count_if(client->got,
                                     [](const auto& message) { return message.size() == 5; });
    };
    ASSERT_TRUE(turn_until([&] { return short_ones() == 2; }));
    EXPECT_LT(client->got.size(), 200U) << "not behind both transfers";
    ASSERT_TRUE(turn_until([&] { return client->got.size() == 8002; }));
    EXPECT_EQ(witness_.destroyed, 2);
}

TEST_F(TcpStreamTest, ManyTransfersTakeNoMoreOfATurnThanOne) {
    start();
    std::vector<Numbers::Witness> witnesses(100);
    std::size_t asked = 0;
    on_message_ = [&](TcpClient client, std::string_view) {
        server_->send_stream(client, std::make_unique<Numbers>(witnesses[asked++], 60'000, 16'000));
    };
    const auto made = [&] {
        int sum = 0;
        for (const Numbers::Witness& witness : witnesses) sum += witness.made;
        return sum;
    };
    std::vector<Descriptor> clients;  // which read nothing
    for (std::size_t i = 0; i < witnesses.size(); ++i) clients.push_back(lazy_client("transfer"));
    int most_of_a_turn = 0;
    const auto turn = [&](Duration wait) {
        const int before = made();
        loop_.turn(wait);
        most_of_a_turn = std::max(most_of_a_turn, made() - before);
    };
    for (int i = 0; i < 5000 && asked < clients.size(); ++i) turn(20ms);
    ASSERT_EQ(server_->stream_count(), clients.size());
    // Somebody else who always has something to do.
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const Descriptor ready(ends[0]), writer(ends[1]);
    ASSERT_EQ(::write(writer.get(), "x", 1), 1);
    int handled = 0;
    loop_.watch(ready.get(), EPOLLIN, [&](std::uint32_t) { ++handled; });
    for (int i = 0; i < 200; ++i) turn(0ms);
    loop_.unwatch(ready.get());
    EXPECT_EQ(most_of_a_turn, tcp_stream_messages_per_turn);
    EXPECT_EQ(handled, 200) << "is never behind the clients of transfers";
    for (const Numbers::Witness& witness : witnesses) EXPECT_GT(witness.made, 0);
    server_.reset();  // before the witnesses of its streams
}

TEST_F(TcpStreamTest, ClosesWhenTheStreamCannotGoOn) {
    start();
    on_message_ = [this](TcpClient client, std::string_view) {
        server_->send_stream(client, std::make_unique<Numbers>(witness_, 10, 100, 3));
    };
    const auto client = connect({"transfer"});
    ASSERT_TRUE(turn_until([&] { return !client->closed.empty(); }));
    EXPECT_LE(client->got.size(), 3U);
    EXPECT_EQ(witness_.destroyed, 1);
}

TEST_F(TcpStreamTest, EndsWithItsClient) {
    start();
    on_message_ = [this](TcpClient client, std::string_view) {
        server_->send_stream(client, std::make_unique<Numbers>(witness_, 60'000, 60'000));
    };
    auto client = connect({"transfer"});
    ASSERT_TRUE(turn_until([&] { return client->got.size() > 3; }));
    EXPECT_EQ(server_->stream_count(), 1U);
    client.reset();
    ASSERT_TRUE(turn_until([&] { return witness_.destroyed == 1; }));
    EXPECT_EQ(server_->stream_count(), 0U);
    server_->send_stream(77, std::make_unique<Numbers>(witness_, 1, 10));
    EXPECT_EQ(witness_.destroyed, 2) << "for nobody";
}

TEST_F(TcpStreamTest, ClosesOnClientsThatTakeTooLong) {
    const struct {
        TcpSettings settings;
        std::string_view why;
    } rows[] = {{{.stream_message_max = 1ms}, "for one message"},
                {{.stream_time_max = 1ms}, "for all"}};
    for (const auto& row : rows) {
        witness_ = {};
        start(row.settings);
        on_message_ = [this](TcpClient client, std::string_view) {
            server_->send_stream(client, std::make_unique<Numbers>(witness_, 60'000, 60'000));
        };
        const Descriptor client = lazy_client("transfer");
        ASSERT_TRUE(turn_until([&] { return witness_.destroyed == 1; })) << row.why;
        EXPECT_EQ(server_->counters().timed_out, 1U) << row.why;
    }
}

TEST_F(TcpStreamTest, ANewcomerDoesNotTakeThePlaceOfATransfer) {
    start({.clients_max = 2});
    on_message_ = [this](TcpClient client, std::string_view message) {
        if (message == "transfer") {
            server_->send_stream(client, std::make_unique<Numbers>(witness_, 60'000, 60'000));
        } else {
            server_->send(client, as_bytes("x"));
        }
    };
    const auto transfer = connect({"transfer"});
    ASSERT_TRUE(turn_until([&] { return transfer->got.size() > 2; }));
    const auto idle = connect({"query"});
    ASSERT_TRUE(turn_until([&] { return idle->got.size() == 1; }));
    const std::size_t taken = transfer->got.size();
    ASSERT_TRUE(turn_until([&] { return transfer->got.size() > taken + 5; }));
    const auto newcomer = connect({"query"});
    ASSERT_TRUE(turn_until([&] { return newcomer->got.size() == 1; }));
    ASSERT_TRUE(turn_until([&] { return !idle->closed.empty(); }));
    EXPECT_TRUE(transfer->closed.empty());
}

TEST_F(TcpStreamTest, TheClientSaysWhatWentWrong) {
    start();
    server_.reset();  // nobody listens there any more
    const auto client = connect({});
    ASSERT_TRUE(turn_until([&] { return !client->closed.empty(); }));
    EXPECT_EQ(client->closed, "Connection refused");
    EXPECT_FALSE(client->is_connected);
    const Endpoint nowhere{*IpAddress::from_text("240.0.0.1"), 53, 0};
    const auto lost = connect({}, &nowhere);
    lost->stream.reset();  // and one that is given up tells nothing
    for (int i = 0; i < 5; ++i) loop_.turn(0ms);
    EXPECT_TRUE(lost->closed.empty());
}

TEST_F(TcpStreamTest, TheClientMayGoInAnyCall) {
    start();
    on_message_ = [this](TcpClient client, std::string_view) {
        server_->send(client, as_bytes("one"));
        server_->send(client, as_bytes("two"));
    };
    std::unique_ptr<TcpClientStream> stream;
    int got = 0;
    stream = std::make_unique<TcpClientStream>(
        loop_, local_, IpAddress::v4(127, 0, 0, 1),
        TcpClientStream::Events{[&] { stream->send(as_bytes("query")); },
                                [&](Bytes) {
                                    ++got;
                                    stream.reset();
                                },
                                [](const std::string&) { ADD_FAILURE() << "it is gone"; }});
    ASSERT_TRUE(turn_until([&] { return got > 0; }));
    for (int i = 0; i < 5; ++i) loop_.turn(0ms);
    EXPECT_EQ(got, 1);
}

TEST(UdpClient, AsksAndHears) {
    Loop loop;
    const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
    std::vector<std::pair<Endpoint, std::string>> heard;
    const auto record = [&heard](const Endpoint& from, Bytes message) {
        heard.emplace_back(from, as_text(message));
    };
    auto client = UdpClient::open(loop, loopback, loopback, record);
    ASSERT_TRUE(client.has_value());
    Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SocketAddress any(Endpoint{loopback, 0, 0});
    ASSERT_EQ(::bind(socket.get(), &any.any, any.size()), 0);
    SocketAddress bound;
    socklen_t size = sizeof bound;
    ASSERT_EQ(::getsockname(socket.get(), &bound.any, &size), 0);
    (*client)->send(bound.endpoint(), as_bytes("question"));
    char buffer[64];
    SocketAddress peer;
    size = sizeof peer;
    ASSERT_EQ(::recvfrom(socket.get(), buffer, sizeof buffer, 0, &peer.any, &size), 8);
    ASSERT_EQ(::sendto(socket.get(), "answer", 6, 0, &peer.any, peer.size()), 6);
    for (int i = 0; i < 100 && heard.empty(); ++i) loop.turn(20ms);
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].first, bound.endpoint());
    EXPECT_EQ(heard[0].second, "answer");
}

}  // namespace
}  // namespace kith::net
