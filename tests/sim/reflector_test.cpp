// Two segments with reflectors between them, our own and others': services of one are found on the
// other, names are unique on both, nothing goes in circles, and it is silent at rest.

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "world.hpp"

namespace kith::sim {
namespace {

using discovery::reflector::Policy;
using dns::RrType;

dns::Name name(const std::string& text) { return *dns::Name::from_text(text); }
std::vector<std::uint8_t> wire(dns::NameView of) { return {of.wire().begin(), of.wire().end()}; }

const Policy both_ways{{{{"if1"}, {"if2"}, {}}, {{"if2"}, {"if1"}, {}}}};
const Policy printers_one_way{{{{"if1"}, {"if2"}, {name("_ipp._tcp.local.")}}}};

/// Hosts 0.. on segment 0 and 1 in turn; reflectors between.
class Between {
public:
    explicit Between(std::uint64_t seed) : world(seed) {
        world.add_segment();
        world.add_segment();
        world.set_weather({.loss_percent = 0,
                           .repeat_percent = world.rng().below(10),
                           .delay_min = 0ms,
                           .delay_max = std::chrono::milliseconds(1 + world.rng().below(20))});
    }

    std::size_t add_host(std::size_t segment) {
        const std::size_t host = world.add_host();
        const bool both = world.rng().below(2) == 0;
        world.plug(host, segment, both ? Families::v4_and_v6 : Families::v4);
        return host;
    }
    std::size_t add_reflector(const Policy& policy) {
        const std::size_t host = world.add_host();
        world.plug(host, 0, Families::v4_and_v6);
        world.plug(host, 1, Families::v4_and_v6);
        world.make_reflector(host, policy);
        return host;
    }
    void add_reflectors(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) add_reflector(both_ways);
    }
    void set_name(std::size_t host, const std::string& label) {
        world.with(host, [&](mdns::Engine& engine, Time now) {
            return engine.set_host(now, name(label + ".local.")).has_value();
        });
    }
    mdns::RegistrationId offer(std::size_t host, const std::string& instance,
                               const std::string& type) {
        const dns::Name full = name(instance + "." + type + ".local.");
        mdns::RegistrationRequest request;
        request.rename = mdns::RenameStyle::instance;
        const auto add = [&](const dns::Name& owner, RrType kind, std::vector<std::uint8_t> data,
                             mdns::Ownership ownership) {
            request.records.push_back({{owner, kind, dns::RrClass::IN, 0, std::move(data)},
                                       ownership,
                                       mdns::any_interface});
        };
        return world.with(host, [&](mdns::Engine& engine, Time now) {
            const std::string text =
                "0 0 " + std::to_string(1000 + host) + " h" + std::to_string(host) + ".local.";
            add(full, RrType::SRV, *dns::rdata_from_text(RrType::SRV, text),
                mdns::Ownership::unique);
            add(full, RrType::TXT, {0}, mdns::Ownership::unique);
            add(name(type + ".local."), RrType::PTR, wire(full), mdns::Ownership::shared);
            add(name("_services._dns-sd._udp.local."), RrType::PTR, wire(name(type + ".local.")),
                mdns::Ownership::shared);
            return *engine.add_registration(now, request);
        });
    }
    mdns::QueryId ask(std::size_t host, const std::string& owner, RrType type) {
        mdns::QueryRequest request;
        request.name = name(owner);
        request.type = type;
        return world.with(
            host, [&](mdns::Engine& engine, Time now) { return engine.start_query(now, request); });
    }
    std::size_t found(std::size_t host, mdns::QueryId query) {
        return world.host(host).found[query].size();
    }
    void expect_no_complaints() {
        for (const std::string& complaint : world.complaints()) ADD_FAILURE() << complaint;
    }
    void expect_silence(std::size_t host, mdns::QueryId query) {
        world.with(host, [&](mdns::Engine& engine, Time) { engine.stop_query(query); });
        world.run(1min);
        const std::uint64_t before = world.packets();
        world.run(3h);
        EXPECT_EQ(world.packets(), before) << "nobody asks, nothing changes: nothing is said";
    }

    World world;
};

/// Gives `test` a scene for each seed, until one fails.
template <class Test>
void for_seeds(std::uint64_t count, Test test) {
    for (const std::uint64_t seed : seeds(count)) {
        SCOPED_TRACE("KITH_SEED=" + std::to_string(seed));
        Between scene(seed);
        test(scene, seed);
        if (testing::Test::HasFailure()) return;
    }
}

/// The same, for one, two and three reflectors, which the test adds where it wants them.
template <class Test>
void for_seeds_and_reflectors(std::uint64_t count, Test test) {
    for (const std::size_t reflectors : {1U, 2U, 3U}) {
        SCOPED_TRACE(std::to_string(reflectors) + " reflectors");
        for_seeds(count,
                  [&](Between& scene, std::uint64_t seed) { test(scene, seed, reflectors); });
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Reflection, ShowsServicesOfOneSegmentOnTheOther) {
    for_seeds_and_reflectors(20, [](Between& scene, std::uint64_t, std::size_t reflectors) {
        const std::size_t printer = scene.add_host(0);
        const std::size_t viewer = scene.add_host(1);
        scene.add_reflectors(reflectors);
        scene.set_name(printer, "h0");
        const auto offered = scene.offer(printer, "print", "_ipp._tcp");
        scene.world.run(5s);
        const auto query = scene.ask(viewer, "_ipp._tcp.local.", RrType::PTR);
        const auto address = scene.ask(viewer, "h0.local.", RrType::A);
        scene.world.run(5s);
        EXPECT_EQ(scene.found(viewer, query), 1U);
        EXPECT_EQ(scene.found(viewer, address), 1U);
        scene.world.with(printer, [&](mdns::Engine& engine, Time now) {
            engine.remove_registration(now, offered);
        });
        scene.world.run(5s);
        EXPECT_EQ(scene.found(viewer, query), 0U) << "goodbyes cross";
        EXPECT_EQ(scene.world.host(printer).engine.stats().conflicts, 0U);
        scene.world.with(viewer, [&](mdns::Engine& engine, Time) { engine.stop_query(address); });
        scene.expect_no_complaints();
        scene.expect_silence(viewer, query);
    });
}

TEST(Reflection, KeepsToItsRule) {
    for_seeds(20, [](Between& scene, std::uint64_t) {
        const std::size_t printer = scene.add_host(0);
        const std::size_t viewer = scene.add_host(1);
        scene.add_reflector(printers_one_way);
        scene.set_name(printer, "h0");
        scene.set_name(viewer, "h1");
        scene.offer(printer, "print", "_ipp._tcp");
        scene.offer(printer, "shell", "_ssh._tcp");
        scene.offer(viewer, "own", "_ipp._tcp");
        const auto printers = scene.ask(viewer, "_ipp._tcp.local.", RrType::PTR);
        const auto shells = scene.ask(viewer, "_ssh._tcp.local.", RrType::PTR);
        const auto types = scene.ask(viewer, "_services._dns-sd._udp.local.", RrType::PTR);
        const auto back = scene.ask(printer, "_ipp._tcp.local.", RrType::PTR);
        const auto address = scene.ask(viewer, "h0.local.", RrType::A);
        scene.world.run(10s);
        EXPECT_EQ(scene.found(viewer, printers), 2U) << "the other side's and its own";
        EXPECT_EQ(scene.found(viewer, address), 1U) << "of a host whose service is shown";
        EXPECT_EQ(scene.found(viewer, shells), 0U) << "another type";
        EXPECT_EQ(scene.found(viewer, types), 1U) << "is not listed either";
        EXPECT_EQ(scene.found(printer, back), 1U) << "nothing crosses against the rule";
        scene.expect_no_complaints();
    });
}

// Names clash across segments: one of two hosts is renamed, once.
TEST(Reflection, MakesNamesUniqueOnBothSides) {
    for_seeds(40, [](Between& scene, std::uint64_t seed) {
        scene.add_reflectors(1 + seed % 2);
        std::vector<std::size_t> hosts;
        for (std::size_t i = 0; i < 6; ++i) {
            hosts.push_back(scene.add_host(i % 2));
            scene.set_name(hosts.back(), "box");
            scene.world.run(std::chrono::milliseconds(scene.world.rng().below(2000)));
        }
        const auto query = scene.ask(hosts[0], "box.local.", RrType::A);
        scene.world.run(3min);
        std::set<dns::Name> names;
        for (const std::size_t host : hosts) {
            ASSERT_EQ(scene.world.host(host).established.size(), 1U) << host;
            names.insert(scene.world.host(host).established.begin()->second.lowered());
        }
        EXPECT_EQ(names.size(), hosts.size());
        scene.expect_no_complaints();
        scene.expect_silence(hosts[0], query);
    });
}

// The reflecting machine is a responder, too; and an old reflector that rewrites is beside it.
TEST(Reflection, NeverRenamesTheMachineItRunsOn) {
    for (const Copies copies : {Copies::same_bytes, Copies::rewritten}) {
        for_seeds(20, [copies](Between& scene, std::uint64_t) {
            scene.world.reflect(0, 1, copies, 300ms);
            std::vector<std::size_t> machines;
            for (std::size_t i = 0; i < 2; ++i) {
                machines.push_back(scene.add_reflector(both_ways));
                scene.set_name(machines.back(), "router" + std::to_string(i));
                scene.offer(machines.back(), "web" + std::to_string(i), "_http._tcp");
            }
            const std::size_t viewer = scene.add_host(1);
            const auto query = scene.ask(viewer, "_http._tcp.local.", RrType::PTR);
            scene.world.run(2min);
            for (const std::size_t machine : machines) {
                EXPECT_TRUE(scene.world.host(machine).renames.empty());
                EXPECT_EQ(scene.world.host(machine).engine.stats().conflicts, 0U);
            }
            EXPECT_EQ(scene.found(viewer, query), 2U);
            scene.expect_silence(viewer, query);
        });
        if (HasFailure()) return;
    }
}

// rf-01: what two reflectors send is at most twice what one sends, and what one sends is at most what
// it hears.
TEST(Reflection, MakesNoStormOfSeveralReflectors) {
    const auto count = [](std::uint64_t seed, std::size_t reflectors) {
        Between scene(seed);
        std::vector<std::size_t> hosts;
        for (std::size_t i = 0; i < 10; ++i) {
            hosts.push_back(scene.add_host(i % 2));
            scene.set_name(hosts.back(), "h" + std::to_string(i));
            scene.offer(hosts.back(), "s" + std::to_string(i), "_http._tcp");
        }
        scene.add_reflectors(reflectors);
        for (const std::size_t host : hosts) scene.ask(host, "_http._tcp.local.", RrType::PTR);
        scene.world.run(5min);
        for (const std::size_t host : hosts) EXPECT_EQ(scene.world.host(host).renames.size(), 0U);
        return std::pair(scene.world.packets() - scene.world.reflected(), scene.world.reflected());
    };
    for (const std::uint64_t seed : seeds(10)) {
        SCOPED_TRACE("KITH_SEED=" + std::to_string(seed));
        const auto [own, one] = count(seed, 1);
        const auto [own_beside_two, two] = count(seed, 2);
        EXPECT_GT(one, 0U);
        EXPECT_LE(one, own);
        EXPECT_LE(two, 2 * own_beside_two);
        EXPECT_LE(own_beside_two, own + own / 2) << "hosts do not answer each other's echo";
        if (HasFailure()) return;
    }
}

/// A message of a neighbor that is no engine: questions and answers that it knows.
std::vector<std::uint8_t> query_of(std::uint16_t flags, const std::vector<std::string>& questions,
                                   const std::vector<std::string>& known) {
    std::vector<std::uint8_t> buffer(1400);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.set_flag(flags);
    for (const std::string& question : questions)
        builder.add_question(name(question), RrType::PTR, dns::RrClass::IN);
    for (const std::string& answer : known)
        builder.add_record(dns::Section::answer, name("_http._tcp.local."), RrType::PTR,
                           dns::RrClass::IN, 4000, name(answer).wire());
    const Bytes done = builder.finish();
    return {done.begin(), done.end()};
}

// Lists of known answers in several packets (RFC 6762 §7.2), from hosts on either side at once, past reflectors
// that do not all hear everything.
TEST(Reflection, LetsNoListOfKnownAnswersGoInCircles) {
    for_seeds_and_reflectors(40, [](Between& scene, std::uint64_t seed, std::size_t reflectors) {
        scene.add_reflectors(reflectors);
        scene.world.run(1min);
        scene.world.set_weather(
            {.loss_percent = seed % 2 == 0 ? 0U : 30U,
             .repeat_percent = 10,
             .delay_min = 0ms,
             .delay_max = std::chrono::milliseconds(1 + scene.world.rng().below(300))});
        const std::uint64_t before = scene.world.reflected();
        std::uint64_t sent = 0;
        for (int round = 0; round < 20; ++round) {
            for (std::uint8_t host = 0; host < 4; ++host) {
                const Endpoint source{IpAddress::v4(10, 0, 200, host), mdns::port, 0};
                const std::string own =
                    "q" + std::to_string(scene.world.rng().below(6)) + "._http._tcp.local.";
                const auto say = [&](const std::vector<std::uint8_t>& message) {
                    scene.world.inject(host % 2, source, message);
                    ++sent;
                };
                say(query_of(dns::Header::tc, {"_http._tcp.local.", own}, {"a." + own}));
                say(query_of(dns::Header::tc, {}, {"b._http._tcp.local.", "c." + own}));
                say(query_of(0, {}, {"d._http._tcp.local."}));
                scene.world.run(std::chrono::milliseconds(scene.world.rng().below(150)));
            }
            scene.world.run(std::chrono::milliseconds(scene.world.rng().below(1500)));
        }
        scene.world.run(30s);
        EXPECT_GT(scene.world.reflected(), before);
        // Each packet at most once by each of them, and by each again where a slow echo looked new.
        EXPECT_LE(scene.world.reflected() - before, 2 * reflectors * sent);
        const std::uint64_t after = scene.world.packets();
        scene.world.run(3h);
        EXPECT_EQ(scene.world.packets(), after) << "it is silent again";
        scene.expect_no_complaints();
    });
}

// Querier and responders as they are: a browser that knows more than a packet holds.
TEST(Reflection, AnswersLongListsPastSeveralReflectors) {
    for_seeds_and_reflectors(4, [](Between& scene, std::uint64_t, std::size_t reflectors) {
        const std::size_t server = scene.add_host(0);
        const std::size_t viewer = scene.add_host(1);
        scene.add_reflectors(reflectors);
        scene.set_name(server, "h0");
        for (int i = 0; i < 150; ++i)
            scene.offer(server, "service number " + std::to_string(i), "_http._tcp");
        scene.world.run(10s);
        auto query = scene.ask(viewer, "_http._tcp.local.", RrType::PTR);
        scene.world.run(10s);
        EXPECT_EQ(scene.found(viewer, query), 150U);
        const std::uint64_t before = scene.world.reflected();
        scene.world.with(viewer, [&](mdns::Engine& engine, Time now) { engine.on_wake(now); });
        scene.world.run(1min);
        EXPECT_LE(scene.world.reflected() - before, 300U * reflectors)
            << "a list is passed on once";
        EXPECT_EQ(scene.found(viewer, query), 150U);
        scene.expect_no_complaints();
        scene.expect_silence(viewer, query);
    });
}

// A simple resolver gets a reply from each reflector, and they do not ask and answer each other.
TEST(Reflection, HandsRepliesToSimpleResolversOnce) {
    for_seeds_and_reflectors(20, [](Between& scene, std::uint64_t, std::size_t reflectors) {
        const std::size_t server = scene.add_host(0);
        scene.add_reflectors(reflectors);
        scene.set_name(server, "h0");
        scene.offer(server, "web", "_http._tcp");
        scene.world.run(1min);
        scene.world.set_weather(
            {.loss_percent = 0,
             .repeat_percent = 0,
             .delay_min = 0ms,
             .delay_max = std::chrono::milliseconds(1 + scene.world.rng().below(100))});
        const std::uint64_t before = scene.world.packets();
        const Endpoint resolver{IpAddress::v4(10, 0, 200, 1), 50'000, 0};
        scene.world.inject(1, resolver, query_of(0, {"_http._tcp.local."}, {}));
        scene.world.run(10s);
        const std::uint64_t replies = scene.world.sent_to(resolver);
        EXPECT_GE(replies, 1U);
        EXPECT_LE(replies, reflectors);
        EXPECT_LE(scene.world.packets() - before, 12 * reflectors);
        scene.expect_no_complaints();
    });
}

}  // namespace
}  // namespace kith::sim
