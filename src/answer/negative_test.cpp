// Negative answers (RFC 2308), empty non-terminals, and DS on both sides of a cut.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

#define LAN_SOA "authority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"

World lan() {
    World world;
    world.zone("lan",
               "@              900 SOA   ns admin 1 2 3 4 300\n"
               "@              900 NS    ns\n"
               "ns             900 A     192.0.2.53\n"
               "host            60 A     192.0.2.1\n"
               "a.deep.name     60 A     192.0.2.2\n"
               "gone            60 CNAME nowhere\n"
               "none            60 CNAME host\n"
               "signed          60 NS    ns.signed\n"
               "signed          60 DS    1 8 2 "
               "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n"
               "plain           60 NS    ns.plain\n");
    return world;
}

const Row rows[] = {
    {"§2.1: NXDOMAIN has the SOA, its TTL the minimum", "nowhere.lan A", "NXDOMAIN aa\n" LAN_SOA},
    {"§2.2: NODATA likewise", "host.lan AAAA", "NOERROR aa\n" LAN_SOA},
    {"an unknown type is only a type", "host.lan TYPE65280", "NOERROR aa\n" LAN_SOA},
    {"an empty non-terminal exists", "deep.name.lan A", "NOERROR aa\n" LAN_SOA},
    {"and one level up", "name.lan A", "NOERROR aa\n" LAN_SOA},
    {"below a host nothing exists (RFC 8020)", "x.host.lan A", "NXDOMAIN aa\n" LAN_SOA},
    {"ANY for what is not there", "nowhere.lan ANY", "NXDOMAIN aa\n" LAN_SOA},
    {"§2.1: NXDOMAIN speaks of the last name of a chain (RFC 6604 §2.1)", "gone.lan A",
     "NXDOMAIN aa\ngone.lan. 60 CNAME nowhere.lan.\n" LAN_SOA},
    {"§2.2.1: NODATA at the end of a chain", "none.lan AAAA",
     "NOERROR aa\nnone.lan. 60 CNAME host.lan.\n" LAN_SOA},
    {"the SOA itself keeps its TTL", "lan SOA",
     "NOERROR aa\nlan. 900 SOA ns.lan. admin.lan. 1 2 3 4 300\n"},
    {"RFC 4035 §3.1.4.1: DS at a cut is the parent's, with authority", "signed.lan DS",
     "NOERROR aa\nsigned.lan. 60 DS 1 8 2 "
     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n"},
    {"and its absence too", "plain.lan DS", "NOERROR aa\n" LAN_SOA},
    {"DS at the apex, without the parent here: NODATA", "lan DS", "NOERROR aa\n" LAN_SOA},
    {"DS below a cut is the child's", "x.plain.lan DS",
     "NOERROR\nauthority plain.lan. 60 NS ns.plain.lan.\n"},
    {"case of the question is kept (0x20)", "NoWhere.LAN A",
     "NXDOMAIN aa\nauthority LAN. 300 SOA ns.LAN. admin.LAN. 1 2 3 4 300\n"},
};

TEST(Negative, AnswersAsRfc2308) {
    World world = lan();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
}

TEST(Negative, TtlIsTheSmallerOfSoaTtlAndMinimum) {
    World world;
    world.zone("low", "@ 30 SOA ns admin 1 2 3 4 300\n");
    EXPECT_EQ(world.ask("x.low A"),
              "NXDOMAIN aa\nauthority low. 30 SOA ns.low. admin.low. 1 2 3 4 300\n");
}

TEST(Negative, DsAtAnApexIsAnsweredFromTheZoneAbove) {
    World world = lan();
    world.zone("signed.lan", "@ 300 SOA ns admin 9 2 3 4 300\n@ 300 NS ns\nns 300 A 192.0.2.54\n");
    EXPECT_EQ(world.ask("signed.lan DS"),
              "NOERROR aa\nsigned.lan. 60 DS 1 8 2 "
              "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\n");
    EXPECT_EQ(
        world.ask("signed.lan A"),
        "NOERROR aa\nauthority signed.lan. 300 SOA ns.signed.lan. admin.signed.lan. 9 2 3 4 300\n")
        << "every other type is the child's";
}

TEST(Negative, TheRootZoneAnswersToo) {
    World world;
    world.zone(".",
               ". 900 SOA a.root. b.root. 1 2 3 4 300\n. 900 NS a.root.\nlan. 900 NS ns.lan.\n"
               "ns.lan. 900 A 192.0.2.1\n");
    EXPECT_EQ(world.ask(". SOA"), "NOERROR aa\n. 900 SOA a.root. b.root. 1 2 3 4 300\n");
    EXPECT_EQ(world.ask("nowhere. A"),
              "NXDOMAIN aa\nauthority . 300 SOA a.root. b.root. 1 2 3 4 300\n");
    EXPECT_EQ(world.ask(". DS"), "NOERROR aa\nauthority . 300 SOA a.root. b.root. 1 2 3 4 300\n");
    EXPECT_EQ(world.ask("x.lan A"),
              "NOERROR\nauthority lan. 900 NS ns.lan.\nadditional ns.lan. 900 A 192.0.2.1\n");
}

}  // namespace
}  // namespace kith::answer
