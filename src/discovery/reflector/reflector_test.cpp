#include "discovery/reflector/reflector.hpp"

#include <gtest/gtest.h>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::reflector {
namespace {

using mdns::test::from;
using mdns::test::Lines;
using mdns::test::lines_of;
using mdns::test::message;
using mdns::test::Message;
using mdns::test::name;
using mdns::test::query;
using mdns::test::response;

const Rule everything{{"vlan1"}, {"vlan2"}, {}};
const Rule everything_back{{"vlan2"}, {"vlan1"}, {}};
const Rule printers{{"vlan1"}, {"vlan2"}, {name("_ipp._tcp.local.")}};

struct Sent {
    mdns::InterfaceId interface = 0;
    Endpoint to;
    mdns::SocketKind socket{};
    mdns::Destination destination{};
    std::uint16_t id = 0;
    Message bytes;
    Lines lines;
};

/// vlan1 (1) is 192.0.2.0/24, vlan2 (2) 198.51.100.0/24, vlan3 (3) 203.0.113.0/24; the last number of the
/// reflector's addresses is 1.
class ReflectorTest : public testing::Test {
protected:
    void start(std::vector<Rule> rules) {
        reflector.emplace(Policy{std::move(rules)}, rng);
        const char* const networks[] = {"192.0.2.1/24", "198.51.100.1/24", "203.0.113.1/24"};
        for (mdns::InterfaceId id = 1; id <= 3; ++id) {
            reflector->set_link(id, "vlan" + std::to_string(id), IpFamily::v4,
                                {{mdns::test::prefix(networks[id - 1])}, 1500});
            const std::string v6 = "2001:db8:" + std::to_string(id) + "::1/64";
            reflector->set_link(id, "vlan" + std::to_string(id), IpFamily::v6,
                                {{mdns::test::prefix(v6)}, 1500});
        }
    }
    std::vector<Sent> hear(const mdns::PacketInfo& info, const Message& bytes) {
        incoming.read(bytes);
        taken = reflector->on_packet(now, info, incoming);
        std::vector<Sent> out;
        while (const auto transmit = reflector->poll_transmit()) {
            Message copy(transmit->message.begin(), transmit->message.end());
            out.push_back({transmit->interface, transmit->to, transmit->socket,
                           transmit->destination, dns::read_header(copy)->id, copy,
                           lines_of(copy)});
        }
        return out;
    }
    static Lines only(const std::vector<Sent>& sent) {
        return sent.size() == 1 ? sent[0].lines : Lines{std::to_string(sent.size()) + " packets"};
    }

    SeededRng rng{7};
    Time now = Time{} + 1h;
    mdns::Packet incoming;
    std::optional<Reflector> reflector;
    Reflector::Taken taken{};
    const mdns::PacketInfo printer = from(1, "192.0.2.20");
    const mdns::PacketInfo viewer = from(2, "198.51.100.20");
};

const Lines printer_lines = {"an _ipp._tcp.local. 4500 PTR Laser._ipp._tcp.local.",
                             "ar Laser._ipp._tcp.local. 120! SRV 0 0 631 laser.local.",
                             "ar Laser._ipp._tcp.local. 4500! TXT \"rp=a\"",
                             "ar laser.local. 120! A 192.0.2.20"};

// rf-01, rf-07: IPv4 and IPv6, and never to where it comes from.
TEST_F(ReflectorTest, SendsResponsesToTheOtherLinksOfItsRules) {
    start({everything});
    auto sent = hear(printer, response(printer_lines));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].interface, 2U);
    EXPECT_EQ(sent[0].to, mdns::group(IpFamily::v4, 2));
    EXPECT_EQ(sent[0].lines, printer_lines);
    EXPECT_EQ(sent[0].id, 0U);
    EXPECT_EQ(taken, Reflector::Taken::copied);

    sent = hear(from(1, "fe80::20"), response(printer_lines));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].to, mdns::group(IpFamily::v6, 2));

    EXPECT_TRUE(hear(viewer, response(printer_lines)).empty()) << "the rule has a direction";
    EXPECT_TRUE(hear(from(3, "203.0.113.20"), response(printer_lines)).empty()) << "no rule";
}

// rf-03: answers to a unicast question would not cross.
TEST_F(ReflectorTest, SendsQuestionsTheOtherWayWithoutTheUnicastBit) {
    start({everything});
    const Lines asked = {"q _ipp._tcp.local. PTR QU",
                         "an _ipp._tcp.local. 4000 PTR Old._ipp._tcp.local."};
    const auto sent = hear(viewer, query(asked));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].interface, 1U);
    EXPECT_EQ(sent[0].lines, (Lines{"q _ipp._tcp.local. PTR",
                                    "an _ipp._tcp.local. 4000 PTR Old._ipp._tcp.local."}));
    EXPECT_TRUE(hear(printer, query({"q _ipp._tcp.local. PTR"})).empty());
}

// rf-04
TEST_F(ReflectorTest, ShowsTheTypesOfARuleAndTheirHosts) {
    struct Row {
        Lines heard, shown;
        const char* why;
    };
    const Row rows[] = {
        {{"an laser.local. 120! A 192.0.2.20"}, {}, "no service of it was shown yet"},
        {printer_lines, printer_lines, "type, instance and host"},
        {{"an laser.local. 120! AAAA 2001:db8:1::20"},
         {"an laser.local. 120! AAAA 2001:db8:1::20"},
         "a host whose service was shown"},
        {{"an _ssh._tcp.local. 4500 PTR x._ssh._tcp.local.",
          "ar x._ssh._tcp.local. 120! SRV 0 0 22 x.local.", "ar x.local. 120! A 192.0.2.21"},
         {},
         "another type"},
        {{"an _services._dns-sd._udp.local. 4500 PTR _ipp._tcp.local.",
          "an _services._dns-sd._udp.local. 4500 PTR _ssh._tcp.local."},
         {"an _services._dns-sd._udp.local. 4500 PTR _ipp._tcp.local."},
         "the list of types has those that are shown"},
        {{"an _duplex._sub._ipp._tcp.local. 4500 PTR Laser._ipp._tcp.local."},
         {"an _duplex._sub._ipp._tcp.local. 4500 PTR Laser._ipp._tcp.local."},
         "subtypes"},
        {{"an 20.2.0.192.in-addr.arpa. 120! PTR laser.local."}, {}, "a reverse name"},
    };
    start({printers});
    for (const Row& row : rows) {
        const auto sent = hear(printer, response(row.heard));
        EXPECT_EQ(sent.empty() ? Lines{} : only(sent), row.shown) << row.why;
        now += 1min;
    }
    hear(printer, response(printer_lines));
    struct Question {
        const char* line;
        bool crosses;
    };
    const Question questions[] = {
        {"q _ipp._tcp.local. PTR", true},
        {"q Laser._ipp._tcp.local. SRV", true},
        {"q laser.local. A", true},
        {"q _services._dns-sd._udp.local. PTR", true},
        {"q _ssh._tcp.local. PTR", false},
        {"q other.local. A", false},
        {"q 20.2.0.192.in-addr.arpa. PTR", false},
    };
    for (const Question& question : questions) {
        EXPECT_EQ(hear(viewer, query({question.line})).size(), question.crosses ? 1U : 0U)
            << question.line;
    }
    EXPECT_GT(reflector->stats().filtered, 0U);
}

// rf-05
TEST_F(ReflectorTest, LeavesOutAddressesOfOneLinkOnly) {
    start({everything});
    EXPECT_EQ(only(hear(printer,
                        response({"an a.local. 120! A 192.0.2.20", "an a.local. 120! A 169.254.1.2",
                                  "an a.local. 120! AAAA fe80::1",
                                  "an a.local. 120! AAAA 2001:db8:1::5"}))),
              (Lines{"an a.local. 120! A 192.0.2.20", "an a.local. 120! AAAA 2001:db8:1::5"}));
    EXPECT_EQ(reflector->stats().link_local, 2U);
    const Lines srv = {"an w._http._tcp.local. 120! SRV 0 0 80 near.local."};
    EXPECT_TRUE(hear(printer, response({srv[0], "ar near.local. 120! AAAA fe80::2"})).empty())
        << "a service that nobody there could reach";
    now += 1s;
    EXPECT_EQ(only(hear(printer, response({srv[0], "ar near.local. 120! A 192.0.2.9"}))),
              (Lines{srv[0], "ar near.local. 120! A 192.0.2.9"}));
    EXPECT_TRUE(
        hear(printer, response({"an 1.1.254.169.in-addr.arpa. 120! PTR a.local."})).empty());
}

// rf-01: an echo by another reflector, in other packets and from another address.
TEST_F(ReflectorTest, SendsNothingBack) {
    start({everything, everything_back});
    ASSERT_EQ(hear(printer, response(printer_lines)).size(), 1U);
    now += 2s;
    EXPECT_TRUE(hear(from(2, "198.51.100.99"), response({printer_lines[0]})).empty());
    EXPECT_TRUE(hear(from(2, "198.51.100.99"), response(printer_lines)).empty());
    EXPECT_GT(reflector->stats().echoes, 0U);
    now += heard_there_life;
    EXPECT_EQ(hear(printer, response(printer_lines)).size(), 1U) << "its own link may say it again";
    now += echo_life + 1ms;
    EXPECT_EQ(hear(viewer, response(printer_lines)).size(), 1U) << "it moved there";

    ASSERT_EQ(hear(viewer, query({"q x.local. A"})).size(), 1U);
    EXPECT_TRUE(hear(from(1, "192.0.2.99"), query({"q x.local. A"})).empty());
    EXPECT_TRUE(hear(from(1, "192.0.2.1"), query({"q y.local. A"})).empty()) << "our own address";
    EXPECT_TRUE(hear(from(1, "198.51.100.1"), query({"q y.local. A"})).empty()) << "on any link";
}

// A unique RRset of which a part is an echo must not cross with its cache-flush bit.
TEST_F(ReflectorTest, NeverSendsAPartOfASetWithTheFlushBit) {
    start({everything, everything_back});
    ASSERT_EQ(hear(printer, response({"an a.local. 120! A 192.0.2.20"})).size(), 1U);
    now += 3s;
    EXPECT_TRUE(hear(viewer, response({"an a.local. 120! A 192.0.2.20",
                                       "an a.local. 120! A 198.51.100.20"}))
                    .empty());
}

TEST_F(ReflectorTest, DoesNotSayWhatTheOtherLinkHasHeardJustNow) {
    start({everything, everything_back});
    ASSERT_EQ(hear(viewer, response({"an _ipp._tcp.local. 4500 PTR a._ipp._tcp.local."})).size(),
              1U);
    now += 500ms;
    EXPECT_TRUE(
        hear(printer, response({"an _ipp._tcp.local. 4500 PTR a._ipp._tcp.local."})).empty());
}

// What no rule is about is not remembered, and pushes nothing out that is.
TEST_F(ReflectorTest, RemembersOnlyWhatARuleReads) {
    start({printers});
    const Lines shared = {"an _ipp._tcp.local. 4500 PTR Laser._ipp._tcp.local."};
    const Lines asked = {"q _ipp._tcp.local. PTR"};
    hear(viewer, response(shared));
    hear(printer, query(asked));
    for (int host = 30; host < 230; ++host) {
        Lines records, questions;
        for (int i = 0; i < 100; ++i) {
            const std::string owner = "x" + std::to_string(host * 100 + i) + ".local.";
            records.push_back("an " + owner + " 120 A 192.0.2.20");
            questions.push_back("q " + owner + " A");
        }
        for (const auto& [id, network] :
             {std::pair(1U, "192.0.2."), std::pair(2U, "198.51.100.")}) {
            hear(from(id, network + std::to_string(host)), response(records));
            hear(from(id, network + std::to_string(host)), query(questions));
        }
    }
    EXPECT_TRUE(hear(printer, response(shared)).empty()) << "it was heard there just now";
    EXPECT_TRUE(hear(viewer, query(asked)).empty()) << "it was asked there just now";
    now += 1s;
    EXPECT_EQ(hear(printer, response(shared)).size(), 1U);
    EXPECT_EQ(hear(viewer, query(asked)).size(), 1U);
}

// A loop slower than a second: another reflector that waits. It is passed on less and less.
TEST_F(ReflectorTest, SlowsDownAQuestionThatGoesInCircles) {
    start({everything, everything_back});
    int passed = 0;
    for (int i = 0; i < 120; ++i) {
        now += 1500ms;
        passed +=
            static_cast<int>(hear(i % 2 == 0 ? viewer : printer, query({"q x.local. A"})).size());
    }
    EXPECT_LE(passed, 45) << "of 120 in three minutes";
}

TEST_F(ReflectorTest, PassesEveryProbeAndItsRival) {
    start({everything, everything_back});
    const Message ours = query({"q box.local. ANY QU", "ns box.local. 120 A 192.0.2.20"});
    const Message theirs = query({"q box.local. ANY QU", "ns box.local. 120 A 198.51.100.20"});
    for (int i = 0; i < 3; ++i) {
        const auto sent = hear(printer, ours);
        EXPECT_EQ(only(sent), (Lines{"q box.local. ANY", "ns box.local. 120 A 192.0.2.20"})) << i;
        EXPECT_EQ(hear(viewer, theirs).size(), 1U) << "another proposal is no echo";
        EXPECT_TRUE(hear(viewer, ours).empty()) << "the same one is";
        now += 250ms;
    }
}

// CVE-2017-6519 and its like: nothing for who is not on the link (rf-02).
TEST_F(ReflectorTest, IgnoresWhoIsNotOnTheLink) {
    start({everything});
    EXPECT_TRUE(hear(from(1, "203.0.113.5"), response(printer_lines)).empty());
    EXPECT_TRUE(hear(from(2, "203.0.113.5", 40000), query({"q x.local. A"})).empty());
    EXPECT_EQ(reflector->stats().off_link, 2U);
    mdns::PacketInfo direct = viewer;
    direct.destination = mdns::Destination::unicast;
    EXPECT_TRUE(hear(direct, query({"q x.local. A"})).empty()) << "what is sent to us alone";
    EXPECT_TRUE(hear(from(1, "192.0.2.20", 40000), response(printer_lines)).empty())
        << "responses come from port 5353 (RFC 6762 §6)";
    EXPECT_TRUE(hear(printer, {1, 2, 3}).empty());
    EXPECT_EQ(reflector->stats().malformed, 1U);
}

// rf-02: a simple resolver gets the replies of the other link, in the form of RFC 6762 §6.7.
TEST_F(ReflectorTest, HandsRepliesToSimpleResolvers) {
    start({everything, everything_back, {{"vlan3"}, {"vlan1"}, {}}});
    const auto asked =
        hear(from(2, "198.51.100.20", 40000), message({0, 0x1234}, {"q laser.local. A QU"}));
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].interface, 1U);
    EXPECT_EQ(asked[0].socket, mdns::SocketKind::one_shot);
    EXPECT_EQ(asked[0].destination, mdns::Destination::group);
    const auto second =
        hear(from(2, "198.51.100.21", 50000), message({0, 0x4321}, {"q laser.local. A"}));
    EXPECT_TRUE(second.empty()) << "waits for the same replies";

    mdns::PacketInfo reply = from(1, "192.0.2.20");
    reply.destination = mdns::Destination::unicast;
    reply.socket = mdns::SocketKind::one_shot;
    const Lines answer = {"q laser.local. A", "an laser.local. 120! A 192.0.2.20",
                          "ar laser.local. 120! AAAA fe80::1"};
    const Message bytes = message({dns::Header::qr | dns::Header::aa, asked[0].id}, answer);
    const auto handed = hear(reply, bytes);
    EXPECT_EQ(taken, Reflector::Taken::ours);
    ASSERT_EQ(handed.size(), 2U);
    EXPECT_EQ(handed[0].to, (Endpoint{*IpAddress::from_text("198.51.100.20"), 40000, 0}));
    EXPECT_EQ(handed[0].interface, 2U);
    EXPECT_EQ(handed[0].id, 0x1234);
    EXPECT_EQ(handed[0].lines, (Lines{"q laser.local. A QU", "an laser.local. 10 A 192.0.2.20"}));
    EXPECT_EQ(handed[1].id, 0x4321);

    EXPECT_TRUE(hear(reply, message({dns::Header::qr, 1}, answer)).empty());
    EXPECT_EQ(taken, Reflector::Taken::copied) << "not of a question that we passed on";
    mdns::PacketInfo elsewhere = from(3, "203.0.113.20");
    elsewhere.destination = mdns::Destination::unicast;
    elsewhere.socket = mdns::SocketKind::one_shot;
    EXPECT_TRUE(hear(elsewhere, bytes).empty());
    EXPECT_EQ(taken, Reflector::Taken::copied) << "nothing was asked on that link";
    EXPECT_TRUE(hear(reply, bytes).empty()) << "each record is handed on once";
    const auto more =
        hear(reply, message({dns::Header::qr, asked[0].id}, {"an laser.local. 120! A 192.0.2.21"}));
    EXPECT_EQ(more.size(), 2U);
    EXPECT_TRUE(hear(from(1, "192.0.2.99", 40000), message({0, 9}, {"q laser.local. A"})).empty())
        << "another reflector asks what we ask there";
    now += legacy_life;
    EXPECT_TRUE(hear(reply, bytes).empty()) << "too late";
}

TEST_F(ReflectorTest, CutsNothingAndSplitsWhatIsTooLarge) {
    start({everything});
    Lines many;
    for (int i = 0; i < 120; ++i)
        many.push_back("an _ipp._tcp.local. 4500 PTR printer-number-" + std::to_string(i) +
                       "._ipp._tcp.local.");
    const auto sent = hear(printer, response(many));
    ASSERT_GT(sent.size(), 1U);
    std::size_t records = 0;
    for (const Sent& packet : sent) {
        EXPECT_LE(packet.bytes.size(), 1500 - mdns::ip_udp_header_bytes);
        records += packet.lines.size();
    }
    EXPECT_EQ(records, many.size());
    many.insert(many.begin(), "q _ipp._tcp.local. PTR");
    const auto asked = hear(viewer, query(many));
    ASSERT_GT(asked.size(), 1U);
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(dns::read_header(asked[i].bytes)->has(dns::Header::tc), i + 1 < asked.size())
            << "RFC 6762 §7.2";
    }
}

// rf-07, and every table.
TEST_F(ReflectorTest, IsBounded) {
    start({everything, everything_back});
    std::size_t packets = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string host = "192.0.2." + std::to_string(2 + rng.below(250));
        packets += hear(from(1, host),
                        response({"an x" + std::to_string(i) + ".local. 120! A 192.0.2.20"}))
                       .size();
    }
    EXPECT_LE(packets, static_cast<std::size_t>(packets_burst));
    EXPECT_GT(reflector->stats().limited, 0U);
    now += 1s;
    EXPECT_EQ(hear(viewer, response({"an y.local. 120! A 198.51.100.9"})).size(), 1U)
        << "the other direction has a budget of its own";
    packets = 0;
    for (int i = 0; i < 1000; ++i)
        packets += hear(from(2, "198.51.100.30"),
                        response({"an z" + std::to_string(i) + ".local. 120! A 198.51.100.9"}))
                       .size();
    EXPECT_LE(packets, static_cast<std::size_t>(source_packets_burst)) << "one host's share";
}

TEST(ReflectorTables, AreBounded) {
    const Time now = Time{} + 1h;
    SeededRng rng(1);
    Recent recent;
    for (std::uint64_t i = 0; i < 3 * recent_max; ++i) recent.touch(now, i);
    EXPECT_EQ(recent.size(), recent_max);
    Hosts hosts;
    for (std::uint64_t i = 0; i < 3 * hosts_max; ++i) hosts.on_service(now, i, 1min);
    EXPECT_EQ(hosts.size(), hosts_max);
    SourceBudgets sources;
    for (std::uint64_t i = 0; i < 3 * sources_max; ++i) sources.take(now, i);
    EXPECT_EQ(sources.size(), sources_max);
}

// One thing again and again pushes nothing else out.
TEST(ReflectorTables, ForgetWhatWasTouchedLongestAgo) {
    Time now = Time{} + 1h;
    Recent recent;
    recent.touch(now, 1);
    for (std::size_t i = 0; i < 3 * recent_max; ++i) recent.touch(now, 2);
    EXPECT_EQ(recent.size(), 2U);
    EXPECT_TRUE(recent.within(now, 1, 1s));
    now += 2s;
    EXPECT_FALSE(recent.within(now, 1, 1s)) << "it is known, but was not so lately";
    EXPECT_TRUE(recent.within(now, 1, echo_life));
    recent.touch(now, 2);
    now += echo_life - 1s;
    recent.touch(now, 3);
    EXPECT_EQ(recent.size(), 2U) << "what is older than echo_life goes";
    EXPECT_EQ(recent.find(now, 1), nullptr);
    for (std::uint64_t i = 10; i < 10 + recent_max - 1; ++i) {
        recent.touch(now, i);
        if (i % 1000 == 0) recent.touch(now, 2);
    }
    EXPECT_TRUE(recent.within(now, 2, 1s)) << "what is touched stays";
    EXPECT_FALSE(recent.within(now, 3, 1s)) << "the oldest goes";
}

// Anybody can say any number of addresses.
TEST(ReflectorTables, KnowHostsThatHaveServices) {
    const Time now = Time{} + 1h;
    Hosts hosts;
    hosts.on_service(now, 1, 1min);
    hosts.on_address(now, 1, Hosts::Reach::this_link, 1min);
    for (std::uint64_t i = 2; i < 3 * hosts_max; ++i)
        hosts.on_address(now, i, Hosts::Reach::beyond, 1min);
    EXPECT_EQ(hosts.size(), 1U);
    EXPECT_TRUE(hosts.has_service(now, 1));
    EXPECT_TRUE(hosts.is_out_of_reach(now, 1));
    // Nor do services push out a host that is heard.
    for (std::uint64_t i = 2; i < 3 * hosts_max; ++i) {
        hosts.on_service(now, i, 1min);
        if (i % 1000 == 0) hosts.on_address(now, 1, Hosts::Reach::this_link, 1min);
    }
    EXPECT_TRUE(hosts.has_service(now, 1));
    EXPECT_FALSE(hosts.has_service(now, 2));
}

LegacyClient client(std::uint8_t host, std::uint16_t port) {
    return {2, {IpAddress::v4(198, 51, 100, host), port, 0}, 7, 512};
}

TEST(LegacyQueries, AreBoundedForEachHost) {
    const Time now = Time{} + 1h;
    SeededRng rng(1);
    LegacyQueries legacy;
    std::size_t taken = 0;
    while (legacy.add(now, rng, client(1, 4000)) != nullptr) ++taken;
    EXPECT_EQ(taken, legacy_per_host_max) << "whichever port it asks from";
    for (std::uint8_t host = 2; host < 100; ++host) {
        for (std::size_t i = 0; i < legacy_per_host_max; ++i)
            legacy.add(now, rng, client(host, 4000));
    }
    EXPECT_EQ(legacy.size(), legacy_max);
    LegacyQuery* const query = legacy.add(now + legacy_life, rng, client(1, 4000));
    ASSERT_NE(query, nullptr) << "they end";
    EXPECT_TRUE(query->add_client(client(1, 4000))) << "it waits already";
    EXPECT_TRUE(query->add_client(client(1, 4001)));
    EXPECT_FALSE(query->add_client(client(1, 4002))) << "one host has few places";
    for (std::uint8_t host = 2; query->clients.size() < legacy_clients_max; ++host)
        ASSERT_TRUE(query->add_client(client(host, 4000)));
    EXPECT_FALSE(query->add_client(client(200, 4000))) << "nor do all have more";
    for (std::uint64_t record = 0; record < legacy_records_max; ++record)
        ASSERT_TRUE(query->is_new(record));
    EXPECT_FALSE(query->is_new(1));
    EXPECT_FALSE(query->is_new(legacy_records_max)) << "all are counted as told";
}

// An old one with the same questions still waits for replies when the next one is asked.
TEST(LegacyQueries, FindTheYoungestWithTheSameQuestions) {
    Time now = Time{} + 1h;
    SeededRng rng(1);
    LegacyQueries legacy;
    legacy.add(now, rng, client(1, 4000))->key = 5;
    EXPECT_NE(legacy.find_same(now, 5), nullptr);
    EXPECT_EQ(legacy.find_same(now, 6), nullptr);
    now += question_echo_life;
    EXPECT_EQ(legacy.find_same(now, 5), nullptr) << "a second later it may be asked again";
    LegacyQuery* const second = legacy.add(now, rng, client(2, 4000));
    second->key = 5;
    const std::uint16_t id = second->id;
    ASSERT_NE(legacy.find_same(now + 500ms, 5), nullptr);
    EXPECT_EQ(legacy.find_same(now + 500ms, 5)->id, id);
}

// However many links a packet goes to, it is one packet of its host.
TEST_F(ReflectorTest, CountsAPacketOfAHostOnce) {
    start({{{"vlan1"}, {"vlan*"}, {}}});
    std::size_t packets = 0;
    for (int i = 0; i < 1000; ++i)
        packets +=
            hear(printer, response({"an x" + std::to_string(i) + ".local. 120! A 192.0.2.20"}))
                .size();
    EXPECT_EQ(packets, 2 * static_cast<std::size_t>(source_packets_burst));
    now += 10s;
    for (int i = 0; i < 1000; ++i) hear(printer, {1, 2, 3});
    EXPECT_LE(reflector->stats().malformed, static_cast<std::uint64_t>(source_packets_burst) + 1)
        << "packets that cannot be read are its packets, too";
}

// One packet may become several, and one reply goes to many: each that is sent counts.
TEST_F(ReflectorTest, CountsEveryPacketThatItSends) {
    start({everything});
    std::size_t packets = 0;
    for (int host = 2; host < 250; ++host) {
        Lines own;
        for (int i = 0; i < 30; ++i)
            own.push_back("an n" + std::to_string(host * 100 + i) + ".local. 120 TXT \"" +
                          std::string(250, 'x') + "\"");
        packets += hear(from(1, "192.0.2." + std::to_string(host)), response(own)).size();
    }
    EXPECT_EQ(packets, static_cast<std::size_t>(packets_burst)) << "six for each";
    now += 1min;
    packets = 0;
    for (int i = 0; i < 400; ++i) {
        const std::string owner = "h" + std::to_string(i) + ".local.";
        const std::string host = std::to_string(2 + i % 100);
        const auto asked = hear(from(2, "198.51.100." + host, 40000), query({"q " + owner + " A"}));
        const auto second = hear(from(2, "198.51.100.200", 40000), query({"q " + owner + " A"}));
        if (asked.empty()) continue;
        mdns::PacketInfo reply = from(1, "192.0.2." + host);
        reply.destination = mdns::Destination::unicast;
        reply.socket = mdns::SocketKind::one_shot;
        packets += hear(reply, message({dns::Header::qr, asked[0].id},
                                       {"an " + owner + " 120 A 192.0.2.20"}))
                       .size();
    }
    EXPECT_LE(packets, static_cast<std::size_t>(packets_burst)) << "replies are packets, too";
}

// RDATA of a class in which the type means nothing is anything; it was written again as if it had names.
TEST_F(ReflectorTest, DropsRecordsOfOtherClasses) {
    start({everything, everything_back});
    const Message data[] = {{}, {1}, {0, 1, 0xff}, {0, 1, 1, 'a', 0}, {192, 0, 2, 1, 5}};
    for (const dns::RrType type : {dns::RrType::A, dns::RrType::AAAA, dns::RrType::PX,
                                   dns::RrType::KX, dns::RrType::SRV, dns::RrType::NSAP_PTR}) {
        for (const int klass : {2, 3, 4, 254, 0x8003, 0x8004}) {
            for (const Message& rdata : data) {
                for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{0x8400}}) {
                    for (const dns::Section section :
                         {dns::Section::answer, dns::Section::authority}) {
                        Message buffer(512);
                        dns::MessageBuilder builder;
                        builder.start(buffer, buffer.size());
                        builder.set_flag(flags);
                        if (flags == 0)
                            builder.add_question(name("x.local."), dns::RrType::ANY,
                                                 dns::RrClass::IN);
                        builder.add_record(section, name("x.local."), type,
                                           static_cast<dns::RrClass>(klass), 120, rdata);
                        const Bytes done = builder.finish();
                        now += 1min;
                        for (const Sent& sent : hear(printer, {done.begin(), done.end()}))
                            EXPECT_EQ(sent.lines, Lines{"q x.local. ANY"});
                    }
                }
            }
        }
    }
}

// RFC 6762 §7.2: the rest of a list of known answers goes where its question went, and nowhere else.
TEST_F(ReflectorTest, PassesOnTheRestOfAListWithItsQuestion) {
    start({everything, everything_back});
    const Lines rest = {"an _ipp._tcp.local. 4000 PTR Old._ipp._tcp.local."};
    const Message first = message({dns::Header::tc, 0}, {"q _ipp._tcp.local. PTR"});
    EXPECT_TRUE(hear(viewer, query(rest)).empty()) << "nobody asked";
    EXPECT_EQ(reflector->stats().unasked, 1U);
    const auto asked = hear(viewer, first);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_TRUE(dns::read_header(asked[0].bytes)->has(dns::Header::tc));
    EXPECT_TRUE(hear(from(2, "198.51.100.21"), query(rest)).empty()) << "another host";
    EXPECT_EQ(only(hear(viewer, query(rest))), rest);
    // Another reflector, whose question is an echo, has nothing to add.
    EXPECT_TRUE(hear(from(1, "192.0.2.99"), first).empty());
    EXPECT_TRUE(hear(from(1, "192.0.2.99"), query(rest)).empty());
    now += list_life;
    EXPECT_TRUE(hear(viewer, query(rest)).empty()) << "too late";
    // It asks something else itself, and has the list from us.
    ASSERT_EQ(hear(viewer, first).size(), 1U);
    ASSERT_EQ(
        hear(from(1, "192.0.2.99"), message({dns::Header::tc, 0}, {"q _http._tcp.local. PTR"}))
            .size(),
        1U);
    EXPECT_EQ(only(hear(viewer, query(rest))), rest);
    EXPECT_TRUE(hear(from(1, "192.0.2.99"), query(rest)).empty()) << "it came from here";
    EXPECT_GT(reflector->stats().echoes, 0U);
}

TEST_F(ReflectorTest, LosesNoQuestionOfAFullPacket) {
    start({everything, everything_back});
    const auto lines = [](const std::string& what, const std::string& type) {
        Lines out;
        for (int i = 0; i < 60; ++i)
            out.push_back(what + " a-rather-long-name-of-a-host-number-" + std::to_string(i) +
                          ".local." + type);
        return out;
    };
    const Lines asked = lines("q", " A");
    Lines got;
    for (const Sent& sent : hear(viewer, query(asked))) {
        EXPECT_LE(sent.bytes.size(), 1500 - mdns::ip_udp_header_bytes);
        EXPECT_FALSE(dns::read_header(sent.bytes)->has(dns::Header::tc));
        got.insert(got.end(), sent.lines.begin(), sent.lines.end());
    }
    EXPECT_EQ(got, asked);

    // Known answers are those of all the questions: more is to come until they have.
    now += 1min;
    Lines both = asked;
    both.push_back("an a-rather-long-name-of-a-host-number-1.local. 100 A 192.0.2.1");
    const auto packets = hear(viewer, query(both));
    ASSERT_GT(packets.size(), 1U);
    for (std::size_t i = 0; i < packets.size(); ++i)
        EXPECT_EQ(dns::read_header(packets[i].bytes)->has(dns::Header::tc), i + 1 < packets.size());

    // A probe stays with what it proposes.
    const Lines names = lines("q", " ANY");
    const Lines proposed = lines("ns", " 120 A 192.0.2.7");
    Lines probe = names;
    probe.insert(probe.end(), proposed.begin(), proposed.end());
    Lines questions;
    for (const Sent& sent : hear(viewer, query(probe))) {
        const std::size_t half = sent.lines.size() / 2;
        for (std::size_t i = 0; i < half; ++i) {
            questions.push_back(sent.lines[i]);
            EXPECT_EQ(sent.lines[i].substr(2, 40), sent.lines[half + i].substr(3, 40));
        }
    }
    EXPECT_EQ(questions, names);
}

TEST_F(ReflectorTest, FollowsLinksAndPolicy) {
    start({everything});
    reflector->remove_link(2, IpFamily::v4);
    EXPECT_TRUE(hear(printer, response(printer_lines)).empty());
    reflector->set_link(2, "vlan2", IpFamily::v4, {{mdns::test::prefix("198.51.100.1/24")}, 1500});
    EXPECT_EQ(hear(printer, response(printer_lines)).size(), 1U);
    reflector->set_policy({});
    now += 1min;
    EXPECT_TRUE(hear(printer, response(printer_lines)).empty());
    reflector->set_policy({{{{"vlan*"}, {"*"}, {}}}});
    EXPECT_EQ(hear(printer, response(printer_lines)).size(), 2U) << "to both others";
}

}  // namespace
}  // namespace kith::discovery::reflector
