// Scripts against the forwarder in virtual time: what it sends, what it believes, what clients get.

#include "resolve/forwarder.hpp"

#include <set>

#include <gtest/gtest.h>

#include "resolve/upstream_script.hpp"

namespace kith::resolve::test {
namespace {

using dns::RrType;
using Kind = Transmit::Kind;
using State = AskResult::State;

const std::vector<Row> www{{"www.example.", 300, RrType::A, "192.0.2.80"}};
constexpr std::string_view www_text = "NOERROR | www.example. 300 A 192.0.2.80";
const Row soa{"example.", 3600, RrType::SOA, "ns.example. admin.example. 1 2 3 4 60",
              dns::Section::authority};

TEST(Forwarder, AsksOnceAndAnswersFromTheCacheAfterwards) {
    Bench bench(Bench::two_servers());
    EXPECT_EQ(bench.ask("www.example").state, State::parked);
    const Sent* const query = bench.take_sent();
    ASSERT_NE(query, nullptr);
    EXPECT_EQ(query->kind, Kind::send_udp);
    EXPECT_EQ(query->to, Bench::server(1));
    const auto view = dns::read_query(query->message);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header.flags, dns::Header::rd);
    EXPECT_EQ(view->qtype, RrType::A);
    ASSERT_TRUE(view->edns.has_value());
    EXPECT_EQ(view->edns->payload_bytes, 1232);
    bench.reply_udp(*query, make_reply(query->message, www));
    EXPECT_EQ(bench.only(), www_text);
    bench.advance(100s);
    EXPECT_EQ(bench.ask("WWW.example").state, State::hit);
    EXPECT_EQ(bench.last_hit, "NOERROR | www.example. 200 A 192.0.2.80") << "TTLs age";
    EXPECT_EQ(bench.sent.back().kind, Kind::close);
    EXPECT_EQ(bench.forwarder.questions(), 0U);
    EXPECT_EQ(bench.forwarder.waiters(), 0U);
}

TEST(Forwarder, ClientsThatAskTheSameWaitTogether) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example", RrType::A, 1);
    bench.ask("www.example", RrType::A, 2);
    bench.ask("www.example", RrType::AAAA, 3);
    bench.ask("www.example", RrType::A, 4, 1, {true, false});
    EXPECT_EQ(bench.forwarder.stats().sent_udp, 3U) << "A, AAAA, and A with DO";
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, www));
    EXPECT_EQ(bench.only(1), www_text);
    EXPECT_EQ(bench.only(2), www_text);
    EXPECT_EQ(bench.only(3), "nothing");
    EXPECT_EQ(bench.only(4), "nothing");
}

TEST(Forwarder, EveryQueryHasItsOwnSocketIdAndCase) {
    Bench bench(Bench::two_servers());
    std::set<std::uint64_t> sockets;
    std::set<std::vector<std::uint8_t>> heads;
    for (int i = 0; i < 50; ++i) {
        bench.ask("a-name-with-many-letters.example", static_cast<RrType>(300 + i),
                  static_cast<Token>(i));
        const Sent* const query = bench.take_sent();
        sockets.insert(query->socket);
        heads.insert({query->message.begin(), query->message.begin() + 45});
    }
    EXPECT_EQ(sockets.size(), 50U);
    EXPECT_EQ(heads.size(), 50U);
}

// Packets that must neither be believed nor end the question. Each is followed by the true answer.
struct Forgery {
    const char* why;
    ReplyShape shape;
};
const Forgery forgeries[] = {
    {"another id", {.id_change = 1}},
    {"another question", {.other_question = "evil.example."}},
    {"the case was not ours", {.lower_cased = true}},
    {"not a response", {.is_query = true}},
    {"no question", {.without_question = true}},
    {"an error without a question", {.rcode = dns::Rcode::FORMERR, .without_question = true}},
};

TEST(Forwarder, ForgedRepliesMoveTheQuestionToTcpAndHarmNoServer) {
    for (const Forgery& row : forgeries) {
        SCOPED_TRACE(row.why);
        Bench bench(Bench::two_servers());
        bench.ask("a-long-name.example");
        const Sent query = *bench.take_sent();
        const std::vector<Row> evil{{"a-long-name.example.", 300, RrType::A, "203.0.113.66"}};
        bench.reply_udp(query, make_reply(query.message, evil, row.shape));
        EXPECT_EQ(bench.only(), "nothing");
        EXPECT_EQ(bench.forwarder.stats().near_misses, 1U);
        const Sent* const open = bench.take_sent();
        ASSERT_NE(open, nullptr);
        EXPECT_EQ(open->kind, Kind::open_tcp);
        EXPECT_EQ(open->to, query.to);
        EXPECT_EQ(bench.forwarder.servers(bench.now)[0].timeouts, 0);
        bench.reply_udp(query, make_reply(query.message, evil));  // right at last, but too late
        EXPECT_EQ(bench.only(), "nothing");
        bench.connected(open->socket);
        const Sent again = *bench.take_sent();
        EXPECT_EQ(again.kind, Kind::send_tcp);
        bench.reply_tcp(
            again.socket,
            make_reply(again.message, {{"a-long-name.example.", 9, RrType::A, "192.0.2.7"}}));
        EXPECT_EQ(bench.only(), "NOERROR | a-long-name.example. 9 A 192.0.2.7");
    }
}

TEST(Forwarder, IgnoresPacketsFromElsewhere) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    const auto reply = make_reply(query.message, www);
    bench.forwarder.on_udp_reply(bench.now, query.socket, Bench::server(9), reply);
    bench.forwarder.on_udp_reply(bench.now, query.socket, {Bench::server(1).address, 54, 0}, reply);
    bench.forwarder.on_udp_reply(bench.now, query.socket + (1 << 24), query.to, reply);
    bench.forwarder.on_udp_reply(bench.now, 0, query.to, reply);
    bench.drain();
    EXPECT_EQ(bench.only(), "nothing");
    EXPECT_EQ(bench.forwarder.stats().wrong_source, 2U);
    EXPECT_EQ(bench.forwarder.stats().late, 2U);
    EXPECT_EQ(bench.take_sent(), nullptr);
}

TEST(Forwarder, ServerWithoutTcpIsAskedByUdpAgainAfterANearMiss) {
    Bench bench(Bench::one_server());
    bench.ask("a-long-name.example");
    const Sent first = *bench.take_sent();
    bench.reply_udp(first, make_reply(first.message, {}, {.lower_cased = true}));
    const Sent open = *bench.take_sent();
    ASSERT_EQ(open.kind, Kind::open_tcp);
    bench.closed(open.socket);
    const Sent second = *bench.take_sent();
    ASSERT_EQ(second.kind, Kind::send_udp);
    EXPECT_NE(second.socket, first.socket);
    bench.reply_udp(second, make_reply(second.message, {}, {.lower_cased = true}));
    EXPECT_EQ(bench.only(), "nothing") << "one changed case may be a forger who guessed the id";
    const Sent again = *bench.take_sent();
    ASSERT_EQ(again.kind, Kind::send_udp);
    const std::vector<Row> rows{{"a-long-name.example.", 5, RrType::A, "192.0.2.7"}};
    bench.reply_udp(again, make_reply(again.message, rows, {.lower_cased = true}));
    EXPECT_EQ(bench.only(), "NOERROR | a-long-name.example. 5 A 192.0.2.7");
    bench.ask("another-long-name.example", RrType::A, 2);
    const auto asked = dns::read_query(bench.take_sent()->message);
    EXPECT_EQ(dns::Name(dns::NameView::unchecked(asked->qname)).to_text(),
              "another-long-name.example.")
        << "remembered: this server changes the case";
}

TEST(Forwarder, AsksTheNextServerWhenOneIsSilentOrFails) {
    struct Failure {
        const char* why;
        std::optional<dns::Rcode> rcode;  // nullopt: silence
    };
    const Failure failures[] = {{"silence", std::nullopt},
                                {"SERVFAIL", dns::Rcode::SERVFAIL},
                                {"REFUSED", dns::Rcode::REFUSED}};
    for (const Failure& row : failures) {
        SCOPED_TRACE(row.why);
        Bench bench(Bench::two_servers());
        bench.ask("www.example");
        const Sent first = *bench.take_sent();
        if (row.rcode) {
            bench.reply_udp(first, make_reply(first.message, {}, {.rcode = *row.rcode}));
        } else {
            bench.advance(1s);
        }
        const Sent* const second = bench.take_sent();
        ASSERT_NE(second, nullptr);
        EXPECT_NE(second->to, first.to);
        bench.reply_udp(*second, make_reply(second->message, www));
        EXPECT_EQ(bench.only(), www_text);
    }
}

TEST(Forwarder, LateReplyOfASlowServerStillCounts) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    const Sent first = *bench.take_sent();
    bench.advance(2s);  // the second server was asked meanwhile
    bench.reply_udp(first, make_reply(first.message, www));
    EXPECT_EQ(bench.only(), www_text);
}

TEST(Forwarder, SilenceEndsInServfailWithinTheTotalTime) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    bench.advance(4499ms);
    EXPECT_EQ(bench.only(), "nothing");
    bench.advance(1ms);
    EXPECT_EQ(bench.only(), "SERVFAIL");
    EXPECT_EQ(bench.got[1][0].ede, dns::EdeCode::no_reachable_authority);
    EXPECT_LE(bench.forwarder.stats().sent_udp, attempts_max);
    EXPECT_EQ(bench.ask("www.example", RrType::A, 2).state, State::failed)
        << "RFC 9520: remembered";
    bench.advance(5s);
    EXPECT_EQ(bench.ask("www.example", RrType::A, 3).state, State::parked);
    EXPECT_EQ(bench.forwarder.questions(), 1U);
}

TEST(Forwarder, AllServersFailingFailsAtOnce) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    for (int i = 0; i < 2; ++i) {
        const Sent query = *bench.take_sent();
        // EDE 6, DNSSEC Bogus: what the upstream says about its failure reaches the client.
        bench.reply_udp(
            query, make_reply(query.message, {},
                              {.rcode = dns::Rcode::SERVFAIL, .options = {0, 15, 0, 2, 0, 6}}));
    }
    EXPECT_EQ(bench.only(), "SERVFAIL");
    EXPECT_EQ(bench.got[1][0].ede, dns::EdeCode::dnssec_bogus);
    EXPECT_EQ(bench.ask("www.example").ede, dns::EdeCode::dnssec_bogus);
}

TEST(Forwarder, DeadServerIsLeftAloneAndTriedAgain) {
    Bench bench(Bench::two_servers());
    int first_choice = 0;
    for (Token token = 1; token <= 40; ++token) {
        while (bench.take_sent() != nullptr) {
        }  // retries of the question before
        bench.ask("n" + std::to_string(token) + ".example", RrType::A, token);
        bool to_first = true;
        while (const Sent* query = bench.take_sent()) {
            if (query->to == Bench::server(2)) {
                const Sent copy = *query;
                bench.reply_udp(copy, make_reply(copy.message, {soa}, {}));
                break;
            }
            if (token > 3 && to_first) ++first_choice;
            to_first = false;
            bench.advance(1s);
        }
        EXPECT_NE(bench.only(token), "nothing");
        bench.advance(2s);
    }
    // 3 misses, then 1, 2, 4 ... s of rest: far fewer than one try per question.
    EXPECT_LE(first_choice, 8);
    EXPECT_GE(first_choice, 1) << "it must be tried again";
}

TEST(Forwarder, TruncatedReplyIsAskedAgainOverTcp) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, {}, {.truncated = true}));
    const Sent open = *bench.take_sent();
    ASSERT_EQ(open.kind, Kind::open_tcp);
    EXPECT_EQ(open.to, query.to);
    bench.connected(open.socket);
    const Sent tcp = *bench.take_sent();
    bench.reply_tcp(tcp.socket, make_reply(tcp.message, www));
    EXPECT_EQ(bench.only(), www_text);
    EXPECT_EQ(bench.forwarder.connections(), 1U) << "kept for the next question";
    bench.ask("next.example", RrType::A, 2);
    const Sent next = *bench.take_sent();
    bench.reply_udp(next, make_reply(next.message, {}, {.truncated = true}));
    const Sent reused = *bench.take_sent();
    EXPECT_EQ(reused.kind, Kind::send_tcp);
    EXPECT_EQ(reused.socket, open.socket);
    bench.reply_tcp(reused.socket, make_reply(reused.message, {soa}));
    bench.advance(10s);
    EXPECT_EQ(bench.forwarder.connections(), 0U) << "idle connections are closed";
    EXPECT_FALSE(bench.forwarder.next_timer().has_value());
}

TEST(Forwarder, ConnectionThatClosesGivesItsQuestionsToAnother) {
    Bench bench(Bench::two_servers());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, {}, {.truncated = true}));
    const Sent open = *bench.take_sent();
    bench.closed(open.socket);
    const Sent other = *bench.take_sent();
    EXPECT_EQ(other.kind, Kind::send_udp);
    bench.reply_udp(other, make_reply(other.message, www));
    EXPECT_EQ(bench.only(), www_text);
}

TEST(Forwarder, ServerThatDislikesEdnsIsAskedWithoutAndThatIsRemembered) {
    Bench bench(Bench::one_server());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, {}, {.rcode = dns::Rcode::FORMERR}));
    const Sent plain = *bench.take_sent();
    EXPECT_EQ(plain.to, query.to);
    EXPECT_FALSE(dns::read_query(plain.message)->edns.has_value());
    bench.reply_udp(plain, make_reply(plain.message, www));
    EXPECT_EQ(bench.only(), www_text);
    bench.ask("next.example", RrType::A, 2);
    EXPECT_FALSE(dns::read_query(bench.take_sent()->message)->edns.has_value());
}

TEST(Forwarder, MalformedReplyIsAskedAgainOverTcp) {
    Bench bench(Bench::one_server());
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, www, {.cut_bytes = 1}));
    EXPECT_EQ(bench.only(), "nothing");
    EXPECT_EQ(bench.take_sent()->kind, Kind::open_tcp);
    EXPECT_EQ(bench.forwarder.stats().malformed, 1U);
}

TEST(Forwarder, NegativeAnswersAreKeptForTheSoaMinimumOrNotAtAll) {
    struct Negative {
        const char* why;
        dns::Rcode rcode;
        std::vector<Row> rows;
        std::string text;
        bool is_cached;
    };
    const Row deep_soa{"other.test.", 3600, RrType::SOA, "a. b. 1 2 3 4 60",
                       dns::Section::authority};
    const std::string with_soa = " | example. 60 SOA ns.example. admin.example. 1 2 3 4 60";
    const Negative rows[] = {
        {"NXDOMAIN with SOA", dns::Rcode::NXDOMAIN, {soa}, "NXDOMAIN" + with_soa, true},
        {"NODATA with SOA", dns::Rcode::NOERROR, {soa}, "NOERROR" + with_soa, true},
        {"RFC 2308 §5: without SOA", dns::Rcode::NXDOMAIN, {}, "NXDOMAIN", false},
        {"an SOA that is not above the name", dns::Rcode::NXDOMAIN, {deep_soa}, "NXDOMAIN", false},
    };
    for (const Negative& row : rows) {
        SCOPED_TRACE(row.why);
        Bench bench(Bench::one_server());
        bench.ask("www.example");
        const Sent query = *bench.take_sent();
        bench.reply_udp(query, make_reply(query.message, row.rows, {.rcode = row.rcode}));
        EXPECT_EQ(bench.only(), row.text);
        EXPECT_EQ(bench.ask("www.example", RrType::A, 2).state,
                  row.is_cached ? State::hit : State::parked);
    }
}

/// A cached www.example whose TTL has just ended.
void fill_and_expire(Bench& bench) {
    bench.ask("www.example", RrType::A, 100);
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, www));
    bench.advance(301s);
}

TEST(Forwarder, StaleAnswerWhenUpstreamTakesTooLong) {
    Bench bench(Bench::two_servers());
    fill_and_expire(bench);
    EXPECT_EQ(bench.ask("www.example").state, State::parked);
    bench.advance(1799ms);
    EXPECT_EQ(bench.only(), "nothing");
    bench.advance(1ms);
    EXPECT_EQ(bench.only(), "NOERROR | www.example. 30 A 192.0.2.80");
    EXPECT_EQ(bench.got[1][0].freshness, cache::Freshness::stale);
    EXPECT_EQ(bench.got[1][0].ede, dns::EdeCode::stale_answer);
    EXPECT_EQ(bench.ask("www.example", RrType::A, 2).state, State::hit)
        << "the next does not wait again";
    EXPECT_EQ(bench.forwarder.questions(), 1U) << "upstream is still asked";
    while (const Sent* query = bench.take_sent()) {
        const Sent copy = *query;
        bench.reply_udp(copy,
                        make_reply(copy.message, {{"www.example.", 50, RrType::A, "192.0.2.81"}}));
    }
    bench.ask("www.example", RrType::A, 3);
    EXPECT_EQ(bench.last_hit, "NOERROR | www.example. 50 A 192.0.2.81");
}

TEST(Forwarder, StaleAnswerWhenUpstreamFailsAndNoRetryForHalfAMinute) {
    Bench bench(Bench::one_server());
    fill_and_expire(bench);
    bench.ask("www.example");
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, {}, {.rcode = dns::Rcode::SERVFAIL}));
    EXPECT_EQ(bench.only(), "NOERROR | www.example. 30 A 192.0.2.80");
    bench.advance(29s);
    EXPECT_EQ(bench.ask("www.example", RrType::A, 2).state, State::hit);
    EXPECT_EQ(bench.take_sent(), nullptr);
    bench.advance(2s);
    EXPECT_EQ(bench.ask("www.example", RrType::A, 3).state, State::parked);
}

TEST(Forwarder, NothingStaleWhenTurnedOff) {
    ForwardConfig config = Bench::one_server();
    config.stale_served = false;
    Bench bench(config);
    fill_and_expire(bench);
    bench.ask("www.example");
    bench.advance(4500ms);
    EXPECT_EQ(bench.only(), "SERVFAIL");
}

TEST(Forwarder, PopularAnswersAreFetchedBeforeTheyEnd) {
    Bench bench(Bench::one_server());
    bench.ask("www.example", RrType::A, 100);
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, www));
    bench.advance(275s);
    for (Token token = 1; token <= 3; ++token)
        EXPECT_EQ(bench.ask("www.example", RrType::A, token).state, State::hit);
    const Sent* const again = bench.take_sent();
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(bench.take_sent(), nullptr) << "once";
    const Sent copy = *again;
    bench.reply_udp(copy, make_reply(copy.message, www));
    bench.ask("www.example", RrType::A, 4);
    EXPECT_EQ(bench.last_hit, www_text);
}

TEST(Forwarder, RefusesWhatMustNotLeave) {
    ForwardConfig config = Bench::two_servers();
    config.routes.push_back({name("corp.example"), {Bench::server(3)}});
    config.routes.push_back({name("secret.corp.example"), {}});
    config.routes.push_back({name("10.in-addr.arpa"), {Bench::server(4)}});
    config.routes.push_back({name("loop.example"), {{IpAddress::v4(127, 0, 0, 1), 53, 0}}});
    config.own_endpoints.push_back({IpAddress::v4(0, 0, 0, 0), 53, 0});
    struct Where {
        const char* name;
        std::uint8_t server;  // 0: refused
        RrType type = RrType::A;
    };
    const Where rows[] = {
        {"www.example", 1},
        {"a.corp.example", 3},
        {"CORP.example", 3},
        {"xcorp.example", 1},
        {"secret.corp.example", 0},
        {"a.secret.corp.example", 0},
        {"printer.local", 0},
        {"localhost", 0},
        {"x.onion", 0},
        {"nas.home.arpa", 0},
        {"1.1.168.192.in-addr.arpa", 0},
        {"1.16.172.in-addr.arpa", 0},
        {"1.32.172.in-addr.arpa", 1},
        {"1.0.0.10.in-addr.arpa", 4},
        {"8.8.8.8.in-addr.arpa", 1},
        {"x.loop.example", 0},
        {"www.example", 0, RrType::AXFR},
        {"www.example", 0, RrType::OPT},
        {"www.example", 1, RrType::ANY},
    };
    for (const Where& row : rows) {
        SCOPED_TRACE(row.name);
        Bench bench(config);
        EXPECT_EQ(bench.ask(row.name, row.type).state,
                  row.server == 0 ? State::refused : State::parked);
        const Sent* const query = bench.take_sent();
        if (row.server == 0) {
            EXPECT_EQ(query, nullptr);
        } else {
            ASSERT_NE(query, nullptr);
            EXPECT_EQ(query->to, Bench::server(row.server));
        }
    }
}

TEST(Forwarder, FindsItsOwnQuestionComingBack) {
    Bench bench(Bench::one_server());
    bench.ask("a-name-with-many-letters.example");
    const auto query = dns::read_query(bench.sent.back().message);
    const dns::Name came = dns::NameView::unchecked(query->qname);
    const dns::LookupName lookup(came);
    const AskResult result =
        bench.forwarder.ask(bench.now, {lookup, RrType::A, dns::RrClass::IN, {}, 2, 2, came});
    EXPECT_EQ(result.state, State::failed);
    EXPECT_EQ(bench.forwarder.stats().loops, 1U);
}

TEST(Forwarder, TablesAreBoundedAndTheOldestGoesFirst) {
    ForwardConfig config = Bench::one_server();
    config.questions_max = 10;
    config.waiters_max = 15;
    config.waiters_per_client_max = 12;
    Bench bench(config);
    for (Token token = 1; token <= 10; ++token)
        bench.ask("n" + std::to_string(token) + ".example", RrType::A, token, token);
    EXPECT_EQ(bench.ask("n11.example", RrType::A, 11, 11).state, State::failed)
        << "full, and none is old";
    bench.advance(600ms);
    EXPECT_EQ(bench.ask("n12.example", RrType::A, 12, 12).state, State::parked);
    EXPECT_EQ(bench.only(1), "SERVFAIL") << "the oldest made room";
    EXPECT_EQ(bench.forwarder.questions(), 10U);
    for (Token token = 20; token < 30; ++token) bench.ask("n2.example", RrType::A, token, 99);
    EXPECT_EQ(bench.forwarder.waiters(), 15U);
    EXPECT_EQ(bench.forwarder.stats().full_refused, 6U);
    bench.advance(10s);
    EXPECT_EQ(bench.forwarder.waiters(), 0U);
    EXPECT_EQ(bench.forwarder.questions(), 0U);
    EXPECT_EQ(bench.got.size(), 16U) << "all that were parked got an answer";
}

TEST(Forwarder, OneClientCannotTakeAllPlaces) {
    ForwardConfig config = Bench::one_server();
    config.waiters_per_client_max = 3;
    Bench bench(config);
    for (Token token = 1; token <= 5; ++token)
        bench.ask("n" + std::to_string(token) + ".example", RrType::A, token, 7);
    EXPECT_EQ(bench.forwarder.waiters(), 3U);
    EXPECT_EQ(bench.forwarder.stats().client_limited, 2U);
    EXPECT_EQ(bench.ask("other.example", RrType::A, 9, 8).state, State::parked);
}

TEST(Forwarder, CancelledClientsGetNothing) {
    Bench bench(Bench::one_server());
    bench.ask("www.example", RrType::A, 1);
    bench.ask("www.example", RrType::A, 2);
    bench.forwarder.cancel(1);
    bench.forwarder.cancel(77);
    const Sent query = *bench.take_sent();
    bench.reply_udp(query, make_reply(query.message, www));
    EXPECT_EQ(bench.only(1), "nothing");
    EXPECT_EQ(bench.only(2), www_text);
    EXPECT_EQ(bench.forwarder.waiters(), 0U);
}

TEST(Forwarder, ReloadKeepsWaitingClientsButNotWhatTheOldServersSay) {
    Bench bench(Bench::one_server());
    bench.ask("www.example", RrType::A, 1);
    const Sent old = *bench.take_sent();
    ForwardConfig config;
    config.routes.push_back({dns::Name(), {Bench::server(5)}});
    bench.forwarder.reconfigure(config);
    bench.ask("www.example", RrType::A, 2);
    const Sent fresh = *bench.take_sent();
    EXPECT_EQ(fresh.to, Bench::server(5)) << "does not join the old question";
    bench.reply_udp(old, make_reply(old.message, www));
    EXPECT_EQ(bench.only(1), www_text);
    EXPECT_EQ(bench.cache.size(), 0U);
    bench.reply_udp(fresh,
                    make_reply(fresh.message, {{"www.example.", 7, RrType::A, "192.0.2.5"}}));
    EXPECT_EQ(bench.only(2), "NOERROR | www.example. 7 A 192.0.2.5");
}

/// A whole exchange with a truncated reply and TCP, in which the step number `broken` fails. Returns
/// false when there was no such step. Whatever fails, the client gets exactly one completion in time.
bool run_with_broken_step(int broken) {
    Bench bench(Bench::two_servers(), {}, static_cast<std::uint64_t>(broken) + 1);
    bench.ask("www.example");
    int step = 0;
    for (int i = 0; i < 60 && bench.forwarder.waiters() > 0; ++i) {
        const Sent* const next = bench.take_sent();
        if (next == nullptr) {
            bench.advance(500ms);
            continue;
        }
        const Sent out = *next;
        if (step++ == broken) {
            bench.forwarder.on_send_failed(bench.now, out.socket);
            bench.drain();
        } else if (out.kind == Kind::send_udp) {
            bench.reply_udp(out, make_reply(out.message, {}, {.truncated = true}));
        } else if (out.kind == Kind::open_tcp) {
            bench.connected(out.socket);
        } else if (out.kind == Kind::send_tcp) {
            bench.reply_tcp(out.socket, make_reply(out.message, www));
        }
    }
    EXPECT_EQ(bench.only(), www_text) << "step " << broken;
    bench.advance(20s);
    EXPECT_EQ(bench.forwarder.questions(), 0U);
    EXPECT_EQ(bench.forwarder.connections(), 0U);
    return step > broken;
}

TEST(Forwarder, AnyOneStepMayFail) {
    int broken = 0;
    while (run_with_broken_step(broken)) ++broken;
    EXPECT_EQ(broken, 3) << "send, connect, send: the exchange has three steps";
}

}  // namespace
}  // namespace kith::resolve::test
