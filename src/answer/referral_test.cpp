// Referrals: the NS of the cut, the glue without which they are useless (RFC 9471), and TC when
// that glue does not fit.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

World lan() {
    World world;
    world.zone("lan",
               "@             300 SOA   ns admin 1 2 3 4 300\n"
               "@             300 NS    ns\n"
               "ns             60 A     192.0.2.53\n"
               "in             60 NS    ns1.in\n"
               "in             60 NS    ns2.deep.in\n"
               "ns1.in         60 A     192.0.2.1\n"
               "ns1.in         60 AAAA  2001:db8::1\n"
               "ns2.deep.in    60 A     192.0.2.2\n"
               "sibling        60 NS    ns1.in\n"
               "self           60 NS    self\n"
               "self           60 A     192.0.2.3\n"
               "mine           60 NS    ns\n"
               "any            60 NS    a.pool\n"
               "*.pool         60 A     192.0.2.77\n"
               "out            60 NS    ns.example.com.\n"
               "lost           60 NS    nowhere.lost\n"
               "signed         60 NS    ns.example.com.\n"
               "signed         60 DS    1 8 2 "
               "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n"
               "below.mine     60 A     192.0.2.66\n");
    return world;
}

const Row rows[] = {
    {"glue below the cut, both families", "www.in.lan A",
     "NOERROR\nauthority in.lan. 60 NS ns1.in.lan.\nauthority in.lan. 60 NS ns2.deep.in.lan.\n"
     "additional ns1.in.lan. 60 A 192.0.2.1\nadditional ns1.in.lan. 60 AAAA 2001:db8::1\n"
     "additional ns2.deep.in.lan. 60 A 192.0.2.2\n"},
    {"RFC 9471 §2.2: sibling glue is given too", "www.sibling.lan A",
     "NOERROR\nauthority sibling.lan. 60 NS ns1.in.lan.\nadditional ns1.in.lan. 60 A 192.0.2.1\n"
     "additional ns1.in.lan. 60 AAAA 2001:db8::1\n"},
    {"a name server named as the cut", "self.lan A",
     "NOERROR\nauthority self.lan. 60 NS self.lan.\nadditional self.lan. 60 A 192.0.2.3\n"},
    {"addresses of this zone itself", "x.mine.lan A",
     "NOERROR\nauthority mine.lan. 60 NS ns.lan.\nadditional ns.lan. 60 A 192.0.2.53\n"},
    {"RFC 1034 §4.3.2 3b: a wildcard's address is one of this zone", "x.any.lan A",
     "NOERROR\nauthority any.lan. 60 NS a.pool.lan.\nadditional a.pool.lan. 60 A 192.0.2.77\n"},
    {"name servers elsewhere need no glue", "x.out.lan A",
     "NOERROR\nauthority out.lan. 60 NS ns.example.com.\n"},
    {"glue that is missing", "x.lost.lan A",
     "NOERROR\nauthority lost.lan. 60 NS nowhere.lost.lan.\n"},
    {"NS at the cut is no answer of ours", "in.lan NS",
     "NOERROR\nauthority in.lan. 60 NS ns1.in.lan.\nauthority in.lan. 60 NS ns2.deep.in.lan.\n"
     "additional ns1.in.lan. 60 A 192.0.2.1\nadditional ns1.in.lan. 60 AAAA 2001:db8::1\n"
     "additional ns2.deep.in.lan. 60 A 192.0.2.2\n"},
    {"ANY at the cut", "out.lan ANY", "NOERROR\nauthority out.lan. 60 NS ns.example.com.\n"},
    {"glue asked for is referred, not answered", "ns1.in.lan A",
     "NOERROR\nauthority in.lan. 60 NS ns1.in.lan.\nauthority in.lan. 60 NS ns2.deep.in.lan.\n"
     "additional ns1.in.lan. 60 A 192.0.2.1\nadditional ns1.in.lan. 60 AAAA 2001:db8::1\n"
     "additional ns2.deep.in.lan. 60 A 192.0.2.2\n"},
    {"what stands below a cut is occluded", "below.mine.lan A",
     "NOERROR\nauthority mine.lan. 60 NS ns.lan.\nadditional ns.lan. 60 A 192.0.2.53\n"},
    {"without DO no DS", "x.signed.lan A",
     "NOERROR\nauthority signed.lan. 60 NS ns.example.com.\n"},
};

TEST(Referral, HasItsGlue) {
    World world = lan();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
    EXPECT_EQ(world.ask("x.signed.lan A", {.edns = true, .dnssec_ok = true}),
              "NOERROR\nauthority signed.lan. 60 NS ns.example.com.\n"
              "authority signed.lan. 60 DS 1 8 2 "
              "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n")
        << "RFC 4035 §3.1.4: with DO the DS comes along";
}

/// A cut with 13 name servers and IPv6 glue: more than 512 bytes.
World crowded(const char* place) {
    std::string lines = "@ 300 SOA ns admin 1 2 3 4 300\n";
    for (int i = 0; i < 13; ++i) {
        const std::string host = "ns" + std::to_string(i) + place;
        lines +=
            "cut 60 NS " + host + "\n" + host + " 60 AAAA 2001:db8::" + std::to_string(i) + "\n";
    }
    World world;
    world.zone("lan", lines);
    return world;
}

TEST(Referral, SetsTcWhenRequiredGlueDoesNotFit) {
    World world = crowded(".cut");
    const std::string small = world.ask("x.cut.lan A");
    EXPECT_TRUE(small.starts_with("NOERROR tc\n")) << small;
    EXPECT_NE(small.find("additional ns0.cut.lan."), std::string::npos) << "what fits is there";
    const std::string large = world.ask("x.cut.lan A", {.edns = true});
    EXPECT_TRUE(large.starts_with("NOERROR\n")) << large;
    EXPECT_NE(large.find("additional ns12.cut.lan."), std::string::npos);
}

TEST(Referral, LeavesOutSiblingGlueWithoutTc) {
    World world = crowded(".beside");
    const std::string small = world.ask("x.cut.lan A");
    EXPECT_TRUE(small.starts_with("NOERROR\n")) << small;
    EXPECT_EQ(small.find("additional ns12.beside.lan."), std::string::npos);
}

TEST(Referral, GoesToConfiguredUpstreamsInstead) {
    struct Port final : ForwardPort {
        Verdict forward(Query& query, dns::MessageBuilder&) override {
            asked += query.target().view().to_text();
            return Verdict::answered;
        }
        std::string asked;
    } port;
    AnswerOptions options;
    options.forwarding = true;
    options.forward_names = {name_of("out.lan")};
    World world(options, &port);
    world.zone(
        "lan",
        "@ 300 SOA ns admin 1 2 3 4 300\nout 60 NS ns.example.com.\nin 60 NS ns.example.com.\n");
    EXPECT_EQ(world.ask("x.out.lan A", {.rd = true}), "NOERROR ra\n");
    EXPECT_EQ(port.asked, "x.out.lan.");
    EXPECT_EQ(world.ask("x.out.lan A"), "NOERROR ra\nauthority out.lan. 60 NS ns.example.com.\n")
        << "without RD what we know ourselves";
    EXPECT_EQ(world.ask("x.in.lan A", {.rd = true}),
              "NOERROR ra\nauthority in.lan. 60 NS ns.example.com.\n")
        << "a name in a local zone is not forwarded unless configured";
    EXPECT_EQ(port.asked, "x.out.lan.");
}

}  // namespace
}  // namespace kith::answer
