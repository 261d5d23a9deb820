#include "server/local_lookup.hpp"

#include <algorithm>
#include <deque>
#include <set>

#include <gtest/gtest.h>

#include "dns/message_text.hpp"

namespace kith::server {
namespace {

namespace dnssd = discovery::dnssd;
using dns::RrType;
using Rdata = std::vector<std::uint8_t>;

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

/// A link that the test plays by hand.
class Link final : public dnssd::Backend {
public:
    std::string describe() const override { return "link"; }
    bool serves(dns::NameView) const override { return true; }
    std::optional<dnssd::QueryToken> start_query(Time, const dnssd::RecordQuestion& question,
                                                 dnssd::Scope) override {
        asked.push_back(question);
        open.insert(asked.size());
        return asked.size();
    }
    void stop_query(Time, dnssd::QueryToken query) override { open.erase(query); }
    void reconfirm(Time, const dnssd::RecordEvent&) override {}
    dns::Text<dnssd::PublicationToken> publish(Time, std::span<const dnssd::ServiceRecord>,
                                               dnssd::Scope, dnssd::RenamePolicy) override {
        return std::unexpected(dns::TextError{"no"});
    }
    void update_txt(Time, dnssd::PublicationToken, dns::NameView, std::span<const Rdata>) override {
    }
    void withdraw(Time, dnssd::PublicationToken) override {}
    dns::Name host_name() const override { return {}; }
    std::optional<dnssd::BackendEvent> poll_event() override {
        if (events.empty()) return std::nullopt;
        auto out = events.front();
        events.pop_front();
        return out;
    }
    void say(dnssd::RecordChange change, std::size_t query, Rdata rdata, std::uint32_t ttl = 120) {
        const dnssd::RecordQuestion& question = asked.at(query - 1);
        events.push_back(dnssd::RecordEvent{query, change, 2, IpFamily::none, question.name,
                                            question.type, ttl, std::move(rdata)});
    }

    std::vector<dnssd::RecordQuestion> asked;
    std::set<std::size_t> open;
    std::deque<dnssd::BackendEvent> events;
};

class LocalLookupTest : public testing::Test {
protected:
    LocalLookupTest() { session.add_backend(link); }

    void ask(std::uint64_t token, std::string_view what, RrType type, std::uint64_t client = 0) {
        lookups.ask(now, {token, name(what), type, client},
                    [this](std::uint64_t to, std::shared_ptr<const cache::Answer> answer) {
                        const auto view = answer->view(now, cache::Freshness::fresh);
                        std::string text = std::to_string(to) + " " + dns::rcode_name(view.rcode());
                        const auto message = dns::MessageView::parse(view.message);
                        if (message && answer->has_records()) {
                            message->for_each(dns::Section::answer,
                                              [&](const dns::RecordView& record) {
                                                  text += " " + std::to_string(record.ttl) + "/" +
                                                          std::to_string(record.rdata.back());
                                              });
                        }
                        answers.push_back(text);
                    });
        turn();
    }
    void turn() {
        session.pump(now);
        while (const auto event = session.poll_event()) EXPECT_TRUE(lookups.on_event(now, *event));
        lookups.on_settled(now);
    }
    void later(Duration duration) {
        now += duration;
        lookups.on_timer(now);
    }
    std::vector<std::string> told() { return std::exchange(answers, {}); }
    using Lines = std::vector<std::string>;

    SeededRng rng{1};
    Link link;
    dnssd::Session session{rng};
    std::map<std::pair<dns::Name, RrType>, LocalKnowledge> known;
    LocalLookups lookups{session, [this](Time, dns::NameView asked, RrType type) {
                             LocalKnowledge out;
                             for (const auto& [key, knowledge] : known) {
                                 if (key.first.view() != asked) continue;
                                 out.holder = knowledge.holder;
                                 out.silent_links = knowledge.silent_links;
                                 if (type == RrType::ANY || key.second == type)
                                     out.records = knowledge.records;
                             }
                             return out;
                         }};
    Time now{};
    std::vector<std::string> answers;
};

TEST_F(LocalLookupTest, AnswersAllWhoWaitWithOneQuestion) {
    ask(1, "nas.local.", RrType::A);
    ask(2, "nas.local.", RrType::A);
    ask(3, "nas.local.", RrType::AAAA);
    EXPECT_EQ(link.asked.size(), 2U);
    link.say(dnssd::RecordChange::added, 1, {10, 0, 0, 7});
    link.say(dnssd::RecordChange::added, 1, {10, 0, 0, 8}, 3);
    turn();
    EXPECT_EQ(told(), (Lines{"1 NOERROR 10/7 3/8", "2 NOERROR 10/7 3/8"}))
        << "TTLs are capped at ten seconds";
    link.say(dnssd::RecordChange::absent, 2, {});
    turn();
    EXPECT_EQ(told(), (Lines{"3 NOERROR"}));
    EXPECT_TRUE(link.open.empty()) << "nothing is asked on";
    EXPECT_EQ(lookups.next_deadline(), std::nullopt);
}

TEST_F(LocalLookupTest, SaysAfterTwoSecondsThatNobodyHasTheName) {
    ask(1, "nobody.local.", RrType::A);
    later(1999ms);
    EXPECT_EQ(told(), Lines{});
    later(1ms);
    EXPECT_EQ(told(), (Lines{"1 NXDOMAIN"}));
}

TEST_F(LocalLookupTest, TellsAMissingTypeFromAMissingName) {
    known[{name("nas.local."), RrType::A}].records[{10, 0, 0, 7}] = 120;
    ask(1, "nas.local.", RrType::TXT);
    later(local_patience);
    EXPECT_EQ(told(), (Lines{"1 NOERROR"})) << "something else is known of it";
}

TEST_F(LocalLookupTest, GathersWhatSeveralHostsSay) {
    ask(1, "_ipp._tcp.local.", RrType::PTR);
    link.say(dnssd::RecordChange::added, 1, {1, 'a', 0});
    turn();
    link.say(dnssd::RecordChange::added, 1, {1, 'b', 0});
    turn();
    EXPECT_EQ(told(), Lines{});
    later(local_gathering);
    EXPECT_EQ(told(), (Lines{"1 NOERROR 10/0 10/0"}));
}

// RFC 6762 §22.1: what only a zone has is nobody's to ask for.
TEST_F(LocalLookupTest, AsksNobodyForRecordsOfZones) {
    for (const RrType type : {RrType::SOA, RrType::NS, RrType::DS, RrType::DNSKEY})
        ask(1, "local.", type);
    EXPECT_EQ(told(), Lines(4, "1 NOERROR"));
    EXPECT_TRUE(link.asked.empty());
}

// What is known needs no room, even where there is none.
TEST_F(LocalLookupTest, AnswersWhatIsKnownAtOnce) {
    known[{name("nas.local."), RrType::A}].records[{10, 0, 0, 7}] = 120;
    known[{name("us.local."), RrType::A}] = {{{{10, 0, 0, 9}, 120}}, LocalKnowledge::Holder::ours};
    known[{name("_ipp._tcp.local."), RrType::PTR}].records[{1, 'a', 0}] = 4500;
    for (std::size_t i = 0; i < local_questions_max; ++i)
        ask(i, "h" + std::to_string(i) + ".local.", RrType::A, i);
    EXPECT_EQ(told(), Lines{});
    link.asked.clear();
    ask(900, "nas.local.", RrType::A, 1);
    ask(901, "us.local.", RrType::A, 1);
    ask(902, "us.local.", RrType::TXT, 1);
    EXPECT_EQ(told(), (Lines{"900 NOERROR 10/7", "901 NOERROR 10/9", "902 NOERROR"}))
        << "of a name of ours what is missing is missing";
    EXPECT_TRUE(link.asked.empty());
    lookups.fail_all(now);
    told();
    ask(903, "_ipp._tcp.local.", RrType::PTR, 1);
    EXPECT_EQ(told(), Lines{}) << "others may have more";
}

// A host on several links has an address on each: one link's cache is not all there is.
TEST_F(LocalLookupTest, WaitsForLinksThatHaveSaidNothing) {
    LocalKnowledge& nas = known[{name("nas.local."), RrType::A}];
    nas = {{{{10, 0, 0, 7}, 100}}, LocalKnowledge::Holder::others, 2};
    ask(1, "nas.local.", RrType::A);
    ASSERT_EQ(link.asked.size(), 1U);
    link.say(dnssd::RecordChange::added, 1, {10, 0, 0, 7}, 100);
    turn();
    EXPECT_EQ(told(), Lines{}) << "two links have said nothing";
    EXPECT_EQ(lookups.next_deadline(), now + local_links_patience);
    nas = {{{{10, 0, 0, 7}, 100}, {{10, 0, 1, 7}, 120}}, LocalKnowledge::Holder::others, 1};
    link.say(dnssd::RecordChange::added, 1, {10, 0, 1, 7});
    turn();
    later(local_links_patience - 1ms);
    EXPECT_EQ(told(), Lines{});
    later(1ms);
    EXPECT_EQ(told(), (Lines{"1 NOERROR 10/7 10/7"}))
        << "what came, without the one that is silent";

    ask(2, "nas.local.", RrType::A);
    EXPECT_EQ(told(), (Lines{"2 NOERROR 10/7 10/7"})) << "the silent link has been asked";
    EXPECT_EQ(link.asked.size(), 1U);
    lookups.on_links_changed();
    ask(3, "nas.local.", RrType::A);
    EXPECT_EQ(link.asked.size(), 2U) << "it may be another link";
    link.say(dnssd::RecordChange::added, 2, {10, 0, 0, 7}, 100);
    nas.silent_links = 0;
    link.say(dnssd::RecordChange::added, 2, {10, 0, 2, 9});
    turn();
    EXPECT_EQ(told(), (Lines{"3 NOERROR 10/7 10/9"})) << "at once when all have answered";
}

TEST_F(LocalLookupTest, AsksSilentLinksAgainWhenARecordHasEnded) {
    LocalKnowledge& nas = known[{name("nas.local."), RrType::A}];
    nas = {{{{10, 0, 0, 7}, 20}, {{10, 0, 1, 7}, 100}}, LocalKnowledge::Holder::others, 1};
    const auto look = [&](std::uint64_t token) {
        ask(token, "nas.local.", RrType::A);
        if (answers.empty()) link.say(dnssd::RecordChange::added, link.asked.size(), {10, 0, 0, 7});
        turn();
        later(local_links_patience);
    };
    look(1);
    EXPECT_EQ(link.asked.size(), 1U);
    told();
    later(20s - local_links_patience);
    look(2);
    EXPECT_EQ(link.asked.size(), 1U);
    told();
    look(3);
    EXPECT_EQ(link.asked.size(), 2U) << "20 seconds are over";
    told();
    nas.records.clear();
    look(4);
    EXPECT_EQ(link.asked.size(), 3U) << "nothing is known any more: each link counts again";
    EXPECT_EQ(told(), (Lines{"4 NOERROR 10/7"}));
}

TEST_F(LocalLookupTest, WaitsForOtherLinksBeforeItSaysThereIsNone) {
    known[{name("nas.local."), RrType::NSEC}] = {{{{0}, 120}}, LocalKnowledge::Holder::others, 1};
    ask(1, "nas.local.", RrType::AAAA);
    link.say(dnssd::RecordChange::absent, 1, {});
    turn();
    EXPECT_EQ(told(), Lines{}) << "it may have one on the other link";
    later(local_links_patience);
    EXPECT_EQ(told(), (Lines{"1 NOERROR"}));
    ask(2, "nas.local.", RrType::AAAA);
    link.say(dnssd::RecordChange::absent, 2, {});
    turn();
    EXPECT_EQ(told(), (Lines{"2 NOERROR"})) << "once";
}

TEST_F(LocalLookupTest, BoundsWhatItRemembersOfLinks) {
    const auto host = [](std::size_t i) { return "h" + std::to_string(i) + ".local."; };
    const auto know = [&](std::size_t i) {
        known[{name(host(i)), RrType::A}] = {
            {{{10, 0, 0, 7}, 120}}, LocalKnowledge::Holder::others, 1};
    };
    constexpr std::size_t batches = local_links_asked_max / local_questions_max + 1;
    for (std::size_t i = 0; i < batches * local_questions_max; ++i) {
        know(i);
        ask(i, host(i), RrType::A, i);
        link.say(dnssd::RecordChange::added, i + 1, {10, 0, 0, 7});
        if (lookups.size() < local_questions_max) continue;
        turn();
        later(local_links_patience);
        known.clear();
    }
    told();
    const auto is_remembered = [&](std::size_t i) {
        know(i);
        const std::size_t before = link.asked.size();
        ask(i, host(i), RrType::A, i);
        return link.asked.size() == before;
    };
    std::size_t remembered = 0;
    for (std::size_t i = 0; i < local_questions_max; ++i) remembered += is_remembered(i) ? 1 : 0;
    EXPECT_EQ(remembered, 0U) << "the oldest gave way";
    lookups.fail_all(now);
    EXPECT_TRUE(is_remembered(batches * local_questions_max - 1));
}

TEST_F(LocalLookupTest, GivesEachClientItsShare) {
    for (std::size_t i = 0; i < local_client_share; ++i)
        ask(i, "h" + std::to_string(i) + ".local.", RrType::A, 1);
    EXPECT_EQ(told(), Lines{});
    ask(900, "one-more.local.", RrType::A, 1);
    ask(901, "h0.local.", RrType::A, 1);
    EXPECT_EQ(told(), (Lines{"900 SERVFAIL", "901 SERVFAIL"}));
    ask(902, "h0.local.", RrType::A, 2);
    EXPECT_EQ(told(), Lines{}) << "another one waits with it";
    link.say(dnssd::RecordChange::added, 1, {10, 0, 0, 7});
    turn();
    EXPECT_EQ(told(), (Lines{"0 NOERROR 10/7", "902 NOERROR 10/7"}));
    ask(903, "one-more.local.", RrType::A, 1);
    EXPECT_EQ(told(), Lines{}) << "one is done: there is room for one";
}

TEST_F(LocalLookupTest, TakesRoomFromWhoHasMost) {
    constexpr std::size_t clients = local_questions_max / local_client_share;
    for (std::size_t i = 0; i < local_questions_max; ++i)
        ask(i, "h" + std::to_string(i) + ".local.", RrType::A, 1 + i % clients);
    EXPECT_EQ(told(), Lines{});
    ask(900, "new.local.", RrType::A, 99);
    const Lines lines = told();
    ASSERT_EQ(lines.size(), 1U) << "the latest of one of them";
    EXPECT_TRUE(lines[0].ends_with(" SERVFAIL"));
    EXPECT_EQ(lookups.size(), local_questions_max);
    EXPECT_EQ(link.open.size(), local_questions_max);
}

TEST_F(LocalLookupTest, BoundsQuestionsAndWaiters) {
    for (std::size_t i = 0; i < local_questions_max; ++i)
        ask(i, "h" + std::to_string(i) + ".local.", RrType::A, i);
    EXPECT_EQ(told(), Lines{});
    ask(999, "one-more.local.", RrType::A, 7000);
    EXPECT_EQ(told(), (Lines{"999 SERVFAIL"})) << "all have one";
    for (std::size_t i = 1; i < local_waiters_max; ++i) ask(5, "h0.local.", RrType::A, 1000 + i);
    ask(998, "h0.local.", RrType::A, 7001);
    EXPECT_EQ(told(), (Lines{"998 SERVFAIL"}));
    lookups.fail_all(now);
    EXPECT_EQ(told().size(), local_questions_max + local_waiters_max - 1)
        << "everybody gets an answer";
    EXPECT_TRUE(link.open.empty());
}

TEST_F(LocalLookupTest, KeepsAnswersBounded) {
    ask(1, "big.local.", RrType::A);
    for (std::size_t i = 0; i < 4 * local_records_max; ++i) {
        link.say(dnssd::RecordChange::added, 1,
                 {10, 0, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
    }
    turn();
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(std::ranges::count(answers[0], '/'), static_cast<std::ptrdiff_t>(local_records_max));
}

}  // namespace
}  // namespace kith::server
