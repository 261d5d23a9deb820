// Wildcards: the zone and the responses of RFC 4592 §2.2.1, and the cases its text decides.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

World rfc_world() {
    World world;
    world.zone("example",
               "@                  3600 SOA ns.example.com. admin.example.com. 1 2 3 4 600\n"
               "@                  3600 NS  ns.example.com.\n"
               "@                  3600 NS  ns.example.net.\n"
               "*                  3600 TXT \"this is a wildcard\"\n"
               "*                  3600 MX  10 host1\n"
               "sub.*              3600 TXT \"this is not a wildcard\"\n"
               "host1              3600 A   192.0.2.1\n"
               "_ssh._tcp.host1    3600 SRV 0 0 22 host1\n"
               "_ssh._tcp.host2    3600 SRV 0 0 22 host2\n"
               "subdel             3600 NS  ns.example.com.\n"
               "subdel             3600 NS  ns.example.net.\n");
    return world;
}

#define EXAMPLE_SOA "authority example. 600 SOA ns.example.com. admin.example.com. 1 2 3 4 600\n"

const Row rfc_rows[] = {
    // "would be synthesized"
    {"host3 does not exist", "host3.example MX",
     "NOERROR aa\nhost3.example. 3600 MX 10 host1.example.\nadditional host1.example. 3600 A "
     "192.0.2.1\n"},
    {"no A at the wildcard: NODATA", "host3.example A", "NOERROR aa\n" EXAMPLE_SOA},
    {"bar does not exist, the wildcard does", "foo.bar.example TXT",
     "NOERROR aa\nfoo.bar.example. 3600 TXT \"this is a wildcard\"\n"},
    // "would not be synthesized"
    {"host1 exists", "host1.example MX", "NOERROR aa\n" EXAMPLE_SOA},
    {"sub.* exists", "sub.*.example MX", "NOERROR aa\n" EXAMPLE_SOA},
    {"_tcp.host1 exists, without data", "_telnet._tcp.host1.example SRV",
     "NXDOMAIN aa\n" EXAMPLE_SOA},
    {"subdel is a cut", "host.subdel.example A",
     "NOERROR\nauthority subdel.example. 3600 NS ns.example.com.\n"
     "authority subdel.example. 3600 NS ns.example.net.\n"},
    {"* exists, so it blocks itself", "ghost.*.example MX", "NXDOMAIN aa\n" EXAMPLE_SOA},
    // §2.2.2 and below
    {"host2 is an empty non-terminal", "host2.example MX", "NOERROR aa\n" EXAMPLE_SOA},
    {"an empty non-terminal two levels up", "_tcp.host2.example TXT", "NOERROR aa\n" EXAMPLE_SOA},
    {"§4: asked for by its own name it is an ordinary name", "*.example TXT",
     "NOERROR aa\n*.example. 3600 TXT \"this is a wildcard\"\n"},
    {"§2.1.3: case does not matter, and is kept", "HoSt3.eXample MX",
     "NOERROR aa\nHoSt3.eXample. 3600 MX 10 host1.eXample.\nadditional host1.eXample. 3600 A "
     "192.0.2.1\n"},
    {"many labels", "a.b.c.d.e.f.g.example TXT",
     "NOERROR aa\na.b.c.d.e.f.g.example. 3600 TXT \"this is a wildcard\"\n"},
};

TEST(Wildcard, AnswersAsRfc4592) {
    for (const Row& row : rfc_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(rfc_world().ask(row.question), row.expected);
    }
}

#define LAN_SOA "authority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"

TEST(Wildcard, FollowsTheRestOfRfc4592) {
    const Row rows[] = {
        {"§3.3.1: a CNAME at a wildcard is followed under the name asked", "x.alias.lan A",
         "NOERROR aa\nx.alias.lan. 60 CNAME host.lan.\nhost.lan. 60 A 192.0.2.9\n"},
        {"a CNAME at a wildcard asked for", "x.alias.lan CNAME",
         "NOERROR aa\nx.alias.lan. 60 CNAME host.lan.\n"},
        {"§4.2: NS at a wildcard cuts nothing; asked for it is data", "x.cut.lan NS",
         "NOERROR aa\nx.cut.lan. 60 NS ns.lan.\n"},
        {"§4.2: and a name below it has no other data", "x.cut.lan A", "NOERROR aa\n" LAN_SOA},
        {"§4.4: DNAME at a wildcard is not synthesized for the names below", "a.x.moved.lan A",
         "NOERROR aa\n" LAN_SOA},
        {"the wildcard itself is an empty non-terminal: it exists and has nothing", "x.empty.lan A",
         "NOERROR aa\n" LAN_SOA},
        {"only the closest encloser's wildcard counts", "a.host.lan A", "NXDOMAIN aa\n" LAN_SOA},
    };
    World world;
    world.zone("lan",
               "@            300 SOA   ns admin 1 2 3 4 300\n"
               "@            300 NS    ns\n"
               "ns            60 A     192.0.2.53\n"
               "host          60 A     192.0.2.9\n"
               "*.alias       60 CNAME host\n"
               "*.cut         60 NS    ns.lan.\n"
               "*.moved       60 DNAME else.where.\n"
               "a.*.empty     60 A     192.0.2.10\n"
               "*             60 A     192.0.2.11\n");
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        std::string answer = world.ask(row.question);
        // Additional addresses are not what this table is about.
        if (const auto at = answer.find("additional "); at != std::string::npos) answer.resize(at);
        EXPECT_EQ(answer, row.expected);
    }
}

TEST(Wildcard, OfNanoDnsCoversOneLabel) {
    const Row rows[] = {
        {"one label", "x.app.lan A", "NOERROR aa\nx.app.lan. 300 A 192.0.2.200\n"},
        {"two labels: not this wildcard", "a.b.app.lan A", "NXDOMAIN aa\n" LAN_SOA},
        {"the apex is a record of its own", "app.lan A",
         "NOERROR aa\napp.lan. 300 A 192.0.2.200\n"},
        {"another type: NODATA, the name exists", "x.app.lan AAAA", "NOERROR aa\n" LAN_SOA},
        {"a name that exists comes first", "web.app.lan A",
         "NOERROR aa\nweb.app.lan. 300 A 192.0.2.7\n"},
    };
    World world;
    world.zone("lan",
               "@         300 SOA ns admin 1 2 3 4 300\n"
               "app       300 A   192.0.2.200\n"
               "~*.app    300 A   192.0.2.200\n"
               "web.app   300 A   192.0.2.7\n");
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
}

}  // namespace
}  // namespace kith::answer
