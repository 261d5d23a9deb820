// NOTIFY messages and the Notifier.

#include <gtest/gtest.h>

#include <set>

#include "transfer/notify.hpp"
#include "transfer/transfer_testing.hpp"

namespace kith::transfer::test {
namespace {

using dns::Header;
using dns::Opcode;
using dns::Rcode;
using dns::RrType;
using zone::test::name;

Endpoint target(std::uint8_t last, std::uint16_t port = 53) {
    return {IpAddress::v4(192, 0, 2, last), port, 0};
}

class Notify : public testing::Test {
protected:
    void notify(std::uint32_t serial, const std::vector<NotifyTarget>& targets,
                std::string_view apex = "example.") {
        const zone::Record soa = zone::test::record(soa_line(serial), name("example."));
        notifier.notify(now, name(apex), dns::RrClass::IN, soa.rdata, soa.ttl, targets);
    }
    std::vector<Notifier::Transmit> drain() {
        std::vector<Notifier::Transmit> out;
        while (auto transmit = notifier.poll_transmit(now)) out.push_back(std::move(*transmit));
        return out;
    }
    void reply(const Notifier::Transmit& to, Rcode rcode = Rcode::NOERROR) {
        Message buffer(512);
        EXPECT_TRUE(
            notifier.on_reply(now, to.to, write_notify_reply(to.message, rcode, nullptr, buffer)));
    }
    Notifier make(std::uint32_t) {
        return Notifier(rng, {},
                        [this](const dns::Name&, const Endpoint& to, std::optional<Rcode> rcode) {
                            done.emplace_back(to, rcode);
                        });
    }

    SeededRng rng{1};
    Time now = Time() + 1h;
    std::vector<std::pair<Endpoint, std::optional<Rcode>>> done;
    Notifier notifier = make(0);
};

TEST_F(Notify, SaysWhatRfc1996Says) {
    notify(9, {{target(1), 0}});
    const auto sent = drain();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].to, target(1));
    const auto view = dns::MessageView::parse(sent[0].message);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header().opcode(), Opcode::NOTIFY);
    EXPECT_TRUE(view->header().has(Header::aa)) << "§3.6";
    EXPECT_FALSE(view->header().has(Header::qr));
    EXPECT_EQ(view->question()->type, RrType::SOA);
    EXPECT_EQ(answer_lines(sent[0].message), std::vector<std::string>{soa_line(9)}) << "§3.7";
    const auto read = read_notify(sent[0].message);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->serial, 9U);
    EXPECT_EQ(read->zone, name("example."));
}

TEST_F(Notify, RepeatsUntilAnsweredOrGivenUp) {
    notify(9, {{target(1), 0}, {target(2), 0}});
    auto sent = drain();
    ASSERT_EQ(sent.size(), 2U);
    reply(sent[0]);
    EXPECT_EQ(done.size(), 1U);
    std::vector<double> waits;
    while (const auto deadline = notifier.next_deadline()) {
        waits.push_back(std::chrono::duration<double>(*deadline - now).count());
        now = *deadline;
        notifier.on_timer(now);
        for (const auto& again : drain()) {
            EXPECT_EQ(again.to, target(2));
            EXPECT_EQ(load_u16(again.message.data()), load_u16(sent[1].message.data()))
                << "a late reply counts";
        }
    }
    EXPECT_EQ(waits, (std::vector<double>{2, 4, 8, 16, 32, 60}));
    ASSERT_EQ(done.size(), 2U);
    EXPECT_EQ(done[1].second, std::nullopt);
    EXPECT_EQ(notifier.in_flight(), 0U);
    EXPECT_EQ(notifier.counts().sent, 7U);
}

TEST_F(Notify, AnyRcodeEndsIt) {
    notify(9, {{target(1), 0}});
    const auto sent = drain();
    reply(sent[0], Rcode::REFUSED);
    ASSERT_EQ(done.size(), 1U);
    EXPECT_EQ(done[0].second, Rcode::REFUSED);
    EXPECT_FALSE(notifier.next_deadline());
}

TEST_F(Notify, IgnoresWhatIsNoReply) {
    notify(9, {{target(1), 0}});
    const auto sent = drain();
    Message buffer(512);
    const Bytes good = write_notify_reply(sent[0].message, Rcode::NOERROR, nullptr, buffer);
    const auto with = [good](std::size_t at, std::uint8_t value) {
        Message out(good.begin(), good.end());
        out[at] = value;
        return out;
    };
    const struct {
        Endpoint from;
        Message bytes;
        std::string_view why;
    } rows[] = {
        {target(2), with(0, good[0]), "another address"},
        {target(1, 54), with(0, good[0]), "another port"},
        {target(1), with(0, static_cast<std::uint8_t>(good[0] ^ 1)), "another id"},
        {target(1), with(2, 0x24), "a request"},
        {target(1), with(2, 0x84), "another opcode"},
        {target(1), with(13, 'x'), "another zone"},
        {target(1), {1, 2, 3}, "no message"},
    };
    for (const auto& row : rows)
        EXPECT_FALSE(notifier.on_reply(now, row.from, row.bytes)) << row.why;
    EXPECT_EQ(notifier.in_flight(), 1U);
    EXPECT_TRUE(notifier.on_reply(now, target(1), with(0, good[0])));
}

TEST_F(Notify, ANewerVersionTakesThePlaceOfTheOlder) {
    notify(9, {{target(1), 0}});
    const auto first = drain();
    notify(10, {{target(1), 0}});
    const auto second = drain();
    ASSERT_EQ(second.size(), 1U) << "told at once";
    EXPECT_EQ(read_notify(second[0].message)->serial, 10U);
    Message buffer(512);
    EXPECT_FALSE(notifier.on_reply(
        now, target(1), write_notify_reply(first[0].message, Rcode::NOERROR, nullptr, buffer)))
        << "the reply to the older one proves nothing of the newer";
    reply(second[0]);
    EXPECT_EQ(notifier.in_flight(), 0U);
}

TEST_F(Notify, FliesAFewAtOnce) {
    std::vector<NotifyTarget> targets;
    for (std::uint16_t port = 1; port <= 200; ++port) targets.push_back({target(1, port), 0});
    notify(9, targets);
    auto sent = drain();
    EXPECT_EQ(sent.size(), notify_in_flight_max);
    EXPECT_EQ(notifier.waiting(), 200 - notify_in_flight_max);
    std::set<std::uint16_t> told;
    while (!sent.empty()) {
        for (const auto& each : sent) {
            EXPECT_TRUE(told.insert(each.to.port).second);
            reply(each);
        }
        sent = drain();
    }
    EXPECT_EQ(told.size(), 200U);
    targets.clear();
    for (std::uint16_t port = 1; port <= 300; ++port) targets.push_back({target(2, port), 0});
    notify(10, targets);
    EXPECT_EQ(notifier.counts().dropped, 300 - notify_targets_max);
    notifier.forget(name("example."));
    EXPECT_TRUE(drain().empty());
    EXPECT_EQ(notifier.waiting(), 0U);
}

TEST_F(Notify, SignsAndWantsSignedReplies) {
    Notifier with_keys(rng, [](std::uint32_t key) {
        EXPECT_EQ(key, 3U);
        return Notifier::Security{std::make_unique<CountingSigner>(),
                                  std::make_unique<CountingVerifier>()};
    });
    const zone::Record soa = zone::test::record(soa_line(1), name("example."));
    with_keys.notify(now, name("example."), dns::RrClass::IN, soa.rdata, 1,
                     {{target(1), 3}, {target(2), 0}});
    const auto first = with_keys.poll_transmit(now);
    const auto second = with_keys.poll_transmit(now);
    EXPECT_EQ(dns::MessageView::parse(first->message)->header().counts[3], 1);
    EXPECT_EQ(dns::MessageView::parse(second->message)->header().counts[3], 0);
    Message buffer(512);
    EXPECT_FALSE(with_keys.on_reply(
        now, target(1), write_notify_reply(first->message, Rcode::NOERROR, nullptr, buffer)));
    CountingSigner signer;
    EXPECT_TRUE(with_keys.on_reply(
        now, target(1), write_notify_reply(first->message, Rcode::NOERROR, &signer, buffer)));
    EXPECT_TRUE(with_keys.on_reply(
        now, target(2), write_notify_reply(second->message, Rcode::NOERROR, nullptr, buffer)));
}

TEST(NotifyIn, SaysWhatIsWrong) {
    Message buffer(512);
    dns::MessageBuilder builder;
    const auto ask = [&](RrType type, int questions) {
        builder.start(buffer, buffer.size());
        builder.header().flags = 4 << 11;
        for (int i = 0; i < questions; ++i)
            builder.add_question(name("example."), type, dns::RrClass::IN);
        const Bytes bytes = builder.finish();
        return read_notify(bytes);
    };
    EXPECT_EQ(ask(RrType::A, 1).error(), Rcode::NOTIMP) << "only SOA is defined (RFC 1996 §3.1)";
    EXPECT_EQ(ask(RrType::SOA, 0).error(), Rcode::FORMERR);
    EXPECT_EQ(ask(RrType::SOA, 2).error(), Rcode::FORMERR);
    ASSERT_TRUE(ask(RrType::SOA, 1).has_value());
    EXPECT_FALSE(ask(RrType::SOA, 1)->serial) << "the SOA is a hint, and may be left out";
}

TEST(NotifyNames, AreTheServersButThePrimary) {
    const auto zone =
        zone::test::zone({"@ 300 NS ns", "@ 300 NS b", "@ 300 NS c.other.", "sub 300 NS d"});
    std::set<std::string> names;
    for (const dns::Name& each : notify_names(*zone)) names.insert(each.to_text());
    EXPECT_EQ(names, (std::set<std::string>{"b.example.", "c.other."}));
}

}  // namespace
}  // namespace kith::transfer::test
