// CNAME chains: in a zone, across zones, out of all zones, and those that never end.

#include <gtest/gtest.h>

#include <algorithm>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

World lan() {
    World world;
    world.zone("lan",
               "@      300 SOA   ns admin 1 2 3 4 300\n"
               "host    60 A     192.0.2.1\n"
               "www     60 CNAME host\n"
               "two     60 CNAME www\n"
               "cross   60 CNAME host.corp.\n"
               "out     60 CNAME www.example.com.\n"
               "child   60 CNAME x.cut\n"
               "cut     60 NS    ns.cut\n"
               "ns.cut  60 A     192.0.2.53\n"
               "self    60 CNAME self\n"
               "a       60 CNAME b\n"
               "b       60 CNAME A\n"
               "root    60 CNAME .\n");
    world.zone("corp",
               "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.2\nback 60 CNAME host.lan.\n");
    return world;
}

const Row rows[] = {
    {"RFC 1034 §3.6.2: the CNAME and what it stands for", "www.lan A",
     "NOERROR aa\nwww.lan. 60 CNAME host.lan.\nhost.lan. 60 A 192.0.2.1\n"},
    {"two steps", "two.lan A",
     "NOERROR aa\ntwo.lan. 60 CNAME www.lan.\nwww.lan. 60 CNAME host.lan.\nhost.lan. 60 A "
     "192.0.2.1\n"},
    {"asked for the CNAME: only it", "two.lan CNAME", "NOERROR aa\ntwo.lan. 60 CNAME www.lan.\n"},
    {"RFC 8482: ANY does not follow", "two.lan ANY", "NOERROR aa\ntwo.lan. 60 CNAME www.lan.\n"},
    {"into another local zone", "cross.lan A",
     "NOERROR aa\ncross.lan. 60 CNAME host.corp.\nhost.corp. 60 A 192.0.2.2\n"},
    {"and back from it", "back.corp A",
     "NOERROR aa\nback.corp. 60 CNAME host.lan.\nhost.lan. 60 A 192.0.2.1\n"},
    {"out of all zones: the client goes on from there", "out.lan A",
     "NOERROR aa\nout.lan. 60 CNAME www.example.com.\n"},
    {"into a child zone: the referral follows, AA is the first name's", "child.lan A",
     "NOERROR aa\nchild.lan. 60 CNAME x.cut.lan.\nauthority cut.lan. 60 NS ns.cut.lan.\n"
     "additional ns.cut.lan. 60 A 192.0.2.53\n"},
    {"a CNAME to itself stands once", "self.lan A", "NOERROR aa\nself.lan. 60 CNAME self.lan.\n"},
    {"a circle stands once, whatever the case", "a.lan A",
     "NOERROR aa\na.lan. 60 CNAME b.lan.\nb.lan. 60 CNAME a.lan.\n"},
    {"to the root", "root.lan A", "NOERROR aa\nroot.lan. 60 CNAME .\n"},
};

TEST(Chain, Follows) {
    World world = lan();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
    EXPECT_EQ(world.answerer->counters().chains_cut.get(), 2U) << "self and a";
}

TEST(Chain, EndsAtTheLimit) {
    std::string lines = "@ 300 SOA ns admin 1 2 3 4 300\n";
    for (int i = 0; i < 40; ++i) {
        lines += "n" + std::to_string(i) + " 60 CNAME n" + std::to_string(i + 1) + "\n";
    }
    World world;
    world.zone("lan", lines);
    const std::string answer = world.ask("n0.lan A", {.transport = Transport::tcp});
    EXPECT_EQ(std::ranges::count(answer, '\n'), 1 + chain_steps_max + 1);
    EXPECT_TRUE(answer.ends_with("n16.lan. 60 CNAME n17.lan.\n")) << answer;
    EXPECT_EQ(world.answerer->counters().chains_cut.get(), 1U);
    EXPECT_TRUE(world.ask("n25.lan A")
                    .ends_with("n40.lan.\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"))
        << "one step below the limit the chain ends by itself";
}

TEST(Chain, RewritesSeeTheTargetToo) {
    World world = lan();
    world.rewrite("www.example.com", {.action = RewriteAction::nxdomain});
    EXPECT_EQ(world.ask("out.lan A"),
              "NXDOMAIN aa\nout.lan. 60 CNAME www.example.com.\n"
              "authority www.example.com. 60 SOA www.example.com. nobody.invalid. 1 3600 1200 "
              "604800 60\n");
}

}  // namespace
}  // namespace kith::answer
