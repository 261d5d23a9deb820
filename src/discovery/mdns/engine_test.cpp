// The engine end to end, on the shortest paths.

#include "discovery/mdns/test_bench.hpp"

#include <gtest/gtest.h>

namespace kith::discovery::mdns::test {
namespace {

using Kind = RegistrationEvent::Kind;

TEST(Engine, ProbesAnnouncesAnswersAndSaysGoodbye) {
    Bench bench;
    const RegistrationId id = bench.add({"box.local. 120! A 192.0.2.10"});
    bench.run(5s);
    ASSERT_EQ(bench.sent.size(), 5U);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(bench.sent[i].lines,
                  (Lines{"q box.local. ANY QU", "ns box.local. 120 A 192.0.2.10"}));
    }
    for (std::size_t i = 3; i < 5; ++i) {
        EXPECT_EQ(bench.sent[i].lines, (Lines{"an box.local. 120! A 192.0.2.10",
                                              "ar box.local. 120! NSEC box.local. A"}));
    }
    EXPECT_EQ(bench.kinds(), (std::vector{Kind::probing, Kind::established}));
    bench.sent.clear();
    bench.hear(query({"q box.local. A"}));
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines[0], "an box.local. 120! A 192.0.2.10");
    bench.run(5s);
    bench.sent.clear();
    bench.engine.remove_registration(bench.now, id);
    bench.run(5s);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"an box.local. 0! A 192.0.2.10"}));
    EXPECT_EQ(bench.registrations.back().kind, Kind::withdrawn);
    EXPECT_FALSE(bench.engine.next_timer().has_value());
}

TEST(Engine, FindsWhatAnotherHostHas) {
    Bench bench;
    bench.ask("_http._tcp.local.", dns::RrType::PTR);
    bench.run(200ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"q _http._tcp.local. PTR QU"}));
    bench.hear(response({"an _http._tcp.local. 4500 PTR web._http._tcp.local."}));
    EXPECT_EQ(bench.told(), (Lines{"+ _http._tcp.local. PTR web._http._tcp.local."}));
    bench.run(2s);
    ASSERT_EQ(bench.sent.size(), 2U);
    EXPECT_EQ(bench.sent[1].lines, (Lines{"q _http._tcp.local. PTR",
                                          "an _http._tcp.local. 4500 PTR web._http._tcp.local."}));
    bench.hear(response({"an _http._tcp.local. 0 PTR web._http._tcp.local."}));
    bench.run(1s);
    EXPECT_EQ(bench.told().back(), "- _http._tcp.local. PTR web._http._tcp.local.");
    EXPECT_EQ(bench.events.back().reason, QueryEvent::Reason::goodbye);
}

TEST(Engine, RenamesAfterAConflict) {
    Bench bench;
    bench.host("box.local.");
    bench.run(400ms);
    bench.hear(response({"an box.local. 120! A 192.0.2.66"}));
    bench.run(5s);
    ASSERT_EQ(bench.kinds(), (std::vector{Kind::probing, Kind::renamed, Kind::established}));
    EXPECT_EQ(bench.registrations[1].name, name("box-2.local."));
    EXPECT_EQ(bench.registrations[1].previous, name("box.local."));
    EXPECT_EQ(bench.sent.back().lines, (Lines{"an 10.2.0.192.in-addr.arpa. 120! PTR box-2.local.",
                                              "an box-2.local. 120! A 192.0.2.10",
                                              "ar box-2.local. 120! NSEC box-2.local. A"}));
}

// Two programs of a machine have its addresses, and each a host name of its own: Avahi renames itself as often
// as it hears another name for an address.
TEST(Engine, LeavesReverseNamesToAnotherProgramOfTheMachine) {
    struct Row {
        const char* from;
        Message said;
        bool is_left;
        const char* why;
    };
    const std::string reverse = "10.2.0.192.in-addr.arpa.";
    const auto probe = [&](const char* host) {
        return query({"q " + reverse + " ANY", "ns " + reverse + " 120 PTR " + host});
    };
    const auto claim = [&](const char* host) {
        return response({"an " + reverse + " 120! PTR " + host});
    };
    const Row rows[] = {
        {"192.0.2.10", probe("other.local."), true, "it is about to publish the name"},
        {"192.0.2.10", claim("other.local."), true, "it has published it"},
        {"192.0.2.10", probe("box.local."), false, "it says the same"},
        {"192.0.2.10", claim("box.local."), false, "it says the same"},
        {"192.0.2.10", query({"q " + reverse + " PTR"}), false, "it only asks"},
        {"192.0.2.20", probe("other.local."), false, "the address is ours, not that host's"},
        {"192.0.2.20", claim("other.local."), false, "the address is ours, not that host's"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        Bench bench;
        bench.host("box.local.");
        bench.run(10s);
        bench.sent.clear();
        bench.receive(bench.from(row.from), row.said);
        bench.run(10s);
        for (const Sent& sent : bench.sent)
            EXPECT_FALSE(row.is_left && sent.mentions("in-addr")) << "nor is there a goodbye";
        bench.sent.clear();
        bench.hear(query({"q " + reverse + " PTR", "q box.local. A"}));
        bench.run(1s);
        ASSERT_EQ(bench.sent.size(), 1U);
        EXPECT_TRUE(bench.sent[0].has("an box.local. 120! A 192.0.2.10"));
        EXPECT_EQ(bench.sent[0].has("an " + reverse + " 120! PTR box.local."), !row.is_left);
    }
}

TEST(Engine, PublishesReverseNamesAsTold) {
    Bench::Options options;
    options.config.reverse_names = ReverseNames::left_to_others;
    Bench bench(options);
    bench.host("box.local.");
    bench.run(10s);
    for (const Sent& sent : bench.sent) EXPECT_FALSE(sent.mentions("in-addr"));
    bench.sent.clear();
    bench.engine.set_reverse_names(bench.now, ReverseNames::published);
    bench.run(10s);
    ASSERT_FALSE(bench.sent.empty());
    EXPECT_TRUE(bench.sent[0].has("an 10.2.0.192.in-addr.arpa. 120! PTR box.local."));
}

}  // namespace
}  // namespace kith::discovery::mdns::test
