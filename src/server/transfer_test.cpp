// Transfers between two sides of this server on loopback: the change feed and the worker's answers of
// a primary, and the secondary that takes them, with keys, NOTIFY, expiry and restarts. Real sockets,
// one loop for all, no sleeps: each helper turns the loop until what it waits for has happened.

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "answer/answerer.hpp"
#include "auth/key_text.hpp"
#include "base/temporary_folder_testing.hpp"
#include "net/system.hpp"
#include "net/tcp_server.hpp"
#include "net/udp_listener.hpp"
#include "server/notify_sender.hpp"
#include "server/secondary_zones.hpp"
#include "server/transfer_service.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using transfer::ZoneHealth;
using zone::test::dump;
using zone::test::name;

/// One server's feed and transfers, without what else a server has.
class Node {
public:
    Node(net::Loop& loop, const std::string& folder, std::shared_ptr<const auth::KeyRing> ring)
        : loop_(loop),
          ring_(std::move(ring)),
          store_(*store::Store::open(folder, store::Access::own)),
          keeper(
              loop, store_, [this](std::span<const ZonePtr> zones) { publish(zones); }, now()),
          secondaries(loop, keeper, store_, rng_,
                      {[this](const Name& zone, ZoneHealth) { publish_one(zone); }, now()}),
          sender(loop, rng_,
                 {[this](NameView zone) { return policy_of(zone); },
                  [](NameView) { return std::vector<IpAddress>(); },
                  {},
                  now()}),
          service(
              {[](ZonePtr) {}, [this](HeardNotify heard) { secondaries.on_notify(heard); }, now()}),
          tcp_(loop, {},
               [this](net::TcpClient client, const Endpoint& peer, const Endpoint&, Bytes message) {
                   on_tcp(client, peer, message);
               }) {
        sender.set_keys(ring_);
        keeper.subscribe([this](const FeedEvent& event) { sender.on_version(*event.zone); });
        for (int tries = 0; tries < 32; ++tries) {
            auto udp = net::UdpListener::open({IpAddress::v4(127, 0, 0, 1), 0, 0});
            if (!tcp_.listen(udp->local())) continue;
            udp_ = std::move(*udp);
            break;
        }
        loop_.watch(udp_->fd(), EPOLLIN, [this](std::uint32_t) { on_udp(); });
    }
    ~Node() { loop_.unwatch(udp_->fd()); }

    Endpoint endpoint() const { return udp_->local(); }
    void set_policy(std::string_view zone, TransferPolicy policy) {
        policies_[name(zone)] = std::make_shared<TransferPolicy>(std::move(policy));
    }
    void keep_primary(const ZonePtr& zone) {
        ASSERT_TRUE(keeper.keep(zone->apex(), zone, {}));
        publish_one(zone->apex());
    }
    void keep_secondary(std::string_view zone) {
        KeeperSettings settings;
        settings.bounds = zone::file_bounds;
        ASSERT_TRUE(keeper.keep(name(zone), nullptr, settings));
        secondaries.keep(name(zone), policies_.at(name(zone)), ring_);
        publish_one(name(zone));
    }
    void change(const std::vector<std::string>& removed, const std::vector<std::string>& added) {
        ZoneChange change{name("example."), 0, 0, {}, {}};
        for (const std::string& line : removed)
            change.removed.push_back(zone::test::record(line, name("example.")));
        for (const std::string& line : added)
            change.added.push_back(zone::test::record(line, name("example.")));
        const auto staged = keeper.stage(std::move(change), {}, [](const Outcome& outcome) {
            EXPECT_EQ(outcome.kind, Outcome::Kind::done) << outcome.text;
        });
        ASSERT_TRUE(staged.has_value()) << zone::fault_text(staged.error().fault);
        keeper.commit();
    }
    std::vector<std::string> contents() const {
        const ZonePtr zone = keeper.serving(name("example."));
        return zone == nullptr ? std::vector<std::string>() : dump(*zone);
    }

    /// A client asks for the zone, and goes away without taking it.
    void cut_a_transfer() {
        const auto query = transfer::write_transfer_query(
            {transfer::Kind::axfr, 1, name("example."), dns::RrClass::IN, {}, false}, nullptr);
        std::vector<std::uint8_t> buffer(65535);
        EXPECT_NE(answer_tcp({IpAddress::v4(127, 0, 0, 1), 999, 0}, query, buffer).stream, nullptr);
    }

private:
    static transfer::UnixClock now() {
        return [] { return net::unix_now(); };
    }
    TransferPolicyPtr policy_of(NameView zone) const {
        const auto found = policies_.find(zone);
        return found == policies_.end() ? nullptr : found->second;
    }
    void publish(std::span<const ZonePtr> zones) {
        for (const ZonePtr& zone : zones) publish_one(zone->apex());
    }
    void publish_one(NameView zone) {
        if (policy_of(zone) == nullptr) return;
        zones_.put({zone,
                    keeper.serving(zone),
                    keeper.history(zone),
                    policy_of(zone),
                    secondaries.expires_at(zone),
                    {}});
    }
    void prepare(const Endpoint& peer, Bytes message, answer::Transport transport) {
        query_.message = message;
        query_.client = peer;
        query_.transport = transport;
        query_.unix_now = net::unix_now();
        answerer_.prepare(answers_, query_);
    }
    TransferService::Answer answer_tcp(const Endpoint& peer, Bytes message, MutableBytes buffer) {
        prepare(peer, message, answer::Transport::tcp);
        return service.answer(zones_, ring_, query_, tcp_.stream_count(), buffer);
    }
    void on_tcp(net::TcpClient client, const Endpoint& peer, Bytes message) {
        std::vector<std::uint8_t> buffer(65535);
        auto answer = answer_tcp(peer, message, buffer);
        if (answer.stream != nullptr) return tcp_.send_stream(client, std::move(answer.stream));
        answer.is_ours ? tcp_.send(client, answer.message) : tcp_.done(client);
    }
    void on_udp() {
        std::uint8_t bytes[4096];
        net::SocketAddress from;
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(udp_->fd(), bytes, sizeof bytes, MSG_DONTWAIT, &from.any, &size);
        if (got < 0) return;
        prepare(from.endpoint(), Bytes(bytes).first(static_cast<std::size_t>(got)),
                answer::Transport::udp);
        std::vector<std::uint8_t> buffer(65535);
        Bytes reply;
        if (TransferService::is_for_us(query_)) {
            reply = service.answer(zones_, ring_, query_, 0, buffer).message;
        } else if (query_.view.qtype == dns::RrType::SOA) {
            reply = answer_soa(buffer);
        }
        ::sendto(udp_->fd(), reply.data(), reply.size(), 0, &from.any, from.size());
    }
    /// What the other stages of a server do with a SOA query, signed or not.
    Bytes answer_soa(MutableBytes buffer) {
        const auth::TsigCheck check =
            auth::check_tsig_request(query_.message, *ring_, net::unix_now());
        dns::MessageBuilder builder;
        builder.start_response(buffer, 1232, query_.message, query_.view);
        if (const TransferZone* zone = zones_.find(query_.qname.view());
            zone != nullptr && zone->zone != nullptr) {
            builder.set_flag(dns::Header::aa);
            const zone::RrSetView soa = zone->zone->apex_node().find(dns::RrType::SOA);
            builder.add_record(dns::Section::answer, zone->apex, dns::RrType::SOA, dns::RrClass::IN,
                               soa.ttl(), soa.rdata(0));
        }
        const std::size_t size = builder.finish().size();
        const auto signer = transfer::make_response_signer(check, now());
        return buffer.first(signer != nullptr ? signer->sign(buffer, size) : size);
    }

    net::Loop& loop_;
    net::SystemRng rng_;
    std::shared_ptr<const auth::KeyRing> ring_;
    store::Store store_;
    std::map<Name, TransferPolicyPtr> policies_;
    TransferZones zones_;

public:
    ZoneKeeper keeper;
    SecondaryZones secondaries;
    NotifySender sender;
    TransferService service;

private:
    answer::AnswerSnapshot answers_;
    answer::Answerer answerer_;
    answer::Query query_;
    net::TcpServer tcp_;
    std::optional<net::UdpListener> udp_;
};

class TransferTest : public testing::Test {
protected:
    TransferTest() {
        auto ring = std::make_shared<auth::KeyRing>();
        EXPECT_TRUE(ring->add(*auth::parse_key_word("hmac-sha256:move.:c2VjcmV0c2VjcmV0c2VjcmV0")));
        EXPECT_TRUE(ring->add(*auth::parse_key_word("hmac-sha512:other.:b3RoZXJvdGhlcm90aGVy")));
        ring_ = ring;
    }
    template <class Condition>
    bool turn_until(Condition condition) {
        for (int i = 0; i < 2000 && !condition(); ++i) loop_.turn(10ms);
        return condition();
    }
    static transfer::AccessRule loopback(std::optional<Name> key = {}) {
        transfer::AccessRule rule{{*IpPrefix::from_text("127.0.0.0/8")}, {}};
        if (key) rule.keys.push_back(*key);
        return rule;
    }
    /// A primary with a zone of some records, and its secondary, which share a key.
    void start_both(std::optional<Name> primary_key, std::optional<Name> secondary_key) {
        primary.emplace(loop_, *folder / "primary", ring_);
        secondary.emplace(loop_, *folder / "secondary", ring_);
        TransferPolicy giving;
        giving.allow = transfer::Access({loopback(primary_key)});
        giving.notify = {{secondary->endpoint(), secondary_key}};
        primary->set_policy("example.", std::move(giving));
        std::vector<zone::Record> all = {zone::test::record(
            "@ 300 SOA ns.example. h.example. 1 3600 600 9000 60", name("example."))};
        for (int i = 0; i < 100; ++i) {
            all.push_back(zone::test::record("host" + std::to_string(i) + " 60 A 192.0.2.1",
                                             name("example.")));
        }
        primary->keep_primary(zone::test::build(all).zone);
        take_from_primary(secondary_key);
    }
    void take_from_primary(std::optional<Name> key) {
        TransferPolicy taking;
        taking.primaries = {{primary->endpoint(), key}};
        taking.allow_notify = transfer::Access({loopback()});
        secondary->set_policy("example.", std::move(taking));
        secondary->keep_secondary("example.");
    }
    bool is_equal() const {
        return !primary->contents().empty() && primary->contents() == secondary->contents();
    }

    std::unique_ptr<test::TemporaryFolder> folder = std::make_unique<test::TemporaryFolder>();
    net::Loop loop_;
    std::shared_ptr<const auth::KeyRing> ring_;
    std::optional<Node> primary, secondary;
};

TEST_F(TransferTest, ASecondaryTakesTheZoneAndFollowsItsChanges) {
    start_both(name("move."), name("move."));
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    EXPECT_EQ(primary->service.counters().whole, 1U);
    EXPECT_EQ(secondary->secondaries.health(name("example.")), ZoneHealth::good);
    for (int i = 0; i < 20; ++i) {
        primary->change({}, {"new" + std::to_string(i) + " 60 A 192.0.2.9"});
        if (i % 3 == 0)
            primary->change({"new" + std::to_string(i) + " 60 A 192.0.2.9"},
                            {"host1 61 A 192.0.2.1"});
        if (i % 4 != 0) continue;
        ASSERT_TRUE(turn_until([&] { return is_equal(); })) << i;
    }
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    EXPECT_GE(primary->service.counters().differences, 5U) << "by differences";
    EXPECT_EQ(primary->service.counters().whole, 1U);
    ASSERT_TRUE(turn_until([&] { return primary->sender.waiting() == 0; }))
        << "each NOTIFY was answered";
    EXPECT_EQ(primary->sender.counts().failed, 0U);
    EXPECT_EQ(secondary->secondaries.counters().failed, 0U);
}

TEST_F(TransferTest, TheLogBearsManyClients) {
    start_both({}, {});
    static int lines;
    lines = 0;
    log::set_sink([](log::Level, std::string_view line) {
        if (line.starts_with("transfer.cut ")) ++lines;
    });
    constexpr int clients = 10 * client_lines_per_minute;
    for (int i = 0; i < clients; ++i) primary->cut_a_transfer();
    log::set_sink(nullptr);
    EXPECT_EQ(primary->service.counters().cut, static_cast<std::uint64_t>(clients));
    EXPECT_GE(lines, client_lines_per_minute);
    EXPECT_LE(lines, 2 * client_lines_per_minute) << "a minute may end meanwhile";
}

TEST_F(TransferTest, NobodyTakesWhatIsNotAllowed) {
    const struct {
        std::optional<Name> wanted, used;
        std::string_view error;
    } rows[] = {
        {name("move."), std::nullopt, "REFUSED"},
        {name("move."), name("other."), "REFUSED"},
    };
    for (const auto& row : rows) {
        start_both(row.wanted, row.used);
        ASSERT_TRUE(turn_until([&] { return secondary->secondaries.counters().failed > 0; }));
        EXPECT_EQ(secondary->keeper.serving(name("example.")), nullptr);
        EXPECT_EQ(secondary->secondaries.health(name("example.")), ZoneHealth::absent);
        const std::string why = secondary->secondaries.status()[0].last_error;
        EXPECT_NE(why.find(row.error), std::string::npos) << why;
        secondary.reset();
        primary.reset();
        folder = std::make_unique<test::TemporaryFolder>();
    }
}

TEST_F(TransferTest, AWrongSecretIsNoTransfer) {
    start_both(name("move."), name("move."));
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    auto wrong = std::make_shared<auth::KeyRing>();
    ASSERT_TRUE(wrong->add(*auth::parse_key_word("hmac-sha256:move.:YW5vdGhlcnNlY3JldA==")));
    ring_ = wrong;
    secondary.reset();
    secondary.emplace(loop_, *folder / "other", ring_);
    take_from_primary(name("move."));
    ASSERT_TRUE(turn_until([&] { return secondary->secondaries.counters().failed > 0; }));
    const std::string why = secondary->secondaries.status()[0].last_error;
    EXPECT_NE(why.find("BADSIG"), std::string::npos) << why;
}

TEST_F(TransferTest, TheZoneStaysOverARestart) {
    start_both(std::nullopt, std::nullopt);
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    const std::vector<std::string> before = secondary->contents();
    primary->set_policy("example.", {});  // its transfers are closed, as if it were away
    primary->keep_primary(primary->keeper.serving(name("example.")));
    secondary.reset();
    secondary.emplace(loop_, *folder / "secondary", ring_);
    take_from_primary(std::nullopt);
    EXPECT_EQ(secondary->contents(), before) << "at once, and without the primary";
    EXPECT_EQ(secondary->secondaries.health(name("example.")), ZoneHealth::good);
    EXPECT_GT(secondary->secondaries.status()[0].expires_at, net::unix_now() - 10);
}

TEST_F(TransferTest, AZoneThatIsTooOldIsNotGiven) {
    start_both(std::nullopt, std::nullopt);
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    primary.reset();  // away for good
    secondary.reset();
    {
        // It was confirmed 9000 seconds ago, which is what its SOA allows.
        auto store = store::Store::open(*folder / "secondary", store::Access::own);
        store::KeyValue state{"example.", std::vector<std::uint8_t>(12)};
        store_u32(state.value.data() + 4, static_cast<std::uint32_t>(net::unix_now() - 9000));
        store_u32(state.value.data() + 8, 9000);
        ASSERT_TRUE(store->put("secondary", std::span(&state, 1)));
    }
    secondary.emplace(loop_, *folder / "secondary", ring_);
    primary.emplace(loop_, *folder / "elsewhere", ring_);
    take_from_primary(std::nullopt);
    EXPECT_EQ(secondary->secondaries.health(name("example.")), ZoneHealth::expired);
    EXPECT_EQ(secondary->secondaries.expires_at(name("example."))->load(), 0);
    ASSERT_TRUE(turn_until([&] { return secondary->secondaries.counters().failed > 0; }))
        << "it goes on asking";
}

TEST_F(TransferTest, ATransferCanBeAskedForWhole) {
    start_both(std::nullopt, std::nullopt);
    ASSERT_TRUE(turn_until([&] { return is_equal(); }));
    const std::uint64_t before = primary->service.counters().whole;
    ASSERT_TRUE(secondary->secondaries.refresh(name("example."), SecondaryZones::Want::whole));
    ASSERT_TRUE(turn_until([&] { return primary->service.counters().whole == before + 1; }));
    EXPECT_FALSE(secondary->secondaries.refresh(name("other."), SecondaryZones::Want::newer));
    ASSERT_TRUE(turn_until([&] { return !secondary->secondaries.status()[0].is_refreshing; }));
    secondary->secondaries.release(name("example."), SecondaryZones::State::goes);
    EXPECT_TRUE(secondary->secondaries.status().empty());
}

TEST(TransferPolicy, ReadsItsTexts) {
    const struct {
        std::string_view text;
        bool good;
        std::string_view why;
    } rules[] = {
        {"192.0.2.0/24", true, "a network"},
        {"2001:db8::1", true, "an address"},
        {"key move.", true, "a key"},
        {"192.0.2.1  key  move", true, "both"},
        {"", false, "nothing"},
        {"key", false, "no name"},
        {"key a b", false, "two names"},
        {"192.0.2.1 192.0.2.2", false, "two networks"},
        {"example.com", false, "a name"},
        {"192.0.2.1 move.", false, "'key' left out"},
    };
    for (const auto& row : rules)
        EXPECT_EQ(parse_access_rule(row.text).has_value(), row.good) << row.why;
    EXPECT_EQ(parse_server("192.0.2.1")->endpoint.to_text(), "192.0.2.1:53");
    EXPECT_EQ(parse_server("[2001:db8::1]:5353 key move.")->endpoint.to_text(),
              "[2001:db8::1]:5353");
    EXPECT_EQ(parse_server("192.0.2.1 key move.")->key, name("move."));
    for (const std::string_view bad :
         {"", "key move.", "192.0.2.0/24", "192.0.2.1 key", "ns.example"}) {
        EXPECT_FALSE(parse_server(bad).has_value()) << bad;
    }
}

}  // namespace
}  // namespace kith::server
