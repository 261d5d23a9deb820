// What records of ours mean to each other: one that comes back, and several that say the same.

#include "discovery/mdns/interface.hpp"

#include <gtest/gtest.h>

#include "discovery/mdns/send_history.hpp"
#include "discovery/mdns/test_bench.hpp"

namespace kith::discovery::mdns::test {
namespace {

using Kind = RegistrationEvent::Kind;

constexpr const char* type_line = "_services._dns-sd._udp.local. 4500 PTR _http._tcp.local.";
const Lines type_record = {type_line};

/// When `line` was multicast, and how often in one packet at most.
struct Said {
    std::vector<Duration> at;
    std::size_t most = 0;
};
Said said(const Bench& bench, const std::string& line) {
    Said out;
    for (const Sent& packet : bench.sent) {
        const auto count = static_cast<std::size_t>(std::ranges::count(packet.lines, line));
        if (count == 0 || !packet.is_group()) continue;
        out.at.push_back(packet.at);
        out.most = std::max(out.most, count);
    }
    return out;
}
std::string answer(const std::string& line) { return "an " + line; }
std::string goodbye_to_type() { return "an _services._dns-sd._udp.local. 0 PTR _http._tcp.local."; }

Lines service(const std::string& instance) {
    return {instance + "._http._tcp.local. 120! SRV 0 0 80 box.local.",
            instance + "._http._tcp.local. 4500! TXT \"\"",
            "_http._tcp.local. 4500 PTR " + instance + "._http._tcp.local.", type_line};
}

void expect_a_second_between(const Bench& bench) {
    std::vector<Duration> all = said(bench, answer(type_line)).at;
    for (const Duration at : said(bench, goodbye_to_type()).at) all.push_back(at);
    std::ranges::sort(all);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GE(all[i] - all[i - 1], 1s) << i;
}

// Seed 173 of the simulation: withdrawn and registered again within a second (6762-40).
TEST(Interface, TakesBackAGoodbyeThatIsNotSaid) {
    Bench bench;
    const RegistrationId first = bench.add(type_record);
    bench.run(1200ms);
    ASSERT_EQ(said(bench, answer(type_line)).at.size(), 2U) << "announced";
    bench.engine.remove_registration(bench.now, first);
    bench.drain();
    bench.run(500ms);
    EXPECT_EQ(bench.kinds().back(), Kind::established) << "the goodbye waits for its second";
    bench.add(type_record);
    const std::vector<Kind> kinds = bench.kinds();
    EXPECT_EQ(std::ranges::count(kinds, Kind::withdrawn), 1) << "but the first one is gone";
    bench.run(10s);
    EXPECT_TRUE(said(bench, goodbye_to_type()).at.empty()) << "it is there";
    EXPECT_EQ(said(bench, answer(type_line)).at.size(), 4U);
    expect_a_second_between(bench);
}

TEST(Interface, AnnouncesNothingWithinASecondOfItsGoodbye) {
    Bench bench;
    const RegistrationId first = bench.establish(type_record);
    bench.engine.remove_registration(bench.now, first);
    bench.drain();
    bench.run(300ms);
    ASSERT_EQ(said(bench, goodbye_to_type()).at.size(), 1U);
    bench.add(type_record);
    bench.run(10s);
    EXPECT_EQ(said(bench, answer(type_line)).at.size(), 2U);
    expect_a_second_between(bench);
}

TEST(Interface, DeniesNothingTwiceInASecondForANameThatCameBack) {
    Bench bench;
    const Lines host = {"box.local. 120! A 192.0.2.10"};
    const RegistrationId first = bench.establish(host);
    bench.hear(query({"q box.local. AAAA"}));
    bench.run(200ms);
    const auto denials = [&] {
        std::vector<Duration> out;
        for (const Sent& packet : bench.sent) {
            if (packet.mentions(" NSEC ")) out.push_back(packet.at);
        }
        return out;
    };
    ASSERT_EQ(denials().size(), 1U);
    bench.engine.remove_registration(bench.now, first);
    bench.drain();
    RegistrationRequest again = registration(host);
    again.records[0].ownership = Ownership::known_unique;  // not probed for: back at once
    ASSERT_TRUE(bench.engine.add_registration(bench.now, again).has_value());
    bench.drain();
    bench.hear(query({"q box.local. AAAA"}));
    bench.run(5s);
    ASSERT_GE(denials().size(), 2U);
    EXPECT_GE(denials()[1] - denials()[0], 1s);
}

TEST(Interface, SaysOnceWhatSeveralRegistrationsSay) {
    Bench bench;
    const RegistrationId one = bench.add(service("one"));
    const RegistrationId two = bench.add(service("two"));
    const RegistrationId three = bench.add(service("three"));
    bench.run(10s);
    EXPECT_EQ(said(bench, answer(type_line)).most, 1U);
    expect_a_second_between(bench);
    bench.sent.clear();
    bench.hear(query({"q _services._dns-sd._udp.local. PTR"}));
    bench.run(2s);
    EXPECT_EQ(said(bench, answer(type_line)).at.size(), 1U);
    EXPECT_EQ(said(bench, answer(type_line)).most, 1U);

    bench.sent.clear();
    bench.engine.remove_registration(bench.now, one);
    bench.drain();
    bench.run(5s);
    EXPECT_TRUE(said(bench, goodbye_to_type()).at.empty()) << "others are of the type";
    bench.hear(query({"q _services._dns-sd._udp.local. PTR"}));
    bench.run(2s);
    EXPECT_EQ(said(bench, answer(type_line)).at.size(), 1U) << "and speak for it";

    bench.engine.remove_registration(bench.now, three);
    bench.drain();
    bench.run(5s);
    EXPECT_TRUE(said(bench, goodbye_to_type()).at.empty());
    bench.engine.remove_registration(bench.now, two);
    bench.drain();
    bench.run(5s);
    EXPECT_EQ(said(bench, goodbye_to_type()).at.size(), 1U) << "the last one says it";
    EXPECT_TRUE(bench.engine.is_quiet());
}

TEST(Interface, HandsOverWhatWaitsToBeSaid) {
    Bench bench;
    const RegistrationId one = bench.establish(type_record);
    bench.establish(type_record);
    bench.hear(query({"q _services._dns-sd._udp.local. PTR"}));
    bench.engine.remove_registration(bench.now, one);  // within the 20..120 ms of the answer
    bench.drain();
    bench.run(1s);
    EXPECT_EQ(said(bench, answer(type_line)).at.size(), 1U);
}

TEST(Interface, TellsItsOwnProgramsOnceOfWhatSeveralRegistrationsSay) {
    Bench bench;
    bench.ask("_services._dns-sd._udp.local.", dns::RrType::PTR);
    const RegistrationId one = bench.add(type_record);
    const RegistrationId two = bench.add(type_record);
    const std::string what = "_services._dns-sd._udp.local. PTR _http._tcp.local.";
    EXPECT_EQ(bench.told(), Lines{"+ " + what});
    bench.engine.remove_registration(bench.now, one);
    bench.drain();
    bench.engine.on_wake(bench.now);
    bench.drain();
    EXPECT_EQ(bench.told().front(), "+ " + what);
    bench.engine.remove_registration(bench.now, two);
    bench.drain();
    EXPECT_EQ(bench.told().back(), "- " + what);
    std::ptrdiff_t balance = 0;
    for (const std::string& line : bench.told()) {
        balance += line[0] == '+' ? 1 : -1;
        EXPECT_TRUE(balance == 0 || balance == 1) << line;
    }
}

// Seed 253 of the simulation.
TEST(Interface, KeepsTheTypeOfOthersWhenAServiceLosesItsName) {
    Bench bench;
    bench.establish(service("one"));
    bench.establish(service("two"), RenameStyle::instance);
    bench.hear(response({"an two._http._tcp.local. 120! SRV 0 0 81 rival.local."}));
    bench.run(300ms);  // asked anew
    bench.hear(response({"an two._http._tcp.local. 120! SRV 0 0 81 rival.local."}));
    bench.run(5s);
    EXPECT_EQ(std::ranges::count(bench.kinds(), Kind::renamed), 1);
    EXPECT_TRUE(said(bench, goodbye_to_type()).at.empty());
}

// Seed 555 of the simulation: two interfaces on one network, behind a reflector that is slow (6762-125).
TEST(Interface, AnswersEchoesOfItsOtherInterfaceAFewTimes) {
    Bench bench;
    bench.up(2, {"192.0.2.11/24"});
    bench.host("box.local.");
    bench.run(10s);
    bench.sent.clear();
    const auto hear_each = [&](int times) {
        bench.sent.clear();
        for (int i = 0; i < times; ++i) {
            bench.hear(response({"an box.local. 120! A 192.0.2.11"}));
            bench.run(3s);
        }
        return said(bench, "an box.local. 120! A 192.0.2.10").at.size();
    };
    EXPECT_EQ(hear_each(20), static_cast<std::size_t>(echo_answers_max));
    bench.run(echo_peace);
    EXPECT_EQ(hear_each(20), static_cast<std::size_t>(echo_answers_max)) << "after a minute, again";
}

TEST(SendHistory, IsBounded) {
    SendHistory history;
    const Time now = Time{} + 1h;
    SendHistory::Sendings sendings;
    sendings[0].last = now;
    for (std::uint64_t i = 0; i < 3 * send_history_max; ++i) history.keep(now, i, sendings);
    EXPECT_LE(history.size(), send_history_max);
    SendHistory::Sendings recalled;
    history.recall(3 * send_history_max - 1, recalled);
    EXPECT_EQ(recalled[0].last, now) << "the newest are kept";
    history.keep(now + 2s, 0, sendings);
    EXPECT_EQ(history.size(), 0U) << "and nothing that is older than a second";
}

}  // namespace
}  // namespace kith::discovery::mdns::test
