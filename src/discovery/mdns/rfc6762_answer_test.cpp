// RFC 6762: the answering side, requirement by requirement (docs/requirements/rfc6762.txt).

#include "discovery/mdns/test_bench.hpp"

#include <set>

#include <gtest/gtest.h>

namespace kith::discovery::mdns::test {
namespace {

using dns::RrType;

const Lines host_a = {"box.local. 120! A 192.0.2.10"};
const Lines shared_ptr = {"_http._tcp.local. 4500 PTR web._http._tcp.local."};
const Lines service = {"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                       "web._http._tcp.local. 4500! TXT \"a=1\"",
                       "_http._tcp.local. 4500 PTR web._http._tcp.local."};

// ---------------------------------------------------------------- what is said

TEST(Rfc6762Answers, HoldOnlyWhatIsOurs) {
    SCOPED_TRACE("6762-30");
    Bench bench;
    bench.ask("_http._tcp.local.", RrType::PTR, QueryMode::cached_only);
    bench.establish(shared_ptr);
    bench.hear(response({"an _http._tcp.local. 4500 PTR other._http._tcp.local."}));
    bench.hear(query({"q _http._tcp.local. PTR", "q other._http._tcp.local. SRV"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"an " + shared_ptr[0]}));
}

TEST(Rfc6762Answers, RepeatNoQuestion) {
    SCOPED_TRACE("6762-31");
    SCOPED_TRACE("6762-120");
    SCOPED_TRACE("6762-118");
    Bench bench;
    bench.establish(host_a);
    bench.hear(message({dns::Header::rd | dns::Header::cd, 99}, {"q box.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    const dns::Header header = bench.sent[0].header();
    EXPECT_EQ(header.counts[0], 0);
    EXPECT_EQ(header.id, 0) << "a multicast response has none";
    EXPECT_EQ(header.flags, dns::Header::qr | dns::Header::aa) << "and no other flag";
}

TEST(Rfc6762Answers, SilenceIsTheOnlyErrorOfASharedName) {
    SCOPED_TRACE("6762-32");
    Bench bench;
    bench.establish(shared_ptr);
    bench.hear(query({"q _http._tcp.local. TXT"}));
    bench.hear(query({"q nobody.local. A"}));
    EXPECT_TRUE(bench.sent_in(5s).empty());
}

TEST(Rfc6762Answers, OnlyResponsesFromPort5353Count) {
    SCOPED_TRACE("6762-33");
    Bench bench;
    bench.ask("web.local.", RrType::A);
    bench.receive(bench.from(Bench::peer, 40000), response({"an web.local. 120! A 192.0.2.1"}));
    EXPECT_TRUE(bench.events.empty());
    EXPECT_EQ(bench.engine.stats().ignored_port, 1U);
}

TEST(Rfc6762Answers, GoToTheGroup) {
    SCOPED_TRACE("6762-34");
    Bench bench;
    bench.establish(host_a);
    bench.hear(query({"q box.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].to.to_text(), "224.0.0.251:5353");
    EXPECT_EQ(bench.sent[0].socket, SocketKind::mdns);
}

// ---------------------------------------------------------------- when

TEST(Rfc6762Answers, AreDelayedWhereOthersMayAnswerToo) {
    SCOPED_TRACE("6762-35");
    SCOPED_TRACE("6762-36");
    SCOPED_TRACE("6762-37");
    SCOPED_TRACE("6762-38");
    struct Row {
        Lines question;
        std::uint16_t flags;
        Duration least, most;
        const char* why;
    };
    const Row rows[] = {
        {{"q box.local. A"}, 0, 0ms, 10ms, "ours alone"},
        {{"q _http._tcp.local. PTR"}, 0, 20ms, 120ms, "shared"},
        {{"q box.local. A", "q other.local. A"},
         0,
         20ms,
         120ms,
         "two questions: others answer too"},
        {{"q box.local. A"}, dns::Header::tc, 400ms, 500ms, "more known answers are to come"},
        {{"q _http._tcp.local. PTR"}, dns::Header::tc, 400ms, 500ms, "and for shared ones"},
    };
    for (const Row& row : rows) {
        std::set<std::int64_t> seen;
        for (std::uint64_t seed = 1; seed <= 40; ++seed) {
            Bench bench({.seed = seed});
            bench.establish(host_a);
            bench.establish(shared_ptr);
            bench.run(5s);
            const Duration asked = bench.now - bench.start;
            bench.hear(message({row.flags, 0}, row.question));
            bench.run(2s);
            ASSERT_EQ(bench.sent.size(), 1U) << row.why;
            const Duration delay = bench.sent[0].at - asked;
            EXPECT_GE(delay, row.least) << row.why;
            EXPECT_LE(delay, row.most) << row.why;
            seen.insert(std::chrono::duration_cast<std::chrono::milliseconds>(delay).count());
        }
        if (row.most > 10ms) {
            EXPECT_GT(seen.size(), 15U) << row.why << ": at random";
        }
    }
}

TEST(Rfc6762Answers, WaitLongerWithEachTruncatedPacket) {
    SCOPED_TRACE("6762-38");
    Bench bench;
    bench.establish(shared_ptr);
    const Duration asked = bench.now - bench.start;
    bench.hear(message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}));
    bench.run(300ms);
    bench.hear(
        message({dns::Header::tc, 0}, {"an _http._tcp.local. 4500 PTR a._http._tcp.local."}));
    bench.run(3s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_GE(bench.sent[0].at - asked, 700ms);
    EXPECT_LE(bench.sent[0].at - asked, 800ms);
    // Nobody can hold an answer back for ever.
    bench.sent.clear();
    const Duration again = bench.now - bench.start;
    bench.hear(message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}));
    for (int i = 0; i < 50; ++i) {
        bench.run(100ms);
        bench.hear(
            message({dns::Header::tc, 0}, {"an _http._tcp.local. 4500 PTR a._http._tcp.local."}));
    }
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_LE(bench.sent[0].at - again, deferred_total_max + 1s);
}

TEST(Rfc6762Answers, ShareAPacket) {
    SCOPED_TRACE("6762-39");
    Bench bench;
    bench.establish(shared_ptr);
    bench.establish({"_ipp._tcp.local. 4500 PTR p._ipp._tcp.local."});
    bench.hear(query({"q _http._tcp.local. PTR"}));
    bench.run(19ms);
    bench.hear(query({"q _ipp._tcp.local. PTR"}));
    bench.run(2s);
    // Either both go when the first is due, or the second is due first and the other goes with it.
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines.size(), 2U);
}

TEST(Rfc6762Answers, GoOnceASecond) {
    SCOPED_TRACE("6762-40");
    Bench bench;
    bench.establish(host_a);
    for (int i = 0; i < 30; ++i) {
        bench.hear(query({"q box.local. A"}));
        bench.run(100ms);
    }
    bench.run(2s);
    ASSERT_GE(bench.sent.size(), 3U);
    for (std::size_t i = 1; i < bench.sent.size(); ++i) {
        EXPECT_GE(bench.sent[i].at - bench.sent[i - 1].at, 1s);
    }
    // Against probes every quarter of a second; a probe that takes no unicast answer.
    bench.run(5s);
    bench.sent.clear();
    for (int i = 0; i < 10; ++i) {
        bench.hear(query({"q box.local. ANY", "ns box.local. 120 A 192.0.2.66"}));
        bench.run(100ms);
    }
    ASSERT_GE(bench.sent.size(), 4U);
    for (std::size_t i = 1; i < bench.sent.size(); ++i) {
        EXPECT_GE(bench.sent[i].at - bench.sent[i - 1].at, 250ms);
    }
}

TEST(Rfc6762Answers, ToAnyGiveEverything) {
    SCOPED_TRACE("6762-41");
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10", "box.local. 120! A 198.51.100.10",
                     "box.local. 120! TXT \"x\"", "box.local. 120! HINFO \"a\" \"b\""});
    bench.hear(query({"q box.local. ANY"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].header().counts[1], 4);
    bench.run(5s);
    bench.sent.clear();
    Message any_class = query({"q box.local. A"});
    any_class[any_class.size() - 1] = 255;
    bench.hear(any_class);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].header().counts[1], 2);
    Message chaos = query({"q box.local. A"});
    chaos[chaos.size() - 1] = 3;
    bench.run(5s);
    bench.sent.clear();
    bench.hear(chaos);
    EXPECT_TRUE(bench.sent_in(1s).empty());
}

// ---------------------------------------------------------------- known answers

TEST(Rfc6762Answers, AreLeftOutWhenKnown) {
    SCOPED_TRACE("6762-42");
    struct Row {
        const char* known;
        bool is_sent;
        const char* why;
    };
    constexpr Row rows[] = {
        {"an _http._tcp.local. 4500 PTR web._http._tcp.local.", false, "known"},
        {"an _http._tcp.local. 2250 PTR WEB._http._tcp.local.", false,
         "with half its TTL, in other letters"},
        {"an _http._tcp.local. 2249 PTR web._http._tcp.local.", true, "with less than half"},
        {"an _http._tcp.local. 4500 PTR other._http._tcp.local.", true, "another record"},
        {"an _ftp._tcp.local. 4500 PTR web._http._tcp.local.", true, "of another name"},
        {"ar _http._tcp.local. 4500 PTR web._http._tcp.local.", true, "not in the answer section"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.establish(shared_ptr);
        bench.hear(query({"q _http._tcp.local. PTR", row.known}));
        EXPECT_EQ(!bench.sent_in(1s).empty(), row.is_sent) << row.why;
        EXPECT_EQ(bench.engine.stats().answers_suppressed, row.is_sent ? 0U : 1U);
    }
}

TEST(Rfc6762Answers, AreLeftOutWhenAFurtherPacketSaysSo) {
    SCOPED_TRACE("6762-43");
    for (const bool other_waits : {false, true}) {
        Bench bench;
        bench.establish(shared_ptr);
        bench.hear(message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}));
        if (other_waits)
            bench.receive(bench.from("192.0.2.21"),
                          message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}));
        bench.run(50ms);
        bench.hear(query({"an _http._tcp.local. 4500 PTR web._http._tcp.local."}));
        EXPECT_EQ(bench.sent_in(2s).size(), other_waits ? 1U : 0U);
    }
}

TEST(Rfc6762Answers, AreLeftToAPeerThatGaveThem) {
    SCOPED_TRACE("6762-44");
    struct Row {
        const char* line;
        bool is_sent;
        const char* why;
    };
    constexpr Row rows[] = {
        {"an _http._tcp.local. 4500 PTR web._http._tcp.local.", false, "the same"},
        {"an _http._tcp.local. 4000 PTR web._http._tcp.local.", true, "with a shorter life"},
        {"an _http._tcp.local. 4500 PTR other._http._tcp.local.", true, "another one"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.establish(shared_ptr);
        bench.hear(query({"q _http._tcp.local. PTR"}));
        bench.run(10ms);
        bench.hear(response({row.line}));
        EXPECT_EQ(!bench.sent_in(1s).empty(), row.is_sent) << row.why;
    }
}

TEST(Rfc6762Answers, CorrectAPeersShortTtl) {
    SCOPED_TRACE("6762-45");
    for (const auto& [ttl, is_sent] :
         {std::pair(60, false), std::pair(59, true), std::pair(0, true)}) {
        Bench bench;
        bench.establish(host_a);
        bench.hear(response({"an box.local. " + std::to_string(ttl) + "! A 192.0.2.10"}));
        EXPECT_EQ(!bench.sent_in(1s).empty(), is_sent) << ttl;
        EXPECT_EQ(bench.engine.stats().conflicts, 0U);
    }
}

// ---------------------------------------------------------------- by unicast

TEST(Rfc6762Answers, GoByUnicastToWhoAsksSo) {
    SCOPED_TRACE("6762-46");
    SCOPED_TRACE("6762-47");
    struct Row {
        Duration age;
        Lines question;
        bool unicast, group;
        const char* why;
    };
    const Row rows[] = {
        {10s, {"q box.local. A QU"}, true, false, "multicast lately"},
        {60s, {"q box.local. A QU"}, false, true, "not multicast for a quarter of its TTL"},
        {10s, {"q box.local. ANY QU", "ns box.local. 120 A 192.0.2.66"}, true, false, "a probe"},
        {60s,
         {"q box.local. ANY QU", "ns box.local. 120 A 192.0.2.66"},
         true,
         true,
         "a probe, and peers forget"},
        {60s,
         {"q box.local. ANY", "ns box.local. 120 A 192.0.2.66"},
         false,
         true,
         "a probe without QU"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.establish(host_a);
        bench.run(row.age - 9s);
        bench.hear(query(row.question));
        bool unicast = false;
        bool to_group = false;
        for (const Sent& packet : bench.sent) {
            (packet.is_group() ? to_group : unicast) = true;
            EXPECT_TRUE(packet.has("an box.local. 120! A 192.0.2.10"));
            if (!packet.is_group()) {
                EXPECT_EQ(packet.to.to_text(), "192.0.2.20:5353");
            }
        }
        EXPECT_EQ(unicast, row.unicast) << row.why;
        EXPECT_EQ(to_group, row.group) << row.why;
    }
}

TEST(Rfc6762Answers, ToDirectQueriesOnlyOnTheLink) {
    SCOPED_TRACE("6762-48");
    struct Row {
        const char* source;
        std::uint16_t source_port;
        bool is_answered;
        const char* why;
    };
    constexpr Row rows[] = {
        {"192.0.2.20", 5353, true, "of our prefix"},
        {"198.51.100.20", 5353, false, "of another network"},
        {"169.254.1.1", 5353, true, "link-local"},
        {"fe80::20", 5353, true, "link-local"},
        {"2001:db8::20", 5353, true, "of our IPv6 prefix"},
        {"2001:db8:1::20", 5353, false, "of another IPv6 network"},
        {"192.0.2.20", 40000, true, "a simple resolver of our prefix"},
        {"198.51.100.20", 40000, false,
         "a simple resolver of another network: an amplifier's victim"},
    };
    for (const Row& row : rows) {
        Bench bench({.addresses = {"192.0.2.10/24", "2001:db8::10/64"}});
        bench.establish(host_a);
        PacketInfo info = bench.from(row.source, row.source_port);
        info.destination = Destination::unicast;
        bench.receive(info, query({"q box.local. A"}));
        bench.run(1s);
        EXPECT_EQ(bench.sent.size(), row.is_answered ? 1U : 0U) << row.source << ": " << row.why;
        EXPECT_EQ(bench.engine.stats().ignored_off_link, row.is_answered ? 0U : 1U) << row.source;
        if (row.is_answered) {
            EXPECT_FALSE(bench.sent[0].is_group()) << row.source;
        }
    }
}

TEST(Rfc6762Answers, ToTheGroupForWhoIsNotOnTheLink) {
    SCOPED_TRACE("6762-117");
    Bench bench;
    bench.establish(host_a);
    bench.receive(bench.from("198.51.100.20"), query({"q box.local. A QU"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_TRUE(bench.sent[0].is_group());
}

TEST(Rfc6762Answers, UnicastResponsesNeedAnOnLinkSource) {
    SCOPED_TRACE("6762-116");
    struct Row {
        const char* source;
        Destination destination;
        bool is_believed;
    };
    constexpr Row rows[] = {
        {"192.0.2.20", Destination::unicast, true},
        {"198.51.100.20", Destination::unicast, false},
        {"198.51.100.20", Destination::group, true},  // on-link by definition
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.ask("web.local.", RrType::A);
        bench.run(200ms);
        PacketInfo info = bench.from(row.source);
        info.destination = row.destination;
        bench.receive(info, response({"an web.local. 120! A 192.0.2.1"}));
        EXPECT_EQ(bench.engine.cached_records(1), row.is_believed ? 1U : 0U) << row.source;
    }
}

// ---------------------------------------------------------------- addresses

TEST(Rfc6762Answers, GiveAllAddressesOfTheInterfaceAndNoOthers) {
    SCOPED_TRACE("6762-49");
    SCOPED_TRACE("6762-50");
    Bench bench({.addresses = {"192.0.2.10/24", "192.0.2.11/24", "2001:db8::10/64"}});
    bench.up(2, {"198.51.100.10/24"});
    bench.host("box.local.");
    bench.run(10s);
    bench.sent.clear();
    bench.hear(query({"q box.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines,
              (Lines{"an box.local. 120! A 192.0.2.10", "an box.local. 120! A 192.0.2.11",
                     "ar box.local. 120! AAAA 2001:db8::10"}));
    bench.sent.clear();
    bench.receive(bench.from("198.51.100.20", port, 2), query({"q box.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines,
              (Lines{"an box.local. 120! A 198.51.100.10", "ar box.local. 120! NSEC box.local. A"}))
        << "no IPv6 here, and that is said";
    EXPECT_EQ(bench.sent[0].interface, 2U);
}

TEST(Rfc6762Answers, SpeakOfBothFamiliesOnEitherLink) {
    SCOPED_TRACE("6762-51");
    Bench bench({.addresses = {"192.0.2.10/24", "fe80::10/64"}});
    bench.host("box.local.");
    bench.run(10s);
    for (const char* const source : {"192.0.2.20", "fe80::20"}) {
        bench.run(5s);
        bench.sent.clear();
        bench.receive(bench.from(source), query({"q box.local. TXT"}));
        ASSERT_EQ(bench.sent.size(), 1U);
        EXPECT_EQ(bench.sent[0].lines[0], "an box.local. 4500! NSEC box.local. A AAAA") << source;
    }
}

// ---------------------------------------------------------------- denials

TEST(Rfc6762Denials, SayWhatAUniqueNameHas) {
    SCOPED_TRACE("6762-55");
    SCOPED_TRACE("6762-56");
    SCOPED_TRACE("6762-59");
    Bench bench;
    bench.establish(host_a);
    bench.hear(query({"q box.local. AAAA"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"an box.local. 120! NSEC box.local. A"}));
    // Next name: a pointer to the owner at 12. Window 0, one byte, bit 1; no bit for NSEC itself.
    const Message& bytes = bench.sent[0].bytes;
    const Message tail(bytes.end() - 5, bytes.end());
    EXPECT_EQ(tail, (Message{0xc0, 12, 0, 1, 0x40}));
    bench.run(5s);
    bench.hear(query({"q box.local. TXT"}));
    EXPECT_EQ(bench.sent.back().lines, (Lines{"an box.local. 4500! NSEC box.local. A"}))
        << "a TXT lives 75 minutes";
}

TEST(Rfc6762Denials, AreLeftOutWhereTheShortFormCannotSayIt) {
    SCOPED_TRACE("6762-57");
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10", "box.local. 120! CAA 0 issue \"x\""});
    bench.hear(query({"q box.local. AAAA"}));
    EXPECT_TRUE(bench.sent_in(1s).empty());
}

TEST(Rfc6762Denials, OnlyForNamesThatAreOurs) {
    SCOPED_TRACE("6762-60");
    Bench bench;
    bench.host("box.local.");
    bench.run(10s);
    bench.establish(shared_ptr);
    bench.hear(query({"q 10.2.0.192.in-addr.arpa. TXT"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_TRUE(
        bench.sent[0].has("an 10.2.0.192.in-addr.arpa. 4500! NSEC 10.2.0.192.in-addr.arpa. PTR"))
        << "ours by construction";
    bench.sent.clear();
    bench.hear(query({"q _http._tcp.local. TXT"}));
    EXPECT_TRUE(bench.sent_in(1s).empty()) << "shared";
    bench.add({"new.local. 120! A 192.0.2.10"});
    bench.run(300ms);
    bench.sent.clear();
    bench.hear(query({"q new.local. AAAA"}));
    EXPECT_TRUE(bench.sent.empty()) << "not probed yet";
}

// ---------------------------------------------------------------- simple resolvers

TEST(Rfc6762Legacy, GetsAConventionalReply) {
    SCOPED_TRACE("6762-65");
    SCOPED_TRACE("6762-66");
    SCOPED_TRACE("6762-67");
    SCOPED_TRACE("6762-118");
    Bench bench;
    bench.establish(host_a);
    bench.receive(bench.from(Bench::peer, 40000),
                  message({dns::Header::rd, 0x1234}, {"q BOX.local. A"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].to.to_text(), "192.0.2.20:40000");
    EXPECT_EQ(bench.sent[0].header().id, 0x1234);
    EXPECT_EQ(bench.sent[0].header().flags, dns::Header::qr | dns::Header::aa);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q BOX.local. A", "an BOX.local. 10 A 192.0.2.10",
                                          "ar BOX.local. 10 NSEC box.local. A"}))
        << "owners are pointers to the question";
}

TEST(Rfc6762Legacy, TargetsOfSrvAreNotCompressed) {
    SCOPED_TRACE("6762-68");
    Bench bench;
    bench.establish(service);
    bench.receive(bench.from(Bench::peer, 40000), query({"q web._http._tcp.local. SRV"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    const std::string_view wire = as_text(bench.sent[0].bytes);
    EXPECT_NE(wire.find(std::string_view("\3box\5local\0", 11)), std::string_view::npos);
    bench.run(5s);
    bench.hear(query({"q web._http._tcp.local. SRV"}));
    EXPECT_EQ(as_text(bench.sent.back().bytes).find(std::string_view("\3box\5local\0", 11)),
              std::string_view::npos);
}

TEST(Rfc6762Legacy, IsToldWhenNotAllFits) {
    SCOPED_TRACE("6762-69");
    Bench bench;
    Lines lines;
    for (int i = 0; i < 40; ++i)
        lines.push_back("_http._tcp.local. 4500 PTR a-long-name-" + std::to_string(i) +
                        "._http._tcp.local.");
    bench.establish(lines);
    bench.receive(bench.from(Bench::peer, 40000), query({"q _http._tcp.local. PTR"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_TRUE(bench.sent[0].header().has(dns::Header::tc));
    EXPECT_LE(bench.sent[0].bytes.size(), 512U);
    // With EDNS more.
    Message edns = query({"q _http._tcp.local. PTR"});
    const std::uint8_t opt[] = {0, 0, 41, 0x10, 0x00, 0, 0, 0, 0, 0, 0};
    edns.insert(edns.end(), std::begin(opt), std::end(opt));
    edns[11] = 1;
    bench.receive(bench.from(Bench::peer, 40000), edns);
    bench.run(1s);
    EXPECT_GT(bench.sent.back().bytes.size(), 512U);
    EXPECT_LE(bench.sent.back().bytes.size(), legacy_bytes_max);
}

// ---------------------------------------------------------------- TTLs and the flush bit

TEST(Rfc6762Ttl, DependsOnWhatTheRecordIsAbout) {
    SCOPED_TRACE("6762-100");
    struct Row {
        RrType type;
        const char* name;
        std::uint32_t ttl;
    };
    constexpr Row rows[] = {
        {RrType::A, "a.local.", 120},
        {RrType::AAAA, "a.local.", 120},
        {RrType::SRV, "a._b._tcp.local.", 120},
        {RrType::HINFO, "a.local.", 120},
        {RrType::PTR, "1.2.0.192.in-addr.arpa.", 120},
        {RrType::PTR, "8.e.f.ip6.arpa.", 120},
        {RrType::PTR, "_b._tcp.local.", 4500},
        {RrType::TXT, "a._b._tcp.local.", 4500},
    };
    for (const Row& row : rows)
        EXPECT_EQ(default_ttl(row.type, name(row.name)), row.ttl) << row.name;
    Bench bench;
    bench.establish({"box.local. 0! A 192.0.2.10"});
    bench.hear(query({"q box.local. A"}));
    EXPECT_TRUE(bench.sent[0].has("an box.local. 120! A 192.0.2.10"));
}

TEST(Rfc6762Ttl, IsZeroInAGoodbye) {
    SCOPED_TRACE("6762-101");
    Bench bench;
    bench.establish(service);
    bench.engine.shut_down(bench.now);
    bench.run(2s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"an web._http._tcp.local. 0! TXT \"a=1\"",
                                          "an web._http._tcp.local. 0! SRV 0 0 80 box.local.",
                                          "an _http._tcp.local. 0 PTR web._http._tcp.local."}));
    EXPECT_TRUE(bench.engine.is_quiet());
    bench.hear(query({"q _http._tcp.local. PTR"}));
    EXPECT_TRUE(bench.sent_in(1s).size() <= 1U && bench.sent.size() == 1U) << "no answer any more";
}

TEST(Rfc6762Ttl, UniqueSetsGoWholeAndWithTheFlushBit) {
    SCOPED_TRACE("6762-104");
    SCOPED_TRACE("6762-105");
    Bench bench;
    bench.establish({"box.local. 120! A 192.0.2.10", "box.local. 120! A 192.0.2.11"});
    bench.establish(shared_ptr);
    // One of both is known, so both are sent; none if both are known.
    bench.hear(query({"q box.local. A", "an box.local. 120 A 192.0.2.10"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_TRUE(bench.sent[0].has("an box.local. 120! A 192.0.2.10"));
    EXPECT_TRUE(bench.sent[0].has("an box.local. 120! A 192.0.2.11"));
    bench.run(5s);
    bench.sent.clear();
    bench.hear(query(
        {"q box.local. A", "an box.local. 120 A 192.0.2.10", "an box.local. 120 A 192.0.2.11"}));
    EXPECT_TRUE(bench.sent_in(1s).empty());
    bench.hear(query({"q box.local. A QU", "an box.local. 120 A 192.0.2.10"}));
    bench.run(1s);
    EXPECT_EQ(bench.sent.back().header().counts[1], 2) << "by unicast too";
    bench.hear(query({"q _http._tcp.local. PTR"}));
    bench.run(1s);
    EXPECT_TRUE(bench.sent.back().has("an " + shared_ptr[0])) << "no flush bit on a shared record";
}

// ---------------------------------------------------------------- headers, sizes, compression

TEST(Rfc6762Packets, OfOtherOpcodesAndRcodesAreIgnored) {
    SCOPED_TRACE("6762-119");
    for (const std::uint16_t flags :
         std::initializer_list<std::uint16_t>{0x0800, 0x2800, 0x0001, 0x000f}) {
        Bench bench;
        bench.establish(host_a);
        bench.ask("web.local.", RrType::A, QueryMode::cached_only);
        bench.hear(message({flags, 0}, {"q box.local. A"}));
        bench.hear(message({static_cast<std::uint16_t>(flags | dns::Header::qr), 0},
                           {"an web.local. 120! A 192.0.2.1"}));
        EXPECT_TRUE(bench.sent.empty() && bench.events.empty()) << flags;
        EXPECT_EQ(bench.engine.stats().ignored_header, 2U);
    }
}

TEST(Rfc6762Packets, FlagsAreIgnoredOnReceipt) {
    SCOPED_TRACE("6762-120");
    for (const std::uint16_t flags :
         std::initializer_list<std::uint16_t>{0x0400, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010}) {
        Bench bench;
        bench.establish(host_a);
        bench.ask("web.local.", RrType::A, QueryMode::cached_only);
        bench.hear(message({flags, 0}, {"q box.local. A"}));
        bench.hear(
            message({static_cast<std::uint16_t>(dns::Header::qr | flags | dns::Header::tc), 0},
                    {"an web.local. 120! A 192.0.2.1"}));
        EXPECT_EQ(bench.sent.size(), 1U) << flags;
        EXPECT_EQ(bench.events.size(), 1U) << flags;
    }
}

TEST(Rfc6762Packets, CompressNames) {
    SCOPED_TRACE("6762-121");
    Bench bench;
    bench.establish(service);
    bench.hear(query({"q web._http._tcp.local. SRV"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    // Header, owner 23, fixed 10, 6, `box` and a pointer to `local`.
    EXPECT_EQ(bench.sent[0].bytes.size(), 12U + 22U + 10U + 6U + 6U);
    Bench raw;
    raw.establish({"x.local. 120! TYPE65300 \\# 7 056c6f63616c00",
                   "x.local. 120! NAPTR 1 1 \"\" \"\" \"\" x.local."});
    raw.hear(query({"q x.local. TYPE65300"}));
    EXPECT_NE(as_text(raw.sent.back().bytes).find(std::string_view("\5local\0", 7), 30),
              std::string_view::npos)
        << "never in types that are not known";
}

TEST(Rfc6762Packets, CompressedNamesAreReadInAllTypesOfTheList) {
    SCOPED_TRACE("6762-122");
    struct Row {
        RrType type;
        Message head, tail;  // around one name, a pointer to the owner at 12
        const char* text;
    };
    const Row rows[] = {
        {RrType::SRV, {0, 1, 0, 2, 0, 80}, {}, "1 2 80 x.local."},
        {RrType::PTR, {}, {}, "x.local."},
        {RrType::NS, {}, {}, "x.local."},
        {RrType::CNAME, {}, {}, "x.local."},
        {RrType::DNAME, {}, {}, "x.local."},
        {RrType::MX, {0, 5}, {}, "5 x.local."},
        {RrType::AFSDB, {0, 1}, {}, "1 x.local."},
        {RrType::RT, {0, 1}, {}, "1 x.local."},
        {RrType::KX, {0, 1}, {}, "1 x.local."},
        {RrType::RP, {}, {0xc0, 12}, "x.local. x.local."},
        {RrType::PX, {0, 1}, {0xc0, 12}, "1 x.local. x.local."},
        {RrType::NSEC, {}, {0, 1, 0x40}, "x.local. A"},
        {RrType::SOA,
         {},
         {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5},
         "x.local. x.local. 1 2 3 4 5"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.ask("x.local.", row.type, QueryMode::cached_only);
        Message bytes = response({"an x.local. 120! A 192.0.2.1"});
        bytes.erase(bytes.end() - 14, bytes.end());  // the owner is left
        const auto number = static_cast<std::uint16_t>(row.type);
        const std::size_t size = row.head.size() + 2 + row.tail.size();
        for (const std::size_t byte :
             {std::size_t{number} >> 8, std::size_t{number} & 255U, std::size_t{0x80},
              std::size_t{1}, std::size_t{0}, std::size_t{0}, std::size_t{0}, std::size_t{120},
              size >> 8, size & 255})
            bytes.push_back(static_cast<std::uint8_t>(byte));
        bytes.insert(bytes.end(), row.head.begin(), row.head.end());
        bytes.insert(bytes.end(), {0xc0, 12});
        bytes.insert(bytes.end(), row.tail.begin(), row.tail.end());
        bench.hear(bytes);
        const std::string expected = "+ x.local. " + dns::type_name(row.type) + " " + row.text;
        ASSERT_EQ(bench.told(), (Lines{expected}));
    }
}

TEST(Rfc6762Packets, FitTheLinkAndOneRecordMayNot) {
    SCOPED_TRACE("6762-123");
    struct Row {
        std::uint16_t mtu;
        std::size_t limit;
    };
    for (const Row& row : {Row{1500, 1452}, Row{1280, 1232}, Row{9000, 8952}}) {
        Bench bench;
        bench.up(1, {"192.0.2.10/24"}, row.mtu);
        Lines lines;
        for (int i = 0; i < 200; ++i)
            lines.push_back("_http._tcp.local. 4500 PTR instance-" + std::to_string(i) +
                            "._http._tcp.local.");
        bench.establish(lines);
        bench.hear(query({"q _http._tcp.local. PTR"}));
        const std::vector<Sent> sent = bench.sent_in(1s);
        std::size_t answers = 0;
        for (const Sent& packet : sent) {
            EXPECT_LE(packet.bytes.size(), row.limit);
            answers += packet.header().counts[1];
        }
        EXPECT_EQ(answers, 200U);
        if (sent.size() > 1) {
            EXPECT_GT(sent[0].bytes.size(), row.limit - 150) << "packets are filled";
        }
    }
    Bench large;
    std::string text;
    for (int i = 0; i < 20; ++i) text += "\"" + std::string(250, 'x') + "\" ";
    large.establish({"box.local. 120! TXT " + text, "box.local. 120! A 192.0.2.10"});
    large.hear(query({"q box.local. ANY"}));
    ASSERT_EQ(large.sent.size(), 2U);
    for (const Sent& packet : large.sent) {
        if (packet.bytes.size() > 1452) {
            EXPECT_EQ(packet.lines.size(), 1U) << "alone in its packet";
        }
    }
    std::string too_large;
    for (int i = 0; i < 36; ++i) too_large += "\"" + std::string(255, 'x') + "\" ";
    const auto refused = large.engine.add_registration(
        large.now, registration({"big.local. 120! TXT " + too_large}));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), RegisterFault::bad_rdata);
}

TEST(Rfc6762Packets, WithAnOwnerOptionAreAnsweredLikeOthers) {
    SCOPED_TRACE("6762-126");
    Bench bench;
    bench.establish(host_a);
    Message bytes = query({"q box.local. A"});
    const std::uint8_t opt[] = {0, 0, 41, 0x05, 0xa0, 0, 0, 0x11, 0x94, 0, 12, 0,
                                4, 0, 8,  0,    1,    2, 3, 4,    5,    6, 7};
    bytes.insert(bytes.end(), std::begin(opt), std::end(opt));
    bytes[11] = 1;
    bench.hear(bytes);
    EXPECT_EQ(bench.sent.size(), 1U);
}

TEST(Rfc6762Packets, HopLimitIsCheckedOnlyWhenConfigured) {
    SCOPED_TRACE("6762-115");
    for (const auto limit : {EngineConfig::HopLimit::any, EngineConfig::HopLimit::only_255}) {
        EngineConfig config;
        config.hop_limit = limit;
        Bench bench({.config = config});
        bench.establish(host_a);
        PacketInfo info = bench.from(Bench::peer);
        info.hop_limit = 64;
        bench.receive(info, query({"q box.local. A"}));
        EXPECT_EQ(bench.sent.size(), limit == EngineConfig::HopLimit::any ? 1U : 0U);
    }
}

// ---------------------------------------------------------------- bounds

TEST(MdnsBounds, DeferredQueriesAndRepliesAreLimited) {
    Bench bench;
    bench.establish(shared_ptr);
    for (std::size_t i = 0; i < deferred_queries_max + 20; ++i) {
        bench.receive(bench.from("192.0.2." + std::to_string(i + 100)),
                      message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}));
    }
    EXPECT_EQ(bench.engine.stats().deferred_dropped, 20U);
    bench.run(200ms);
    EXPECT_EQ(bench.sent.size(), 1U)
        << "those beyond the limit are answered as if they were complete";
    bench.run(5s);
    for (std::size_t i = 0; i < unicast_replies_max + 20; ++i) {
        bench.receive(bench.from("192.0.2." + std::to_string(i + 100), 40000),
                      query({"q _http._tcp.local. PTR"}));
    }
    EXPECT_EQ(bench.engine.stats().replies_dropped, 20U);
    bench.sent.clear();
    bench.run(1s);
    EXPECT_EQ(bench.sent.size(), unicast_replies_max);
}

TEST(MdnsAdditional, SaveTheNextQuestions) {
    Bench bench;
    bench.host("box.local.");
    bench.establish(service);
    bench.run(10s);
    bench.sent.clear();
    bench.hear(query({"q _http._tcp.local. PTR"}));
    bench.run(1s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines,
              (Lines{"an _http._tcp.local. 4500 PTR web._http._tcp.local.",
                     "ar web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                     "ar web._http._tcp.local. 4500! TXT \"a=1\"",
                     "ar box.local. 120! A 192.0.2.10", "ar box.local. 120! NSEC box.local. A"}));
}

}  // namespace
}  // namespace kith::discovery::mdns::test
