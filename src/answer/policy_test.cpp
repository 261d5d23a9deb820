// What is decided before and behind the zones: rewrites, single records, special-use names,
// forwarding.

#include <gtest/gtest.h>

#include "answer/test_world.hpp"

namespace kith::answer {
namespace {

#define MADE_SOA(owner, ttl) \
    "authority " owner " " ttl " SOA " owner " nobody.invalid. 1 3600 1200 604800 " ttl "\n"

TEST(Rewrite, ComesFirst) {
    World world;
    world.zone("lan",
               "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.1\nblocked 60 A 192.0.2.2\n");
    world.rewrite("blocked.lan", {.action = RewriteAction::nxdomain});
    world.rewrite("portal.example", {.action = RewriteAction::redirect, .v4 = {{192, 168, 1, 5}}});
    world.rewrite("six.example",
                  {.action = RewriteAction::redirect,
                   .v4 = {{192, 168, 1, 5}},
                   .v6 = {{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}}});
    world.rewrite("tracker.net",
                  {.action = RewriteAction::nxdomain, .reach = RewriteReach::one_label});
    world.rewrite("deep.net", {.action = RewriteAction::refuse, .reach = RewriteReach::any_depth});
    world.rewrite("empty.net", {.action = RewriteAction::nodata});
    world.rewrite("good.tracker.net", {.action = RewriteAction::redirect, .v4 = {{192, 0, 2, 9}}});
    world.rewrite("first.example", {.action = RewriteAction::refuse});
    world.rewrite("first.example", {.action = RewriteAction::nxdomain});
    const Row rows[] = {
        {"before local records", "blocked.lan A", "NXDOMAIN\n" MADE_SOA("blocked.lan.", "60")},
        {"an exact rule means one name", "x.blocked.lan A",
         "NXDOMAIN aa\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"},
        {"case does not matter", "Portal.Example A", "NOERROR\nPortal.Example. 60 A 192.168.1.5\n"},
        {"AAAA of an IPv4 redirect is NODATA, not an A record", "portal.example AAAA",
         "NOERROR\n" MADE_SOA("portal.example.", "60")},
        {"any other type too", "portal.example HTTPS",
         "NOERROR\n" MADE_SOA("portal.example.", "60")},
        {"IPv6 where the rule has it", "six.example AAAA",
         "NOERROR\nsix.example. 60 AAAA 2001:db8::5\n"},
        {"*.x means x", "tracker.net A", "NXDOMAIN\n" MADE_SOA("tracker.net.", "60")},
        {"and one label below", "a.tracker.net A", "NXDOMAIN\n" MADE_SOA("tracker.net.", "60")},
        {"and no more", "a.b.tracker.net A", "REFUSED\n"},
        {"the first rule that matches wins", "good.tracker.net A",
         "NXDOMAIN\n" MADE_SOA("tracker.net.", "60")},
        {"also of one name", "first.example A", "REFUSED\n"},
        {"any depth: the name", "deep.net A", "REFUSED\n"},
        {"any depth: far below", "a.b.c.deep.net A", "REFUSED\n"},
        {"nodata", "empty.net A", "NOERROR\n" MADE_SOA("empty.net.", "60")},
        {"others are left alone", "host.lan A", "NOERROR aa\nhost.lan. 60 A 192.0.2.1\n"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
    const AnswerCounters& counters = world.answerer->counters();
    EXPECT_EQ(counters.stages[4][static_cast<std::size_t>(Verdict::answered)].get(), 12U);
    EXPECT_EQ(counters.stages[4][static_cast<std::size_t>(Verdict::next)].get(), 3U);
}

TEST(Rewrite, AnyDepthAndOneLabelCompeteByOrder) {
    Rewrites rewrites;
    rewrites.add(name_of("b.net"),
                 {.action = RewriteAction::refuse, .reach = RewriteReach::one_label});
    rewrites.add(name_of("net"),
                 {.action = RewriteAction::nxdomain, .reach = RewriteReach::any_depth});
    rewrites.add(name_of("x.a.net"), {.action = RewriteAction::nodata});
    const auto action = [&](const char* name) {
        return rewrites.find(dns::LookupName(name_of(name))).rule->action;
    };
    EXPECT_EQ(action("x.b.net"), RewriteAction::refuse);
    EXPECT_EQ(action("y.x.b.net"), RewriteAction::nxdomain);
    EXPECT_EQ(action("x.a.net"), RewriteAction::nxdomain) << "the rule for net stands before";
    EXPECT_FALSE(rewrites.find(dns::LookupName(name_of("x.org"))));
}

TEST(Rewrite, HundredThousandRulesAreATable) {
    Rewrites rewrites;
    for (int i = 0; i < 100'000; ++i)
        rewrites.add(name_of("ad" + std::to_string(i) + ".example"), {});
    EXPECT_EQ(rewrites.size(), 100'000U);
    for (const int i : {0, 1, 77'777, 99'999}) {
        EXPECT_TRUE(rewrites.find(dns::LookupName(name_of("AD" + std::to_string(i) + ".example"))));
    }
    EXPECT_FALSE(rewrites.find(dns::LookupName(name_of("ad100000.example"))));
    EXPECT_FALSE(rewrites.find(dns::LookupName(name_of("example"))));
}

TEST(Records, OutsideZonesOwnTheirNamesOnly) {
    World world;
    world.zone("lan", "@ 300 SOA ns admin 1 2 3 4 300\n");
    world.records(
        "nas.home           60 A     192.0.2.9\n"
        "www.home           60 CNAME nas.home\n"
        "out.home           60 CNAME www.example.com\n"
        "app.home           60 A     192.0.2.200\n"
        "~*.app.home        60 A     192.0.2.200\n"
        "a.b.home           60 A     192.0.2.10\n"
        "dom.home           60 NS    ns.dom.home\n"
        "ns.dom.home        60 A     192.0.2.11\n"
        "printer.local      60 A     192.0.2.12\n"
        "7.1.168.192.in-addr.arpa 60 PTR nas.home\n"
        "x.lan              60 A     192.0.2.13\n");
    const Row rows[] = {
        {"a record", "nas.home A", "NOERROR aa\nnas.home. 60 A 192.0.2.9\n"},
        {"its other types are known too: NODATA", "nas.home AAAA",
         "NOERROR aa\n" MADE_SOA("nas.home.", "300")},
        {"a CNAME is followed", "www.home A",
         "NOERROR aa\nwww.home. 60 CNAME nas.home.\nnas.home. 60 A 192.0.2.9\n"},
        {"also outwards", "out.home A", "NOERROR aa\nout.home. 60 CNAME www.example.com.\n"},
        {"a wildcard covers one label", "x.app.home A",
         "NOERROR aa\nx.app.home. 60 A 192.0.2.200\n"},
        {"not two", "y.x.app.home A", "REFUSED\n"},
        {"a name between is not owned", "b.home A", "REFUSED\n"},
        {"nor what is above all", "home A", "REFUSED\n"},
        {"nor the root that holds them together", ". SOA", "REFUSED\n"},
        {"NS is a record here, not a cut", "dom.home NS",
         "NOERROR aa\ndom.home. 60 NS ns.dom.home.\n"},
        {"so names below are answered", "ns.dom.home A",
         "NOERROR aa\nns.dom.home. 60 A 192.0.2.11\n"},
        {"and others below are not owned", "x.dom.home A", "REFUSED\n"},
        {"before the special-use names", "printer.local A",
         "NOERROR aa\nprinter.local. 60 A 192.0.2.12\n"},
        {"the same for private reverse names", "7.1.168.192.in-addr.arpa PTR",
         "NOERROR aa\n7.1.168.192.in-addr.arpa. 60 PTR nas.home.\n"},
        {"a declared zone owns all its names", "x.lan A",
         "NXDOMAIN aa\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
}

const Row special_rows[] = {
    {"RFC 6761 §6.3: localhost", "localhost A", "NOERROR aa\nlocalhost. 10800 A 127.0.0.1\n"},
    {"IPv6", "localhost AAAA", "NOERROR aa\nlocalhost. 10800 AAAA ::1\n"},
    {"and below", "x.LocalHost A", "NOERROR aa\nx.LocalHost. 10800 A 127.0.0.1\n"},
    {"nothing else is there", "localhost MX", "NOERROR aa\n" MADE_SOA("localhost.", "10800")},
    {"RFC 7686 §2: onion", "x.onion A", "NXDOMAIN aa\n" MADE_SOA("onion.", "10800")},
    {"RFC 6761 §6.4: invalid", "a.b.invalid AAAA", "NXDOMAIN aa\n" MADE_SOA("invalid.", "10800")},
    {"RFC 6761 §6.2: test", "x.test A", "NXDOMAIN aa\n" MADE_SOA("test.", "10800")},
    {"RFC 6762 §22.1: local", "tv.local A", "NXDOMAIN aa\n" MADE_SOA("local.", "10800")},
    {"RFC 9476: alt", "x.alt A", "NXDOMAIN aa\n" MADE_SOA("alt.", "10800")},
    {"RFC 8375: home.arpa", "nas.home.arpa A", "NXDOMAIN aa\n" MADE_SOA("home.arpa.", "10800")},
    {"RFC 9462 §6.4: resolver.arpa is NODATA", "_dns.resolver.arpa SVCB",
     "NOERROR aa\n" MADE_SOA("resolver.arpa.", "10800")},
    {"RFC 6303 §3: the SOA of an empty zone", "10.in-addr.arpa SOA",
     "NOERROR aa\n10.in-addr.arpa. 10800 SOA 10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 "
     "10800\n"},
    {"its NS", "10.in-addr.arpa NS", "NOERROR aa\n10.in-addr.arpa. 10800 NS 10.in-addr.arpa.\n"},
    {"its other types", "10.in-addr.arpa A", "NOERROR aa\n" MADE_SOA("10.in-addr.arpa.", "10800")},
    {"what is below", "5.4.3.10.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("10.in-addr.arpa.", "10800")},
    {"172.16/12: the first", "1.2.16.172.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("16.172.in-addr.arpa.", "10800")},
    {"172.16/12: the last", "1.2.31.172.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("31.172.in-addr.arpa.", "10800")},
    {"172.32 is public", "1.2.32.172.in-addr.arpa PTR", "REFUSED\n"},
    {"172.15 is public", "1.2.15.172.in-addr.arpa PTR", "REFUSED\n"},
    {"192.168/16", "1.1.168.192.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("168.192.in-addr.arpa.", "10800")},
    {"RFC 7793: 100.64/10", "1.1.127.100.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("127.100.in-addr.arpa.", "10800")},
    {"100.128 is public", "1.1.128.100.in-addr.arpa PTR", "REFUSED\n"},
    {"fc00::/8 is not assigned, fd00::/8 is local", "1.d.f.ip6.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("d.f.ip6.arpa.", "10800")},
    {"127.0.0.1 has a name (RFC 6303 §4.2)", "1.0.0.127.in-addr.arpa PTR",
     "NOERROR aa\n1.0.0.127.in-addr.arpa. 10800 PTR localhost.\n"},
    {"names above it exist", "0.0.127.in-addr.arpa PTR",
     "NOERROR aa\n" MADE_SOA("127.in-addr.arpa.", "10800")},
    {"names beside it do not", "2.0.0.127.in-addr.arpa PTR",
     "NXDOMAIN aa\n" MADE_SOA("127.in-addr.arpa.", "10800")},
    {"::1 has a name",
     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa PTR",
     "NOERROR aa\n1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa. 10800 "
     "PTR localhost.\n"},
    {"DS of the name itself is the parent's, and not ours", "home.arpa DS", "REFUSED\n"},
    {"RFC 6761 §6.5: example is not special to servers", "www.example A", "REFUSED\n"},
    {"a longer label is another name", "xlocalhost A", "REFUSED\n"},
};

TEST(SpecialNames, AreAnsweredHere) {
    World world;
    for (const Row& row : special_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(world.ask(row.question), row.expected);
    }
}

/// Answers everything with one address, or parks it once.
class Upstream final : public ForwardPort {
public:
    Verdict forward(Query& query, dns::MessageBuilder& response) override {
        asked += query.target().view().to_text() + ' ';
        if (parks && query.fetched == nullptr) return Verdict::later;
        constexpr std::uint8_t address[] = {203, 0, 113, 1};
        EXPECT_TRUE(response.add_record(dns::Section::answer, query.target().view(), dns::RrType::A,
                                        dns::RrClass::IN, 30, address));
        return Verdict::answered;
    }
    std::string asked;
    bool parks = false;
};

AnswerOptions forwarding() {
    AnswerOptions options;
    options.forwarding = true;
    options.forward_clients = {*IpPrefix::from_text("192.0.2.0/24")};
    options.forward_names = {name_of("168.192.in-addr.arpa"), name_of("corp.test")};
    return options;
}

TEST(Forward, TakesWhatIsNotOurs) {
    struct ForwardRow {
        const char* why;
        const char* question;
        Asking asking;
        const char* expected;
        const char* asked;
    };
    const ForwardRow rows[] = {
        {"a name elsewhere",
         "www.example A",
         {.rd = true},
         "NOERROR ra\nwww.example. 30 A 203.0.113.1\n",
         "www.example. "},
        {"without RD: refused (no cache snooping)", "www.example A", {}, "REFUSED ra\n", ""},
        {"a client that may not: refused, no RA",
         "www.example A",
         {.rd = true, .client = "198.51.100.1"},
         "REFUSED\n",
         ""},
        {"a local name never leaves, whatever the type",
         "nowhere.lan TYPE999",
         {.rd = true},
         "NXDOMAIN aa ra\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n",
         ""},
        {"DS at the apex of a local zone neither",
         "lan DS",
         {.rd = true},
         "NOERROR aa ra\nauthority lan. 300 SOA ns.lan. admin.lan. 1 2 3 4 300\n",
         ""},
        {"a local alias outwards is followed",
         "out.lan A",
         {.rd = true},
         "NOERROR aa ra\nout.lan. 60 CNAME www.example.\nwww.example. 30 A 203.0.113.1\n",
         "www.example. "},
        {"for those who may not the alias is all there is",
         "out.lan A",
         {.rd = true, .client = "198.51.100.1"},
         "NOERROR aa\nout.lan. 60 CNAME www.example.\n",
         ""},
        {"a special name does not leak",
         "x.onion A",
         {.rd = true},
         "NXDOMAIN aa ra\n" MADE_SOA("onion.", "10800"),
         ""},
        {"nor through an alias",
         "hidden.lan A",
         {.rd = true},
         "NXDOMAIN aa ra\nhidden.lan. 60 CNAME x.onion.\n" MADE_SOA("onion.", "10800"),
         ""},
        {"unless somebody is said to know it",
         "1.1.168.192.in-addr.arpa A",
         {.rd = true},
         "NOERROR ra\n1.1.168.192.in-addr.arpa. 30 A 203.0.113.1\n",
         "1.1.168.192.in-addr.arpa. "},
        {"that name and no other",
         "x.test A",
         {.rd = true},
         "NXDOMAIN aa ra\n" MADE_SOA("test.", "10800"),
         ""},
        {"case as asked",
         "WWW.eXample A",
         {.rd = true},
         "NOERROR ra\nWWW.eXample. 30 A 203.0.113.1\n",
         "www.example. "},
    };
    for (const ForwardRow& row : rows) {
        SCOPED_TRACE(row.why);
        Upstream upstream;
        World world(forwarding(), &upstream);
        world.zone("lan",
                   "@ 300 SOA ns admin 1 2 3 4 300\nout 60 CNAME www.example.\nhidden 60 CNAME "
                   "x.onion.\n");
        EXPECT_EQ(world.ask(row.question, row.asking), row.expected);
        EXPECT_EQ(upstream.asked, row.asked);
    }
}

TEST(Forward, ParkedQueryIsAnsweredFromTheStart) {
    Upstream upstream;
    upstream.parks = true;
    World world(forwarding(), &upstream);
    world.zone("lan", "@ 300 SOA ns admin 1 2 3 4 300\nout 60 CNAME www.example.\n");
    EXPECT_EQ(world.ask("out.lan A", {.rd = true}), "");
    EXPECT_EQ(world.verdict, Verdict::later);
    int anything = 0;
    const auto* const fetched = reinterpret_cast<const FetchedAnswer*>(&anything);
    EXPECT_EQ(world.ask("out.lan A", {.rd = true, .fetched = fetched}),
              "NOERROR aa ra\nout.lan. 60 CNAME www.example.\nwww.example. 30 A 203.0.113.1\n");
    EXPECT_EQ(upstream.asked, "www.example. www.example. ");
}

TEST(Forward, WithoutAPortNothingIsForwarded) {
    World world(forwarding());
    EXPECT_EQ(world.ask("www.example A", {.rd = true}), "REFUSED ra\n");
}

}  // namespace
}  // namespace kith::answer
