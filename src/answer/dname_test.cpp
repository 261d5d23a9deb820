// DNAME (RFC 6672): substitution, the synthesized CNAME, overflow, and what a DNAME hides.

#include <gtest/gtest.h>

#include <algorithm>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

#define OLD_SOA "authority old. 300 SOA ns.old. admin.old. 1 2 3 4 300\n"
#define NEW_SOA "authority new. 300 SOA ns.new. admin.new. 1 2 3 4 300\n"
#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_60 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

const Row rows[] = {
    {"§3.1: the DNAME, a CNAME with its TTL, and what is there", "host.moved.old A",
     "NOERROR aa\nmoved.old. 77 DNAME new.\nhost.moved.old. 77 CNAME host.new.\nhost.new. 60 A "
     "192.0.2.1\n"},
    {"§2.2: labels in front are kept, as spelled", "A.Host.moved.old A",
     "NXDOMAIN aa\nmoved.old. 77 DNAME new.\nA.Host.moved.old. 77 CNAME A.Host.new.\n" NEW_SOA},
    {"§2.3: the owner itself is not redirected", "moved.old A",
     "NOERROR aa\nmoved.old. 60 A 192.0.2.9\n"},
    {"§3.1: asked for at its owner it is data", "moved.old DNAME",
     "NOERROR aa\nmoved.old. 77 DNAME new.\n"},
    {"§2.3: and other types there deny as usual", "moved.old MX", "NOERROR aa\n" OLD_SOA},
    {"§3.1: a synthesized CNAME can be asked for", "host.moved.old CNAME",
     "NOERROR aa\nmoved.old. 77 DNAME new.\nhost.moved.old. 77 CNAME host.new.\n"},
    {"§3.2: ANY goes on as every other type does", "host.moved.old ANY",
     "NOERROR aa\nmoved.old. 77 DNAME new.\nhost.moved.old. 77 CNAME host.new.\nhost.new. 60 A "
     "192.0.2.1\n"},
    {"§3.2: and learns that there is nothing", "no.moved.old ANY",
     "NXDOMAIN aa\nmoved.old. 77 DNAME new.\nno.moved.old. 77 CNAME no.new.\n" NEW_SOA},
    {"§2.4: what stands below is occluded", "hidden.moved.old A",
     "NXDOMAIN aa\nmoved.old. 77 DNAME new.\nhidden.moved.old. 77 CNAME hidden.new.\n" NEW_SOA},
    {"a chain of DNAME", "host.twice.old A",
     "NOERROR aa\ntwice.old. 60 DNAME moved.old.\nhost.twice.old. 60 CNAME host.moved.old.\n"
     "moved.old. 77 DNAME new.\nhost.moved.old. 77 CNAME host.new.\nhost.new. 60 A 192.0.2.1\n"},
    {"a CNAME into a DNAME", "www.old A",
     "NOERROR aa\nwww.old. 60 CNAME host.moved.old.\nmoved.old. 77 DNAME new.\n"
     "host.moved.old. 77 CNAME host.new.\nhost.new. 60 A 192.0.2.1\n"},
    {"a name of exactly 255 bytes can be made", LABEL_63 "." LABEL_63 "." LABEL_60 ".long.old A",
     "NXDOMAIN aa\nlong.old. 60 DNAME " LABEL_60 ".new.\n" LABEL_63 "." LABEL_63 "." LABEL_60
     ".long.old. 60 CNAME " LABEL_63 "." LABEL_63 "." LABEL_60 "." LABEL_60 ".new.\n" NEW_SOA},
    {"§2.2: one of 256 cannot: YXDOMAIN, with the DNAME",
     LABEL_63 "." LABEL_63 ".b" LABEL_60 ".long.old A",
     "YXDOMAIN aa\nlong.old. 60 DNAME " LABEL_60 ".new.\n"},
    {"a target in no zone of ours ends the answer", "x.out.old A",
     "NOERROR aa\nout.old. 60 DNAME elsewhere.example.\nx.out.old. 60 CNAME "
     "x.elsewhere.example.\n"},
    {"a cut above hides the DNAME", "x.y.cut.old A",
     "NOERROR\nauthority cut.old. 60 NS ns.elsewhere.example.\n"},
    {"a DNAME at the apex of a zone", "host.apex A",
     "NOERROR aa\napex. 60 DNAME new.\nhost.apex. 60 CNAME host.new.\nhost.new. 60 A 192.0.2.1\n"},
    {"and the apex has its own records", "apex SOA",
     "NOERROR aa\napex. 300 SOA ns.new. admin.new. 1 2 3 4 300\n"},
    {"a DNAME onto a name below itself ends at the limit of a name, not of time", "a.loop.old A",
     nullptr},
};

World world_of_dnames() {
    World world;
    world.zone("old",
               "@             300 SOA   ns admin 1 2 3 4 300\n"
               "moved          77 DNAME new.\n"
               "moved          60 A     192.0.2.9\n"
               "hidden.moved   60 A     192.0.2.66\n"
               "twice          60 DNAME moved\n"
               "www            60 CNAME host.moved\n"
               "long           60 DNAME " LABEL_60
               ".new.\n"
               "out            60 DNAME elsewhere.example.\n"
               "cut            60 NS    ns.elsewhere.example.\n"
               "y.cut          60 DNAME new.\n"
               "loop           60 DNAME x.loop\n");
    world.zone("new", "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.1\n");
    world.zone("apex", "@ 300 SOA ns.new. admin.new. 1 2 3 4 300\n@ 60 DNAME new.\n");
    return world;
}

TEST(Dname, AnswersAsRfc6672) {
    World world = world_of_dnames();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const std::string answer = world.ask(row.question, {.transport = Transport::tcp});
        if (row.expected != nullptr) {
            EXPECT_EQ(answer, row.expected);
        }
    }
}

TEST(Dname, LoopIsBounded) {
    World world = world_of_dnames();
    const std::string answer = world.ask("a.loop.old A", {.transport = Transport::tcp});
    EXPECT_TRUE(answer.starts_with("NOERROR aa\nloop.old. 60 DNAME x.loop.old.\n")) << answer;
    EXPECT_EQ(std::ranges::count(answer, '\n'), 1 + 1 + (chain_steps_max + 1)) << answer;
    EXPECT_EQ(world.answerer->counters().chains_cut.get(), 1U);
}

}  // namespace
}  // namespace kith::answer
