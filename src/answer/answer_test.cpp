// What an answer looks like: additional data, rotation, ANY, truncation, size, and no allocation.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

World lan() {
    World world;
    world.zone("lan",
               "@          300 SOA   ns admin 1 2 3 4 300\n"
               "@          300 NS    ns\n"
               "@          300 NS    ns.cut\n"
               "@          300 NS    ns.example.com.\n"
               "@          300 MX    10 mail\n"
               "@          300 MX    20 mail.corp.\n"
               "ns          60 A     192.0.2.53\n"
               "mail        60 A     192.0.2.25\n"
               "mail        60 AAAA  2001:db8::25\n"
               "cut         60 NS    ns.cut\n"
               "ns.cut      60 A     192.0.2.54\n"
               "_sip._udp   60 SRV   0 0 5060 mail\n"
               "_sip._tcp   60 SRV   0 0 5060 mail\n"
               "_sip._tcp   60 SRV   0 0 5061 mail\n"
               "web         60 HTTPS 1 . alpn=h2\n"
               "svc         60 SVCB  1 mail alpn=h2\n"
               "wild        60 MX    10 x.guests\n"
               "*.guests    60 A     192.0.2.77\n"
               "alias       60 MX    10 www\n"
               "www         60 CNAME mail\n"
               "many        60 A     192.0.2.1\n"
               "many        60 A     192.0.2.2\n"
               "many        60 A     192.0.2.3\n"
               "mixed       60 A     192.0.2.1\n"
               "mixed       60 MX    10 mail\n"
               "mixed       60 TXT   one\n");
    world.zone("corp", "@ 300 SOA ns admin 1 2 3 4 300\nmail 60 A 192.0.2.26\n");
    return world;
}

const Row rows[] = {
    {"MX: addresses here and in another local zone", "lan MX",
     "NOERROR aa\nlan. 300 MX 10 mail.lan.\nlan. 300 MX 20 mail.corp.\nadditional mail.lan. 60 A "
     "192.0.2.25\n"
     "additional mail.lan. 60 AAAA 2001:db8::25\nadditional mail.corp. 60 A 192.0.2.26\n"},
    {"SRV (RFC 2782)", "_sip._udp.lan SRV",
     "NOERROR aa\n_sip._udp.lan. 60 SRV 0 0 5060 mail.lan.\nadditional mail.lan. 60 A 192.0.2.25\n"
     "additional mail.lan. 60 AAAA 2001:db8::25\n"},
    {"SVCB (RFC 9460 §4.2)", "svc.lan SVCB",
     "NOERROR aa\nsvc.lan. 60 SVCB 1 mail.lan. alpn=\"h2\"\nadditional mail.lan. 60 A 192.0.2.25\n"
     "additional mail.lan. 60 AAAA 2001:db8::25\n"},
    {"a target that only a wildcard has", "wild.lan MX",
     "NOERROR aa\nwild.lan. 60 MX 10 x.guests.lan.\nadditional x.guests.lan. 60 A 192.0.2.77\n"},
    {"a target that is an alias gets no addresses (RFC 2181 §10.3)", "alias.lan MX",
     "NOERROR aa\nalias.lan. 60 MX 10 www.lan.\n"},
    {"RFC 8482 §4.1: ANY gets one RRset", "mixed.lan ANY",
     "NOERROR aa\nmixed.lan. 60 A 192.0.2.1\n"},
};

TEST(Answer, HasAdditionalData) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        World world = lan();  // anew, so that rotation begins at the first record
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
}

TEST(Answer, NamesAHostOnceInAdditionalData) {
    const std::string answer = lan().ask("_sip._tcp.lan SRV");
    EXPECT_EQ(answer.find("additional mail.lan. 60 A "), answer.rfind("additional mail.lan. 60 A "))
        << answer;
}

TEST(Answer, GivesNoGlueAsAdditionalData) {
    const std::string answer = lan().ask("lan NS", {.edns = true});
    EXPECT_NE(answer.find("additional ns.lan. 60 A"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("additional ns.cut.lan."), std::string::npos)
        << "what stands below a cut is the child's to say: " << answer;
}

TEST(Answer, RotatesRrsets) {
    World world = lan();
    EXPECT_EQ(world.ask("many.lan A"),
              "NOERROR aa\nmany.lan. 60 A 192.0.2.1\nmany.lan. 60 A 192.0.2.2\nmany.lan. 60 A "
              "192.0.2.3\n");
    EXPECT_EQ(world.ask("many.lan A"),
              "NOERROR aa\nmany.lan. 60 A 192.0.2.2\nmany.lan. 60 A 192.0.2.3\nmany.lan. 60 A "
              "192.0.2.1\n");
    EXPECT_EQ(world.ask("many.lan A"),
              "NOERROR aa\nmany.lan. 60 A 192.0.2.3\nmany.lan. 60 A 192.0.2.1\nmany.lan. 60 A "
              "192.0.2.2\n");
}

TEST(Answer, GivesAllOfAnyWhenConfigured) {
    AnswerOptions options;
    options.any = AnyPolicy::all;
    World world(options);
    world.zone("lan", "@ 300 SOA ns admin 1 2 3 4 300\nmixed 60 A 192.0.2.1\nmixed 60 TXT one\n");
    EXPECT_EQ(world.ask("mixed.lan ANY"),
              "NOERROR aa\nmixed.lan. 60 A 192.0.2.1\nmixed.lan. 60 TXT \"one\"\n");
}

/// `count` TXT records of `bytes` bytes at big.lan, and one address.
World big(int count, int bytes) {
    std::string lines =
        "@ 300 SOA ns admin 1 2 3 4 300\nwww 60 CNAME big\nmx 60 MX 10 host\nhost 60 A 192.0.2.1\n";
    for (int i = 0; i < count; ++i) {
        lines += "big 60 TXT " + std::string(static_cast<std::size_t>(bytes - 3), 'x') +
                 std::to_string(100 + i) + "\n";
    }
    World world;
    world.zone("lan", lines);
    return world;
}

TEST(Truncation, LeavesOutTheWholeRrset) {
    World world = big(4, 200);
    EXPECT_EQ(world.ask("big.lan TXT"), "NOERROR aa tc\n")
        << "512 bytes hold two of four records: none is given";
    EXPECT_EQ(world.ask("www.lan TXT"), "NOERROR aa tc\nwww.lan. 60 CNAME big.lan.\n")
        << "what fits whole stays";
    EXPECT_EQ(world.ask("big.lan TXT", {.edns = true, .payload_bytes = 800}), "NOERROR aa tc\n");
    EXPECT_EQ(world.answerer->counters().truncated.get(), 3U);
    EXPECT_TRUE(world.ask("big.lan TXT", {.edns = true}).starts_with("NOERROR aa\n"));
    EXPECT_TRUE(
        world.ask("big.lan TXT", {.transport = Transport::tcp}).starts_with("NOERROR aa\n"));
    EXPECT_EQ(world.answerer->counters().truncated.get(), 3U);
}

TEST(Truncation, HappensAtTheSmallerOfBothSizes) {
    struct SizeRow {
        const char* why;
        int count;
        std::uint16_t payload_bytes;
        bool fits;
    };
    // Header 12, question 13, each record 12 + 1 + 100, OPT 11.
    const SizeRow sizes[] = {
        {"488 of 512", 4, 512, true},
        {"601 of 512", 5, 512, false},
        {"RFC 6891 §6.2.3: less than 512 is 512", 4, 0, true},
        {"and not more", 5, 0, false},
        {"exactly the size", 5, 601, true},
        {"a byte less", 5, 600, false},
        {"1166 of our 1232, of 65535", 10, 65535, true},
        {"1279 of our 1232", 11, 65535, false},
    };
    for (const SizeRow& row : sizes) {
        SCOPED_TRACE(row.why);
        World world = big(row.count, 100);
        const Asking asking{.edns = true, .payload_bytes = row.payload_bytes};
        const auto message = question_of("big.lan TXT", asking);
        const Bytes response = world.send(message, asking);
        const std::size_t whole = 36 + static_cast<std::size_t>(row.count) * 113;
        EXPECT_EQ(response.size(), row.fits ? whole : 36U);
    }
}

TEST(Truncation, NeverHappensForCourtesies) {
    // 12 header, 12 question, MX 16 + 2 + ..., A 16: the answer fits 512 anyway; so make the name long.
    std::string lines = "@ 300 SOA ns admin 1 2 3 4 300\n";
    for (int i = 0; i < 9; ++i) {
        const std::string host = "host-number-" + std::to_string(i) + ".of-a-rather-long-name";
        lines +=
            "mx 60 MX " + std::to_string(i) + " " + host + "\n" + host + " 60 AAAA 2001:db8::1\n";
    }
    World world;
    world.zone("lan", lines);
    const std::string answer = world.ask("mx.lan MX");
    EXPECT_TRUE(answer.starts_with("NOERROR aa\n")) << answer;
    const auto count_of = [&](std::string_view text) {
        int count = 0;
        for (std::size_t at = 0; (at = answer.find(text, at)) != std::string::npos; ++at) ++count;
        return count;
    };
    EXPECT_EQ(count_of(" MX "), 9);
    EXPECT_GT(count_of("additional "), 0);
    EXPECT_LT(count_of("additional "), 9);
}

TEST(Truncation, OverAStreamIsAFailureNotACircle) {
    // Four types of 40,000 bytes at one name: each fits a message, all of ANY do not.
    AnswerOptions options;
    options.any = AnyPolicy::all;
    std::string lines = "@ 300 SOA ns admin 1 2 3 4 300\n";
    const std::string text(250, 'x');
    for (int i = 0; i < 160; ++i) {
        for (const char* type : {"TXT", "SPF"}) {
            lines +=
                "big 60 " + std::string(type) + " " + std::to_string(i) + text.substr(3) + "\n";
        }
    }
    World world(options);
    world.zone("lan", lines);
    EXPECT_EQ(world.ask("big.lan ANY", {.transport = Transport::tcp}), "SERVFAIL\n");
    EXPECT_TRUE(
        world.ask("big.lan TXT", {.transport = Transport::tcp}).starts_with("NOERROR aa\n"));
}

}  // namespace
}  // namespace kith::answer
