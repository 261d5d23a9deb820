// RFC 6762: names and the asking side, requirement by requirement (docs/requirements/rfc6762.txt).

#include "discovery/mdns/names.hpp"
#include "discovery/mdns/test_bench.hpp"

#include <set>

#include <gtest/gtest.h>

namespace kith::discovery::mdns::test {
namespace {

using dns::RrType;

constexpr const char* type_a = "_http._tcp.local.";

/// Times of the queries that ask `question`, in milliseconds since the start.
std::vector<std::int64_t> asked_at(const std::vector<Sent>& sent, std::string_view question) {
    std::vector<std::int64_t> out;
    for (const Sent& packet : sent) {
        if (!packet.is_response() && packet.mentions(question))
            out.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(packet.at).count());
    }
    return out;
}

// ---------------------------------------------------------------- names

TEST(Rfc6762Names, LocalNamesGoToTheGroupsAndOthersNowhere) {
    SCOPED_TRACE("6762-01");
    SCOPED_TRACE("6762-02");
    SCOPED_TRACE("6762-04");
    struct Row {
        const char* name;
        bool is_multicast;
        const char* why;
    };
    constexpr Row rows[] = {
        {"printer.local.", true, "under local"},
        {"a.b.LOCAL.", true, "in any case"},
        {"local.", true, "the domain itself"},
        {"printer.example.", false, "local is not added to a name of two labels"},
        {"printer.", false, "nor to one"},
        {"notlocal.", false, "whole labels count"},
        {"4.3.254.169.in-addr.arpa.", true, "IPv4 link-local"},
        {"4.3.2.192.in-addr.arpa.", false, "an address routed to DNS"},
        {"1.0.8.e.f.ip6.arpa.", true, "fe80::/12"},
        {"1.0.9.e.f.ip6.arpa.", true, "fe90::/12"},
        {"1.0.a.e.f.ip6.arpa.", true, "fea0::/12"},
        {"1.0.b.e.f.ip6.arpa.", true, "feb0::/12"},
        {"1.0.c.e.f.ip6.arpa.", false, "fec0::/12 is not link-local"},
    };
    for (const Row& row : rows) {
        Bench bench({.addresses = {"192.0.2.10/24", "fe80::10/64"}});
        const QueryId id = bench.ask(row.name, RrType::A);
        bench.run(500ms);
        EXPECT_EQ(id != 0, row.is_multicast) << row.name << ": " << row.why;
        ASSERT_EQ(bench.sent.size(), row.is_multicast ? 2U : 0U) << row.name;
        if (!row.is_multicast) continue;
        EXPECT_EQ(bench.sent[0].to.to_text(), "224.0.0.251:5353");
        EXPECT_EQ(bench.sent[1].to.to_text(), "[ff02::fb]:5353");
        EXPECT_EQ(bench.sent[0].lines, (Lines{"q " + name(row.name).to_text() + " A QU"}));
    }
}

TEST(Rfc6762Names, OtherDomainsOnlyWhenConfigured) {
    SCOPED_TRACE("6762-03");
    Bench plain;
    EXPECT_EQ(plain.ask("printer.home.arpa.", RrType::A), 0U);
    EngineConfig config;
    config.extra_domains = {name("home.arpa.")};
    Bench configured({.config = config});
    EXPECT_NE(configured.ask("printer.home.arpa.", RrType::A), 0U);
    configured.run(500ms);
    EXPECT_EQ(configured.sent.size(), 1U);
}

TEST(Rfc6762Names, AreBytesOfUtf8) {
    SCOPED_TRACE("6762-05");
    // É as one character, a byte order mark as data, and no Punycode anywhere.
    const std::string label = "\xEF\xBB\xBF\xC3\x89tage 2";
    dns::NameBuilder builder;
    ASSERT_TRUE(builder.append(as_bytes(label)) && builder.append(name("local.").view()));
    const dns::Name host = builder.finish();
    Bench bench;
    QueryRequest request;
    request.name = host;
    request.type = RrType::A;
    bench.engine.start_query(bench.now, request);
    bench.run(500ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    const std::string_view wire = as_text(bench.sent[0].bytes);
    EXPECT_NE(wire.find(label), std::string_view::npos);
    EXPECT_EQ(wire.find("xn--"), std::string_view::npos);
}

TEST(Rfc6762Names, CompareWithoutCaseInAsciiOnly) {
    SCOPED_TRACE("6762-06");
    SCOPED_TRACE("6762-07");
    Bench bench;
    bench.establish({"MyPrinter.local. 120! A 192.0.2.10", "MyPrinter.local. 120! TXT \"x\""});
    bench.hear(query({"q myprinter.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_TRUE(bench.sent[0].has("an MyPrinter.local. 120! A 192.0.2.10"));
    Bench accents;
    accents.establish({"\\195\\137.local. 120! A 192.0.2.10"});  // É
    accents.hear(query({"q \\195\\169.local. A"}));              // é
    accents.run(1s);
    EXPECT_TRUE(accents.sent.empty());
    accents.hear(query({"q \\195\\137.LOCAL. A"}));
    EXPECT_EQ(accents.sent.size(), 1U);
}

TEST(Rfc6762Names, OfOneByteMoreThanInDnsDoNotSpoilAPacket) {
    SCOPED_TRACE("6762-08");
    // Labels of 63, 63, 63 and 62 bytes and the root: 256 bytes. Nothing here can have that name, so
    // the record is passed over; the record after it is used.
    Message bytes = response({"an web.local. 120 A 192.0.2.1"});
    Message long_record;
    for (const int size : {63, 63, 63, 62}) {
        long_record.push_back(static_cast<std::uint8_t>(size));
        long_record.insert(long_record.end(), static_cast<std::size_t>(size), 'x');
    }
    const std::uint8_t rest[] = {0, 0, 1, 0, 1, 0, 0, 0, 120, 0, 4, 192, 0, 2, 9};
    long_record.insert(long_record.end(), std::begin(rest), std::end(rest));
    ASSERT_EQ(long_record.size(), 256U + 14U);
    bytes.insert(bytes.begin() + 12, long_record.begin(), long_record.end());
    bytes[7] = 2;
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.hear(bytes);
    EXPECT_EQ(bench.told(), (Lines{"+ web.local. A 192.0.2.1"}));
    EXPECT_EQ(bench.engine.stats().malformed, 0U);
}

// ---------------------------------------------------------------- sending questions

TEST(Rfc6762Queries, OneShotQueriesHaveAPortOfTheirOwn) {
    SCOPED_TRACE("6762-10");
    Bench bench;
    const QueryId id = bench.ask("web.local.", RrType::A, QueryMode::one_shot);
    bench.run(100ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].socket, SocketKind::one_shot);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q web.local. A"}));
    PacketInfo info = bench.from(Bench::peer);
    info.destination = Destination::unicast;
    info.socket = SocketKind::one_shot;
    const std::uint16_t message_id = bench.sent[0].header().id;
    bench.receive(info, message({dns::Header::qr, static_cast<std::uint16_t>(message_id + 1)},
                                {"an web.local. 10 A 192.0.2.7"}));
    EXPECT_TRUE(bench.events.empty()) << "another id is another answer";
    for (int i = 0; i < 2; ++i) {
        bench.receive(info, message({dns::Header::qr, message_id},
                                    {"q web.local. A", "an web.local. 10 A 192.0.2.1"}));
    }
    EXPECT_EQ(bench.told(), (Lines{"+ web.local. A 192.0.2.1"})) << "told once";
    EXPECT_EQ(bench.engine.cached_records(1), 0U);
    bench.run(5s);
    EXPECT_EQ(bench.events.back().kind, QueryEvent::Kind::finished);
    EXPECT_EQ(bench.events.back().query, id);
    EXPECT_EQ(bench.sent.size(), 1U) << "answered: not asked again";
}

TEST(Rfc6762Queries, ContinuousQueriesComeFromPort5353) {
    SCOPED_TRACE("6762-11");
    SCOPED_TRACE("6762-118");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.run(10s);
    ASSERT_GE(bench.sent.size(), 3U);
    for (const Sent& packet : bench.sent) {
        EXPECT_EQ(packet.socket, SocketKind::mdns);
        EXPECT_TRUE(packet.is_group());
        EXPECT_EQ(packet.header().id, 0);
        EXPECT_EQ(packet.header().flags, 0);
    }
}

TEST(Rfc6762Queries, BackOffFromASecondToAnHour) {
    SCOPED_TRACE("6762-12");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.run(10h);
    const std::vector<std::int64_t> times = asked_at(bench.sent, "PTR");
    ASSERT_GT(times.size(), 14U);
    std::int64_t before = 0;
    for (std::size_t i = 1; i < times.size(); ++i) {
        const std::int64_t gap = times[i] - times[i - 1];
        EXPECT_GE(gap, 1000);
        if (gap < 3'600'000) {
            EXPECT_GE(gap, 2 * before);
        }
        EXPECT_LE(gap, 3'600'000);
        before = gap;
    }
    EXPECT_EQ(times.back() - times[times.size() - 2], 3'600'000) << "not slower than once an hour";
}

TEST(Rfc6762Queries, TheFirstWaitsARandomMoment) {
    SCOPED_TRACE("6762-13");
    std::set<std::int64_t> seen;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Bench bench({.seed = seed});
        bench.ask(type_a, RrType::PTR);
        bench.run(500ms);
        const auto times = asked_at(bench.sent, "PTR");
        ASSERT_EQ(times.size(), 1U);
        EXPECT_GE(times[0], 20);
        EXPECT_LE(times[0], 120);
        seen.insert(times[0]);
    }
    EXPECT_GT(seen.size(), 20U);
}

TEST(Rfc6762Queries, ListWhatIsKnownWithMoreThanHalfItsLife) {
    SCOPED_TRACE("6762-14");
    SCOPED_TRACE("6762-22");
    SCOPED_TRACE("6762-23");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.run(200ms);
    bench.hear(response({"an _http._tcp.local. 4500 PTR long._http._tcp.local.",
                         "an _http._tcp.local. 20 PTR short._http._tcp.local."}));
    bench.run(1s);
    EXPECT_EQ(
        bench.sent.back().lines,
        (Lines{"q _http._tcp.local. PTR", "an _http._tcp.local. 20 PTR short._http._tcp.local.",
               "an _http._tcp.local. 4500 PTR long._http._tcp.local."}));
    Bench own;
    own.establish({"_http._tcp.local. 4500 PTR ours._http._tcp.local."});
    own.ask(type_a, RrType::PTR);
    own.run(200ms);
    EXPECT_EQ(own.sent.back().lines,
              (Lines{"q _http._tcp.local. PTR QU",
                     "an _http._tcp.local. 4500 PTR ours._http._tcp.local."}))
        << "ours too: we do not answer ourselves";
    Bench unique;
    unique.ask("web.local.", RrType::ANY);
    unique.run(200ms);
    unique.hear(response({"an web.local. 120! A 192.0.2.1"}));
    unique.run(1s);
    EXPECT_EQ(unique.sent.back().lines,
              (Lines{"q web.local. ANY", "an web.local. 120 A 192.0.2.1"}))
        << "the cache-flush bit is never set in a question";
    bench.sent.clear();
    bench.run(14500ms);
    ASSERT_FALSE(bench.sent.empty());
    EXPECT_FALSE(bench.sent.back().mentions("short")) << "below half its life";
    EXPECT_TRUE(bench.sent.back().mentions("long"));
}

TEST(Rfc6762Queries, AreRepeatedBeforeAnAnswerEnds) {
    SCOPED_TRACE("6762-15");
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Bench bench({.seed = seed});
        bench.ask("web.local.", RrType::A);
        bench.run(1s);
        bench.hear(response({"an web.local. 1000! A 192.0.2.1"}));
        const Duration received = bench.now - bench.start;
        bench.run(100s);
        bench.sent.clear();
        bench.run(950s);
        ASSERT_GE(bench.sent.size(), 4U);
        for (int i = 0; i < 4; ++i) {
            const double share = std::chrono::duration<double>(
                                     bench.sent[static_cast<std::size_t>(i)].at - received) /
                                 1000s;
            EXPECT_GE(share, 0.80 + 0.05 * i);
            EXPECT_LE(share, 0.82 + 0.05 * i);
            EXPECT_EQ(bench.sent[static_cast<std::size_t>(i)].lines, (Lines{"q web.local. A"}));
        }
        EXPECT_EQ(bench.told().back(), "- web.local. A 192.0.2.1");
        EXPECT_EQ(bench.events.back().reason, QueryEvent::Reason::expired);
    }
}

TEST(Rfc6762Queries, AreNotRepeatedForRecordsNobodyWants) {
    SCOPED_TRACE("6762-16");
    Bench bench;
    const QueryId id = bench.ask("web.local.", RrType::A);
    bench.run(1s);
    bench.hear(response({"an web.local. 120! A 192.0.2.1", "an other.local. 120! A 192.0.2.2"}));
    bench.engine.stop_query(id);
    EXPECT_TRUE(bench.sent_in(200s).empty());
    EXPECT_EQ(bench.engine.cached_records(1), 0U);
}

TEST(Rfc6762Queries, RestOnceAUniqueAnswerIsThere) {
    SCOPED_TRACE("6762-17");
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.run(200ms);
    bench.hear(response({"an web.local. 120! A 192.0.2.1"}));
    EXPECT_TRUE(bench.sent_in(90s).empty());
    EXPECT_EQ(bench.sent_in(9s).size(), 1U) << "at 80 % of 120 s";
}

TEST(Rfc6762Queries, ShareAPacketAndMeanTheSame) {
    SCOPED_TRACE("6762-18");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.ask("web.local.", RrType::A);
    bench.run(500ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q _http._tcp.local. PTR QU", "q web.local. A QU"}));
    // The same on the answering side: each question gets its answer.
    Bench other;
    other.establish({"a.local. 120! A 192.0.2.10"});
    other.establish({"b.local. 120! A 192.0.2.10"});
    other.hear(query({"q a.local. A", "q b.local. A"}));
    other.run(1s);
    ASSERT_EQ(other.sent.size(), 1U);
    EXPECT_TRUE(other.sent[0].has("an a.local. 120! A 192.0.2.10"));
    EXPECT_TRUE(other.sent[0].has("an b.local. 120! A 192.0.2.10"));
}

TEST(Rfc6762Queries, WantUnicastAnswersOnlyWhenTheLinkIsNew) {
    SCOPED_TRACE("6762-19");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.run(2s);
    ASSERT_EQ(bench.sent.size(), 2U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q _http._tcp.local. PTR QU"}));
    EXPECT_EQ(bench.sent[1].lines, (Lines{"q _http._tcp.local. PTR"})) << "repeated";
    bench.ask("web.local.", RrType::A);
    bench.run(200ms);
    EXPECT_EQ(bench.sent[2].lines, (Lines{"q web.local. A"})) << "asked later";
    bench.run(10s);
    bench.sent.clear();
    bench.engine.on_wake(bench.now);
    bench.run(200ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q _http._tcp.local. PTR QU", "q web.local. A QU"}))
        << "woken";
}

TEST(Rfc6762Queries, WantNoUnicastAnswersThatAnotherProgramWouldGet) {
    SCOPED_TRACE("6762-20");
    EngineConfig config;
    config.unicast_replies = UnicastReplies::may_not_reach_us;
    Bench bench({.config = config});
    bench.ask(type_a, RrType::PTR);
    bench.add({"box.local. 120! A 192.0.2.10"});
    bench.run(5s);
    for (const Sent& packet : bench.sent) EXPECT_FALSE(packet.mentions("QU"));
}

TEST(Rfc6762Queries, UnicastAnswersAreBelievedOnlyWhenAskedFor) {
    SCOPED_TRACE("6762-21");
    struct Row {
        Duration after;
        Lines lines;
        bool is_believed;
        const char* why;
    };
    const Row rows[] = {
        {100ms,
         {"an _http._tcp.local. 4500 PTR a._http._tcp.local."},
         true,
         "asked by QU just now"},
        {1900ms, {"an _http._tcp.local. 4500 PTR a._http._tcp.local."}, true, "within two seconds"},
        {2100ms, {"an _http._tcp.local. 4500 PTR a._http._tcp.local."}, false, "too late"},
        {100ms, {"an other.local. 120! A 192.0.2.1"}, false, "not asked for"},
        {100ms, {"ar _http._tcp.local. 4500 PTR a._http._tcp.local."}, false, "not an answer"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.ask(type_a, RrType::PTR);
        bench.run(200ms);
        ASSERT_EQ(bench.sent.size(), 1U);
        bench.run(bench.start + bench.sent[0].at + row.after - bench.now);
        bench.hear_unicast(response(row.lines));
        EXPECT_EQ(bench.engine.cached_records(1), row.is_believed ? 1U : 0U) << row.why;
        EXPECT_EQ(bench.engine.stats().ignored_unasked, row.is_believed ? 0U : 1U) << row.why;
    }
}

TEST(Rfc6762Queries, KnownAnswersGoOnInFurtherPackets) {
    SCOPED_TRACE("6762-24");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.run(200ms);
    for (int i = 0; i < 100; ++i) {
        bench.hear(response({"an _http._tcp.local. 4500 PTR instance-with-a-long-name-" +
                             std::to_string(i) + "._http._tcp.local."}));
    }
    const std::vector<Sent> sent = bench.sent_in(1s);
    ASSERT_GE(sent.size(), 3U);
    std::size_t answers = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_EQ(sent[i].header().counts[0], i == 0 ? 1 : 0) << "the question stands in the first";
        EXPECT_EQ(sent[i].header().has(dns::Header::tc), i + 1 < sent.size())
            << "all but the last are truncated";
        EXPECT_EQ(sent[i].at, sent[0].at) << "at once";
        EXPECT_LE(sent[i].bytes.size(), 1452U);
        answers += sent[i].header().counts[1];
    }
    EXPECT_EQ(answers, 100U);
}

TEST(Rfc6762Queries, APeersQuestionCountsAsOurs) {
    SCOPED_TRACE("6762-25");
    struct Row {
        Lines peer;
        std::uint16_t flags;
        bool is_suppressed;
        const char* why;
    };
    const Row rows[] = {
        {{"q _http._tcp.local. PTR"}, 0, true, "the same question"},
        {{"q _http._tcp.local. PTR", "an _http._tcp.local. 4000 PTR known._http._tcp.local."},
         0,
         true,
         "it knows what we know"},
        {{"q _http._tcp.local. PTR", "an _http._tcp.local. 4000 PTR new._http._tcp.local."},
         0,
         false,
         "it knows more, and will not get what we miss"},
        {{"q _http._tcp.local. PTR QU"}, 0, false, "its answers do not reach us"},
        {{"q _http._tcp.local. PTR"},
         dns::Header::tc,
         false,
         "it may know more than it has said yet"},
        {{"q _ftp._tcp.local. PTR"}, 0, false, "another question"},
        {{"q _http._tcp.local. ANY"}, 0, false, "another type"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.ask(type_a, RrType::PTR);
        bench.run(200ms);
        bench.hear(response({"an _http._tcp.local. 4500 PTR known._http._tcp.local."}));
        bench.run(700ms);  // the second question is planned
        bench.sent.clear();
        bench.hear(message({row.flags, 0}, row.peer));
        EXPECT_EQ(bench.sent_in(500ms).empty(), row.is_suppressed) << row.why;
        EXPECT_EQ(bench.engine.stats().questions_suppressed, row.is_suppressed ? 1U : 0U)
            << row.why;
    }
}

TEST(Rfc6762Queries, WhatAPeerBelievesIsNotLearned) {
    SCOPED_TRACE("6762-26");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.hear(
        query({"q _http._tcp.local. PTR", "an _http._tcp.local. 4000 PTR old._http._tcp.local."}));
    EXPECT_EQ(bench.engine.cached_records(1), 0U);
    EXPECT_TRUE(bench.events.empty());
}

TEST(Rfc6762Queries, ProbesDoNotAskTheCache) {
    SCOPED_TRACE("6762-27");
    Bench bench;
    bench.hear(response({"an box.local. 120! A 192.0.2.66"}));
    ASSERT_EQ(bench.engine.cached_records(1), 1U);
    bench.add({"box.local. 120! A 192.0.2.10"});
    bench.run(5s);
    EXPECT_EQ(bench.registrations.back().kind, RegistrationEvent::Kind::established);
    EXPECT_EQ(bench.registrations.back().name, name("box.local."));
}

// ---------------------------------------------------------------- cache

TEST(Rfc6762Cache, KeepsAGoodbyeASecond) {
    SCOPED_TRACE("6762-102");
    Bench bench;
    bench.ask(type_a, RrType::PTR);
    bench.hear(response({"an _http._tcp.local. 4500 PTR a._http._tcp.local."}));
    bench.hear(response({"an _http._tcp.local. 0 PTR a._http._tcp.local."}));
    bench.run(990ms);
    EXPECT_EQ(bench.engine.cached_records(1), 1U);
    bench.run(20ms);
    EXPECT_EQ(bench.engine.cached_records(1), 0U);
    bench.hear(response({"an _http._tcp.local. 4500 PTR a._http._tcp.local."}));
    bench.hear(response({"an _http._tcp.local. 0 PTR a._http._tcp.local."}));
    bench.run(500ms);
    bench.hear(response({"an _http._tcp.local. 4500 PTR a._http._tcp.local."}));
    bench.run(5s);
    EXPECT_EQ(bench.engine.cached_records(1), 1U) << "rescued";
    bench.hear(response({"an _http._tcp.local. 0 PTR never-heard-of._http._tcp.local."}));
    EXPECT_EQ(bench.engine.cached_records(1), 1U);
}

TEST(Rfc6762Cache, FlushEndsOlderRecordsInASecond) {
    SCOPED_TRACE("6762-103");
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.ask("web.local.", RrType::AAAA);
    bench.hear(response({"an web.local. 120! A 192.0.2.1", "an web.local. 120! AAAA 2001:db8::1"}));
    bench.run(5s);
    bench.hear(response({"an web.local. 120! A 192.0.2.2"}));
    bench.run(500ms);
    bench.hear(response({"an web.local. 120! A 192.0.2.3"}));  // 192.0.2.2 is younger than a second
    EXPECT_EQ(bench.engine.cached_records(1), 4U) << "nothing goes at once";
    bench.run(5s);
    EXPECT_EQ(bench.told(), (Lines{"+ web.local. A 192.0.2.1", "+ web.local. AAAA 2001:db8::1",
                                   "+ web.local. A 192.0.2.2", "+ web.local. A 192.0.2.3",
                                   "- web.local. A 192.0.2.1"}))
        << "other types stay";
    EXPECT_EQ(bench.events.back().reason, QueryEvent::Reason::flushed);
}

TEST(Rfc6762Cache, KnowsTheFlushBitFromTheClass) {
    SCOPED_TRACE("6762-106");
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.hear(response({"an web.local. 120! A 192.0.2.1"}));
    ASSERT_EQ(bench.events.size(), 1U);
    EXPECT_EQ(bench.events[0].record.klass, dns::RrClass::IN);
    EXPECT_TRUE(bench.events[0].is_unique);
    // OPT's class is a size: 0x8001 bytes are no class IN with the bit.
    Message bytes = response({"an web.local. 120! A 192.0.2.2"});
    const std::uint8_t opt[] = {0, 0, 41, 0x80, 0x01, 0, 0, 0, 0, 0, 0};
    bytes.insert(bytes.end(), std::begin(opt), std::end(opt));
    bytes[11] = 1;
    bench.hear(bytes);
    EXPECT_EQ(bench.events.size(), 2U);
    EXPECT_EQ(bench.engine.stats().malformed, 0U);
}

TEST(Rfc6762Cache, IsEmptyWhenTheLinkGoesDown) {
    SCOPED_TRACE("6762-107");
    Bench bench({.addresses = {"192.0.2.10/24", "fe80::10/64"}});
    bench.up(2, {"198.51.100.10/24"});
    bench.ask("web.local.", RrType::A);
    bench.hear(response({"an web.local. 120! A 192.0.2.1"}));
    bench.receive(bench.from("198.51.100.20", port, 2),
                  response({"an web.local. 120! A 198.51.100.1"}));
    bench.down(1, IpFamily::v4);
    EXPECT_EQ(bench.engine.cached_records(1), 1U) << "one network as long as it has a link";
    bench.down(1, IpFamily::v6);
    EXPECT_EQ(bench.engine.cached_records(1), 0U);
    EXPECT_EQ(bench.engine.cached_records(2), 1U) << "of that interface";
    EXPECT_EQ(bench.events.back().reason, QueryEvent::Reason::link_down);
    bench.engine.on_wake(bench.now);
    bench.run(11s);
    EXPECT_EQ(bench.engine.cached_records(2), 0U)
        << "after sleep what was heard must be heard again";
}

TEST(Rfc6762Cache, AsksAgainForWhatDidNotWork) {
    SCOPED_TRACE("6762-108");
    for (const bool is_answered : {false, true}) {
        Bench bench;
        const QueryId id = bench.ask("web.local.", RrType::A, QueryMode::cached_only);
        bench.hear(response({"an web.local. 120! A 192.0.2.1"}));
        bench.engine.reconfirm(bench.now, 1, record("web.local. 120! A 192.0.2.1").record);
        bench.run(5s);
        EXPECT_GE(asked_at(bench.sent, "q web.local. A").size(), 2U);
        if (is_answered) bench.hear(response({"an web.local. 120! A 192.0.2.1"}));
        bench.run(6s);
        EXPECT_EQ(bench.engine.cached_records(1), is_answered ? 1U : 0U);
        if (!is_answered) {
            EXPECT_EQ(bench.events.back().reason, QueryEvent::Reason::unconfirmed);
        }
        bench.engine.stop_query(id);
    }
}

TEST(Rfc6762Cache, SeesThatOthersGetNoAnswer) {
    SCOPED_TRACE("6762-109");
    struct Row {
        int questions;
        bool is_listed, is_answered, is_gone;
        const char* asker;
        const char* why;
    };
    constexpr Row rows[] = {
        {2, false, false, true, "192.0.2.30", "two questions, no answer in ten seconds"},
        {1, false, false, false, "192.0.2.30", "one question may be lost"},
        {2, true, false, false, "192.0.2.30",
         "the peer knows it already, no answer is to be expected"},
        {2, false, true, false, "192.0.2.30", "answered"},
        {2, false, false, false, "192.0.2.20", "its owner asks who else has one"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.ask("_ipp._tcp.local.", RrType::PTR, QueryMode::cached_only);
        bench.hear(response({"an _ipp._tcp.local. 4500 PTR a._ipp._tcp.local."}));
        bench.run(60s);
        for (int i = 0; i < row.questions; ++i) {
            Lines lines{"q _ipp._tcp.local. PTR"};
            if (row.is_listed) lines.push_back("an _ipp._tcp.local. 4000 PTR a._ipp._tcp.local.");
            bench.receive(bench.from(row.asker), query(lines));
            bench.run(1s);
        }
        if (row.is_answered)
            bench.hear(response({"an _ipp._tcp.local. 4500 PTR a._ipp._tcp.local."}));
        bench.run(12s);
        EXPECT_EQ(bench.engine.cached_records(1), row.is_gone ? 0U : 1U) << row.why;
        EXPECT_TRUE(bench.sent.empty()) << "without questions of our own";
    }
}

TEST(Rfc6762Cache, LearnsFromResponsesWhateverTheirIdAndQuestion) {
    SCOPED_TRACE("6762-110");
    SCOPED_TRACE("6762-31");
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.hear(message({dns::Header::qr | dns::Header::aa, 4711},
                       {"q something.else.local. TXT", "an web.local. 120! A 192.0.2.1"}));
    EXPECT_EQ(bench.told(), (Lines{"+ web.local. A 192.0.2.1"}));
}

TEST(Rfc6762Cache, TakesDenialsAsTheyCome) {
    SCOPED_TRACE("6762-58");
    Bench bench;
    bench.ask("web.local.", RrType::AAAA);
    bench.hear(response(
        {"an web.local. 120! NSEC strange.next.name. A", "an web.local. 120! A 192.0.2.1"}));
    EXPECT_EQ(bench.told(), (Lines{"0 web.local. AAAA"}))
        << "the next name is no reason to reject it";
    // An NSEC that cannot be read: its bitmap claims more bytes than there are.
    Message bytes = response({"an web.local. 120! A 192.0.2.2"});
    const std::uint8_t nsec[] = {0xc0, 12, 0, 47,   0x80, 1, 0, 0,   0,
                                 120,  0,  5, 0xc0, 12,   0, 9, 0x40};
    bytes.insert(bytes.end(), std::begin(nsec), std::end(nsec));
    bytes[7] = 2;
    bench.hear(bytes);
    EXPECT_EQ(bench.engine.cached_records(1), 3U) << "the rest of the message is used";
}

// ---------------------------------------------------------------- bounds

TEST(MdnsBounds, ACacheThatIsFullTakesFromWhoHasMost) {
    EngineConfig config;
    config.cache_records = 100;
    Bench bench({.config = config});
    bench.receive(bench.from("192.0.2.30"), response({"an honest.local. 4500! A 192.0.2.30"}));
    for (int i = 0; i < 1000; ++i) {
        bench.run(1ms);
        bench.receive(bench.from("192.0.2.66"),
                      response({"an f" + std::to_string(i) + ".local. 4500! A 192.0.2.66"}));
    }
    EXPECT_EQ(bench.engine.cached_records(1), 100U);
    EXPECT_EQ(bench.engine.stats().cache_evicted, 901U);
    bool has_honest = false;
    bool has_newest = false;
    bench.engine.for_each_cached(bench.now, 1, [&](const KnownRecord& known) {
        has_honest = has_honest || known.record.name == name("honest.local.");
        has_newest = has_newest || known.record.name == name("f999.local.");
    });
    EXPECT_TRUE(has_honest) << "the flood displaces itself";
    EXPECT_TRUE(has_newest);
}

TEST(MdnsBounds, TheCacheIsBoundedInBytesNamesTypesAndSources) {
    EngineConfig config;
    config.cache_bytes = 100'000;
    Bench bytes({.config = config});
    for (int i = 0; i < 500; ++i) {
        bytes.hear(response(
            {"an f" + std::to_string(i) + ".local. 4500! TXT \"" + std::string(250, 'x') + "\""}));
        ASSERT_LE(bytes.engine.cached_bytes(1), 100'000U + 1000U);
    }
    EXPECT_GT(bytes.engine.stats().cache_evicted, 0U);

    Bench types;
    for (int i = 0; i < 100; ++i) {
        types.hear(response({"an f.local. 4500! TYPE" + std::to_string(1000 + i) + " \\# 0"}));
    }
    EXPECT_EQ(types.engine.cached_records(1), cache_types_per_name);
    EXPECT_EQ(types.engine.stats().cache_refused, 100U - cache_types_per_name);

    Bench sources;
    for (int i = 0; i < 1000; ++i) {
        const std::string address =
            "192.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
        sources.receive(sources.from(address), response({"an s.local. 4500 A " + address}));
    }
    EXPECT_EQ(sources.engine.cached_records(1), 1000U)
        << "sources beyond the table share a place in it";
}

TEST(MdnsBounds, QueriesAndPacketsAreLimited) {
    Bench bench;
    for (std::size_t i = 0; i < one_shots_max; ++i)
        EXPECT_NE(bench.ask("a.local.", RrType::A, QueryMode::one_shot), 0U);
    EXPECT_EQ(bench.ask("a.local.", RrType::A, QueryMode::one_shot), 0U);
    Lines many;
    for (std::size_t i = 0; i < packet_questions_max + 50; ++i) many.push_back("q a.local. A");
    Bench other;
    other.establish({"box.local. 120! A 192.0.2.10"});
    many.push_back("q box.local. A");
    other.hear(query(many));
    other.run(1s);
    EXPECT_TRUE(other.sent.empty()) << "questions beyond the limit are not looked at";
    other.hear(Message(9001, 0));
    EXPECT_EQ(other.engine.stats().malformed, 1U);
}

}  // namespace
}  // namespace kith::discovery::mdns::test
