// RFC 6762: claiming names and keeping them, requirement by requirement
// (docs/requirements/rfc6762.txt).

#include "discovery/mdns/echo_guard.hpp"
#include "discovery/mdns/names.hpp"
#include "discovery/mdns/test_bench.hpp"
#include "discovery/mdns/tie_break.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace kith::discovery::mdns::test {
namespace {

using dns::RrType;
using Kind = RegistrationEvent::Kind;

const Lines host_a = {"box.local. 120! A 192.0.2.10"};

std::vector<Sent> probes_of(const std::vector<Sent>& sent) {
    std::vector<Sent> out;
    for (const Sent& packet : sent) {
        if (!packet.is_response() && packet.header().counts[2] != 0) out.push_back(packet);
    }
    return out;
}
std::vector<Sent> responses_of(const std::vector<Sent>& sent) {
    std::vector<Sent> out;
    for (const Sent& packet : sent) {
        if (packet.is_response()) out.push_back(packet);
    }
    return out;
}

std::ptrdiff_t count_of(const Bench& bench, Kind kind) {
    const std::vector<Kind> kinds = bench.kinds();
    return std::count(kinds.begin(), kinds.end(), kind);
}

// ---------------------------------------------------------------- probing

TEST(Rfc6762Probing, HappensOnStartWakeAndLinkChange) {
    SCOPED_TRACE("6762-75");
    Bench bench;
    bench.add(host_a);
    bench.run(10s);
    EXPECT_EQ(probes_of(bench.sent).size(), 3U) << "start";
    EXPECT_EQ(responses_of(bench.sent).size(), 2U);
    bench.sent.clear();
    bench.engine.on_wake(bench.now);
    bench.hear(query({"q box.local. A"}));
    EXPECT_TRUE(bench.sent.empty()) << "not ours until asked";
    bench.run(10s);
    EXPECT_EQ(probes_of(bench.sent).size(), 3U) << "wake";
    EXPECT_EQ(responses_of(bench.sent).size(), 2U);
    bench.sent.clear();
    bench.down(1);
    bench.up(1, {"192.0.2.10/24"});
    bench.run(10s);
    EXPECT_EQ(probes_of(bench.sent).size(), 3U) << "link down and up";
    EXPECT_EQ(responses_of(bench.sent).size(), 2U);
    bench.sent.clear();
    bench.up(1, {"192.0.2.10/24", "fe80::10/64"});
    bench.run(10s);
    EXPECT_EQ(probes_of(bench.sent).size(), 6U) << "a second family: on both";
}

TEST(Rfc6762Probing, SendsThreeProbesAQuarterSecondApart) {
    SCOPED_TRACE("6762-76");
    SCOPED_TRACE("6762-77");
    SCOPED_TRACE("6762-83");
    std::set<std::int64_t> starts;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Bench bench({.seed = seed});
        bench.add({"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                   "web._http._tcp.local. 4500! TXT \"\"",
                   "_http._tcp.local. 4500 PTR web._http._tcp.local."});
        bench.run(2s);
        const std::vector<Sent> probes = probes_of(bench.sent);
        ASSERT_EQ(probes.size(), 3U);
        EXPECT_LE(probes[0].at, 250ms);
        EXPECT_EQ(probes[1].at - probes[0].at, 250ms);
        EXPECT_EQ(probes[2].at - probes[1].at, 250ms);
        EXPECT_EQ(responses_of(bench.sent)[0].at - probes[2].at, 250ms);
        for (const Sent& probe : probes) {
            EXPECT_EQ(probe.lines, (Lines{"q web._http._tcp.local. ANY QU",
                                          "ns web._http._tcp.local. 120 SRV 0 0 80 box.local.",
                                          "ns web._http._tcp.local. 4500 TXT \"\""}))
                << "all unique records of the name, no shared ones, no flush bit";
        }
        starts.insert(std::chrono::duration_cast<std::chrono::milliseconds>(probes[0].at).count());
    }
    EXPECT_GT(starts.size(), 25U) << "at random";
}

TEST(Rfc6762Probing, ManyNamesShareTheirPackets) {
    SCOPED_TRACE("6762-83");
    Bench bench;
    for (int i = 0; i < 100; ++i)
        bench.add({"host-" + std::to_string(i) + ".local. 120! A 192.0.2.10"});
    bench.run(900ms);
    const std::vector<Sent> probes = probes_of(bench.sent);
    EXPECT_LT(probes.size(), 30U);
    std::size_t questions = 0;
    for (const Sent& probe : probes) {
        EXPECT_EQ(probe.header().counts[0], probe.header().counts[2]);
        EXPECT_LE(probe.bytes.size(), 1452U);
        questions += probe.header().counts[0];
    }
    EXPECT_EQ(questions, 300U);
}

TEST(Rfc6762Probing, AnAnswerTakesTheNameAway) {
    SCOPED_TRACE("6762-78");
    SCOPED_TRACE("6762-79");
    SCOPED_TRACE("6762-80");
    struct Row {
        Duration at;  // after the first probe
        const char* line;
        bool unicast;
        bool is_conflict;
        const char* why;
    };
    constexpr Row rows[] = {
        {10ms, "an box.local. 120! A 192.0.2.66", false, true, "another address"},
        {740ms, "an box.local. 120! A 192.0.2.66", false, true, "just in time"},
        {10ms, "an box.local. 120! A 192.0.2.66", true, true, "by unicast, as asked"},
        {10ms, "an box.local. 4500! TXT \"x\"", false, true, "any type counts"},
        {10ms, "ar box.local. 120! A 192.0.2.66", false, true, "in any section"},
        {10ms, "an box.local. 0! A 192.0.2.66", false, false, "a goodbye gives it up"},
        {10ms, "an box.local. 120! A 192.0.2.10", false, false, "what we propose ourselves"},
        {10ms, "an other.local. 120! A 192.0.2.66", false, false, "another name"},
        {-1ms, "an box.local. 120! A 192.0.2.66", false, false, "before the first probe"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.add(host_a, RenameStyle::host);
        const Time first = *bench.engine.next_timer();
        bench.run(first + row.at - bench.now);
        if (row.unicast) {
            bench.hear_unicast(response({row.line}));
        } else {
            bench.hear(response({row.line}));
        }
        bench.run(5s);
        const dns::Name expected = name(row.is_conflict ? "box-2.local." : "box.local.");
        EXPECT_EQ(bench.registrations.back().kind, Kind::established);
        EXPECT_EQ(bench.registrations.back().name, expected) << row.why;
    }
}

TEST(Rfc6762Probing, WaitsAfterFifteenConflicts) {
    SCOPED_TRACE("6762-81");
    Bench bench;
    bench.add(host_a, RenameStyle::host);
    std::vector<Duration> starts;
    for (int i = 0; i < 20; ++i) {
        while (true) {
            const std::vector<Sent> sent = bench.sent_in(1ms);
            if (probes_of(sent).empty()) continue;
            starts.push_back(sent[0].at);
            const std::string asked = sent[0].lines[0].substr(2, sent[0].lines[0].find(" ANY") - 2);
            bench.hear(response({"an " + asked + " 120! A 192.0.2.66"}));
            break;
        }
    }
    EXPECT_LT(starts[14] - starts[0], 4s) << "fifteen attempts at full speed";
    for (std::size_t i = 15; i < starts.size(); ++i) EXPECT_GE(starts[i] - starts[i - 1], 5s) << i;
    EXPECT_EQ(bench.engine.stats().conflicts, 20U);
}

TEST(Rfc6762Probing, IsLeftOutWhereUniquenessIsKnown) {
    SCOPED_TRACE("6762-82");
    Bench bench;
    bench.host("box.local.");
    bench.run(5s);
    for (const Sent& probe : probes_of(bench.sent)) EXPECT_FALSE(probe.mentions("in-addr.arpa"));
    EXPECT_TRUE(responses_of(bench.sent)[0].has("an 10.2.0.192.in-addr.arpa. 120! PTR box.local."));
    Bench proxy;
    RegistrationRequest request;
    request.records.push_back(record("asleep.local. 120! A 192.0.2.77"));
    request.records[0].ownership = Ownership::known_unique;
    ASSERT_TRUE(proxy.engine.add_registration(proxy.now, request).has_value());
    proxy.run(100ms);
    ASSERT_EQ(proxy.sent.size(), 1U);
    EXPECT_TRUE(proxy.sent[0].has("an asleep.local. 120! A 192.0.2.77"));
}

// ---------------------------------------------------------------- ties

TEST(Rfc6762Ties, AreBrokenByClassTypeAndBytes) {
    SCOPED_TRACE("6762-84");
    SCOPED_TRACE("6762-86");
    struct Row {
        Lines ours, theirs;
        Tie tie;
        const char* why;
    };
    const Row rows[] = {
        {{"x. 1 A 169.254.99.200"},
         {"x. 1 A 169.254.200.50"},
         Tie::theirs_wins,
         "RFC 6762 §8.2: unsigned bytes"},
        {{"x. 1 A 169.254.200.50"},
         {"x. 1 A 169.254.99.200"},
         Tie::ours_wins,
         "and the other way round"},
        {{"x. 1 A 255.255.255.255"},
         {"x. 1 TXT \"\""},
         Tie::theirs_wins,
         "a greater type is later than any data"},
        {{"x. 1 TXT \"a\""},
         {"x. 1 TXT \"a\" \"\""},
         Tie::theirs_wins,
         "longer data with the same start is later"},
        {{"x. 1 A 10.0.0.1"}, {"x. 1 A 10.0.0.1"}, Tie::same, "identical"},
        {{"x. 1 A 10.0.0.1", "x. 1 A 10.0.0.2"},
         {"x. 1 A 10.0.0.2", "x. 1 A 10.0.0.1"},
         Tie::same,
         "in any order"},
        {{"x. 1 A 10.0.0.1"},
         {"x. 1 A 10.0.0.1", "x. 1 A 10.0.0.0"},
         Tie::ours_wins,
         "the first pair decides"},
        {{"x. 1 A 10.0.0.1"},
         {"x. 1 A 10.0.0.1", "x. 1 A 10.0.0.2"},
         Tie::theirs_wins,
         "who has records left wins"},
        {{"x. 1 SRV 0 0 80 a.local.", "x. 1 TXT \"b\""},
         {"x. 1 SRV 0 0 90 a.local.", "x. 1 TXT \"a\""},
         Tie::ours_wins,
         "TXT comes before SRV"},
    };
    for (const Row& row : rows) {
        const auto proposals = [](const Lines& lines, std::vector<RegisteredRecord>& keep) {
            std::vector<Proposal> out;
            for (const std::string& line : lines) keep.push_back(record(line));
            for (const RegisteredRecord& rr : keep)
                out.push_back({rr.record.klass, rr.record.type, rr.record.rdata});
            return out;
        };
        std::vector<RegisteredRecord> ours, theirs;
        const auto a = proposals(row.ours, ours);
        const auto b = proposals(row.theirs, theirs);
        EXPECT_EQ(break_tie(a, b), row.tie) << row.why;
    }
    EXPECT_EQ(break_tie({{dns::RrClass::IN, RrType::TXT, {}}}, {{dns::RrClass::CH, RrType::A, {}}}),
              Tie::theirs_wins)
        << "a greater class is later than any type";
}

TEST(Rfc6762Ties, TheLoserWaitsASecondAndAsksAgain) {
    SCOPED_TRACE("6762-85");
    SCOPED_TRACE("6762-84");
    struct Row {
        const char* theirs;
        bool is_lost;
        const char* why;
    };
    constexpr Row rows[] = {
        {"ns box.local. 120 A 192.0.2.66", true, "later than 192.0.2.10"},
        {"ns box.local. 120! A 192.0.2.66", true, "the flush bit is no part of the class"},
        {"ns box.local. 120 A 192.0.2.9", false, "earlier"},
        {"ns box.local. 120 A 192.0.2.10", false, "the same"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.add(host_a, RenameStyle::host);
        const Time first = *bench.engine.next_timer();
        bench.run(first + 300ms - bench.now);
        const Duration heard = bench.now - bench.start;
        EXPECT_EQ(probes_of(bench.sent).size(), 2U);
        bench.hear(query({"q box.local. ANY QU", row.theirs}));
        bench.sent.clear();
        bench.run(5s);
        const std::vector<Sent> probes = probes_of(bench.sent);
        ASSERT_EQ(probes.size(), row.is_lost ? 3U : 1U) << row.why;
        if (row.is_lost) {
            EXPECT_EQ(probes[0].at - heard, 1s) << row.why;
        }
        EXPECT_EQ(bench.registrations.back().name, name("box.local."))
            << "nobody has answered: the name is kept";
        EXPECT_EQ(bench.engine.stats().ties_lost, row.is_lost ? 1U : 0U);
        EXPECT_EQ(bench.engine.stats().renames, 0U);
    }
}

// ---------------------------------------------------------------- announcing

TEST(Rfc6762Announcing, RepeatsWithGrowingGaps) {
    SCOPED_TRACE("6762-87");
    SCOPED_TRACE("6762-88");
    SCOPED_TRACE("6762-89");
    for (const int count : {2, 8}) {
        EngineConfig config;
        config.announcements = count;
        Bench bench({.config = config});
        bench.add({"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                   "_http._tcp.local. 4500 PTR web._http._tcp.local."});
        bench.run(10h);
        const std::vector<Sent> sent = responses_of(bench.sent);
        ASSERT_EQ(sent.size(), static_cast<std::size_t>(count))
            << "and never again without a reason";
        Duration gap = 1s;
        for (std::size_t i = 0; i < sent.size(); ++i) {
            EXPECT_TRUE(sent[i].has("an web._http._tcp.local. 120! SRV 0 0 80 box.local."))
                << "unique: flush";
            EXPECT_TRUE(sent[i].has("an _http._tcp.local. 4500 PTR web._http._tcp.local."))
                << "shared: no flush";
            if (i == 0) continue;
            EXPECT_EQ(sent[i].at - sent[i - 1].at, gap);
            gap *= 2;
        }
    }
}

TEST(Rfc6762Announcing, FollowsAChangeOfData) {
    SCOPED_TRACE("6762-90");
    Bench bench;
    const RegistrationId id = bench.establish({"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                                               "web._http._tcp.local. 4500! TXT \"a=1\"",
                                               "_http._tcp.local. 4500 PTR web._http._tcp.local."});
    ASSERT_TRUE(
        bench.engine.update_record(bench.now, id, 1, rdata(RrType::TXT, "\"a=2\"")).has_value());
    bench.run(5s);
    EXPECT_TRUE(probes_of(bench.sent).empty()) << "no new probing";
    ASSERT_EQ(bench.sent.size(), 2U);
    for (const Sent& packet : bench.sent)
        EXPECT_EQ(packet.lines, (Lines{"an web._http._tcp.local. 4500! TXT \"a=2\""}));
    EXPECT_EQ(bench.sent[1].at - bench.sent[0].at, 1s);
    bench.sent.clear();
    ASSERT_TRUE(
        bench.engine.update_record(bench.now, id, 2, rdata(RrType::PTR, "new._http._tcp.local."))
            .has_value());
    bench.run(5s);
    ASSERT_EQ(bench.sent.size(), 3U);
    EXPECT_EQ(bench.sent[0].lines, (Lines{"an _http._tcp.local. 0 PTR web._http._tcp.local."}))
        << "goodbye first";
    EXPECT_EQ(bench.sent[1].lines[0], "an _http._tcp.local. 4500 PTR new._http._tcp.local.");
    bench.sent.clear();
    ASSERT_TRUE(
        bench.engine.update_record(bench.now, id, 1, rdata(RrType::TXT, "\"a=2\"")).has_value());
    EXPECT_TRUE(bench.sent_in(5s).empty()) << "nothing changed";
    EXPECT_EQ(bench.engine.update_record(bench.now, id, 1, {9, 9}).error(),
              RegisterFault::bad_rdata);
    EXPECT_EQ(bench.engine.update_record(bench.now, id, 7, {}).error(), RegisterFault::unknown_id);
    EXPECT_EQ(bench.engine.update_record(bench.now, 4711, 0, {}).error(),
              RegisterFault::unknown_id);
}

// While a name is in doubt its shared records are silent, but neighbors have them.
TEST(Rfc6762Announcing, EndsSilentSharedRecordsWithAGoodbye) {
    SCOPED_TRACE("6762-101");
    const Lines service = {"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
                           "_http._tcp.local. 4500 PTR web._http._tcp.local."};
    for (const bool is_removed : {true, false}) {
        Bench bench;
        const RegistrationId id = bench.establish(service);
        bench.engine.on_wake(bench.now);
        bench.drain();
        if (is_removed) {
            ASSERT_TRUE(bench.engine.remove_record(bench.now, id, 1).has_value());
        } else {
            ASSERT_TRUE(
                bench.engine
                    .update_record(bench.now, id, 1, rdata(RrType::PTR, "other._http._tcp.local."))
                    .has_value());
        }
        bench.drain();
        bench.run(10s);
        const std::vector<Sent> said = responses_of(bench.sent);
        ASSERT_FALSE(said.empty());
        EXPECT_TRUE(said[0].has("an _http._tcp.local. 0 PTR web._http._tcp.local."))
            << (is_removed ? "removed" : "replaced");
        const auto has_new = [](const Sent& packet) {
            return packet.has("an _http._tcp.local. 4500 PTR other._http._tcp.local.");
        };
        EXPECT_EQ(std::ranges::any_of(said, has_new), !is_removed);
    }
}

TEST(Rfc6762Announcing, HoldsFrequentChangesBack) {
    SCOPED_TRACE("6762-91");
    Bench bench;
    const RegistrationId id = bench.establish({"box.local. 4500! TXT \"0\""});
    for (int i = 1; i <= 50; ++i) {
        ASSERT_TRUE(bench.engine
                        .update_record(bench.now, id, 0,
                                       rdata(RrType::TXT, "\"" + std::to_string(i) + "\""))
                        .has_value());
        bench.run(100ms);
    }
    bench.run(2min);
    std::set<std::string> said;
    for (const Sent& packet : bench.sent) said.insert(packet.lines[0]);
    EXPECT_LE(said.size(), 11U);
    EXPECT_EQ(bench.sent.back().lines[0], "an box.local. 4500! TXT \"50\"")
        << "the last one counts";
}

// ---------------------------------------------------------------- conflicts

TEST(Rfc6762Conflicts, LeadBackToProbing) {
    SCOPED_TRACE("6762-95");
    for (const char* const section : {"an", "ns", "ar"}) {
        Bench bench;
        bench.establish(host_a, RenameStyle::host);
        bench.hear(response({std::string(section) + " box.local. 120! A 192.0.2.66"}));
        EXPECT_EQ(bench.registrations.back().kind, Kind::probing) << section;
        bench.hear(query({"q box.local. A"}));
        EXPECT_TRUE(bench.sent.empty()) << "the name is in doubt: no answers";
        const std::vector<Sent> sent = bench.sent_in(5s);
        EXPECT_EQ(probes_of(sent).size(), 3U);
        EXPECT_EQ(bench.registrations.back().kind, Kind::established);
        EXPECT_EQ(bench.registrations.back().name, name("box.local.")) << "nobody defended it";
        // The other host does defend it: then it is lost.
        bench.hear(response({std::string(section) + " box.local. 120! A 192.0.2.66"}));
        bench.run(300ms);
        bench.hear(response({"an box.local. 120! A 192.0.2.66"}));
        bench.run(5s);
        EXPECT_EQ(bench.registrations.back().name, name("box-2.local."));
        bench.sent.clear();
        bench.hear(query({"q box.local. A"}));
        EXPECT_TRUE(bench.sent.empty()) << "the old name is not used any more";
    }
}

TEST(Rfc6762Conflicts, AreNotWhatSaysTheSame) {
    SCOPED_TRACE("6762-96");
    struct Row {
        const char* line;
        const char* why;
    };
    constexpr Row rows[] = {
        {"an box.local. 120! A 192.0.2.10", "identical"},
        {"an BOX.local. 120! A 192.0.2.10", "in other letters"},
        {"an box.local. 0! A 192.0.2.66", "a goodbye of another host's record"},
        {"an box.local. 4500! TXT \"x\"", "a type that we do not have"},
        {"an box.local. 120! NSEC box.local. A AAAA", "a denial with other types"},
    };
    for (const Row& row : rows) {
        Bench bench;
        bench.establish(host_a, RenameStyle::host);
        bench.hear(response({row.line}));
        bench.run(5s);
        EXPECT_EQ(bench.registrations.back().kind, Kind::established) << row.why;
        EXPECT_EQ(bench.engine.stats().conflicts, 0U) << row.why;
    }
    Bench shared;
    shared.establish({"_http._tcp.local. 4500 PTR web._http._tcp.local."});
    shared.hear(response({"an _http._tcp.local. 4500 PTR other._http._tcp.local."}));
    EXPECT_EQ(shared.engine.stats().conflicts, 0U) << "shared records never conflict";
}

TEST(Rfc6762Conflicts, AreToldAndTheNameChanges) {
    SCOPED_TRACE("6762-97");
    struct Row {
        const char* name;
        RenameStyle style;
        const char* next;
    };
    constexpr Row rows[] = {
        {"box.local.", RenameStyle::host, "box-2.local."},
        {"box-2.local.", RenameStyle::host, "box-3.local."},
        {"box-99.local.", RenameStyle::host, "box-100.local."},
        {"box-1.local.", RenameStyle::host, "box-1-2.local."},
        {"box-02.local.", RenameStyle::host, "box-02-2.local."},
        {"-2.local.", RenameStyle::host, "-2-2.local."},
        {"Web._http._tcp.local.", RenameStyle::instance, "Web\\032\\(2\\)._http._tcp.local."},
        {"Web\\032\\(2\\)._http._tcp.local.", RenameStyle::instance,
         "Web\\032\\(3\\)._http._tcp.local."},
        {"Web\\032\\(x\\)._http._tcp.local.", RenameStyle::instance,
         "Web\\032\\(x\\)\\032\\(2\\)._http._tcp.local."},
    };
    for (const Row& row : rows)
        EXPECT_EQ(next_name(name(row.name), row.style), name(row.next)) << row.name;
    // 63 bytes that end in a character of two: it goes whole.
    const dns::Name cut =
        next_name(name(std::string(59, 'x') + "\\195\\137yy.local."), RenameStyle::host);
    EXPECT_EQ(cut, name(std::string(59, 'x') + "\\195\\137-2.local."));
    const dns::Name shorter =
        next_name(name(std::string(60, 'x') + "\\195\\137y.local."), RenameStyle::host);
    EXPECT_EQ(shorter, name(std::string(60, 'x') + "-2.local."));

    Bench bench;
    bench.add({"web._http._tcp.local. 120! SRV 0 0 80 box.local.",
               "_http._tcp.local. 4500 PTR web._http._tcp.local."},
              RenameStyle::instance);
    bench.run(400ms);
    bench.hear(response({"an web._http._tcp.local. 120! SRV 0 0 80 other.local."}));
    ASSERT_EQ(bench.kinds(), (std::vector{Kind::probing, Kind::renamed}));
    EXPECT_EQ(bench.registrations[1].previous, name("web._http._tcp.local."));
    EXPECT_EQ(bench.registrations[1].name, name("web\\032\\(2\\)._http._tcp.local."));
    EXPECT_EQ(bench.registrations[1].rival.to_text(), "192.0.2.20:5353");
    EXPECT_EQ(bench.registrations[1].interface, 1U);
    bench.run(5s);
    EXPECT_TRUE(
        bench.sent.back().has("an _http._tcp.local. 4500 PTR web\\032\\(2\\)._http._tcp.local."))
        << "what points at it follows";

    Bench refused;
    refused.add(host_a, RenameStyle::refuse);
    refused.run(400ms);
    refused.hear(response({"an box.local. 120! A 192.0.2.66"}));
    EXPECT_EQ(refused.registrations.back().kind, Kind::lost);
    refused.sent.clear();
    EXPECT_TRUE(refused.sent_in(1h).empty());
}

TEST(Rfc6762Conflicts, ThatDoNotEndAreToldAfterAMinute) {
    SCOPED_TRACE("6762-97");
    Bench bench;
    bench.add(host_a, RenameStyle::host);
    for (int i = 0; i < 310; ++i) {
        const std::vector<Sent> sent = bench.sent_in(200ms);
        const std::vector<Sent> probes = probes_of(sent);
        if (probes.empty()) continue;
        const std::string asked =
            probes.back().lines[0].substr(2, probes.back().lines[0].find(" ANY") - 2);
        bench.hear(response({"an " + asked + " 120! A 192.0.2.66"}));
    }
    EXPECT_EQ(count_of(bench, Kind::troubled), 1);
    EXPECT_EQ(count_of(bench, Kind::established), 0);
    bench.run(10s);
    EXPECT_EQ(bench.registrations.back().kind, Kind::established) << "it goes on trying";
}

TEST(Rfc6762Conflicts, OnOneInterfaceRenameOnAll) {
    SCOPED_TRACE("6762-98");
    Bench bench;
    bench.up(2, {"198.51.100.10/24"});
    bench.host("box.local.");
    bench.add({"web._http._tcp.local. 120! SRV 0 0 80 box.local."});
    bench.run(10s);
    bench.engine.on_wake(bench.now);
    bench.run(400ms);
    bench.receive(bench.from("198.51.100.20", port, 2),
                  response({"an box.local. 120! A 198.51.100.66"}));
    bench.run(10s);
    bench.sent.clear();
    for (const InterfaceId interface : {1U, 2U}) {
        const std::string source = interface == 1 ? "192.0.2.20" : "198.51.100.20";
        bench.receive(bench.from(source, port, interface), query({"q box-2.local. A"}));
        ASSERT_FALSE(bench.sent.empty()) << interface;
        EXPECT_EQ(bench.sent.back().interface, interface);
        bench.receive(bench.from(source, port, interface), query({"q web._http._tcp.local. SRV"}));
        EXPECT_TRUE(bench.sent.back().has("an web._http._tcp.local. 120! SRV 0 0 80 box-2.local."))
            << "services follow their host";
    }
}

// ---------------------------------------------------------------- our own echo

TEST(Rfc6762Echo, AnnouncementsOnABridgedInterfaceAreSaidAgainOnce) {
    SCOPED_TRACE("6762-125");
    Bench bench;
    bench.up(2, {"192.0.2.11/24"});
    bench.host("box.local.");
    bench.run(20s);
    bench.sent.clear();
    // What interface 1 said comes in on interface 2, seconds after that one spoke.
    const Message echo = response({"an box.local. 120! A 192.0.2.10"});
    const PacketInfo from_ourselves = bench.from("192.0.2.10", port, 2);
    bench.receive(from_ourselves, echo);
    bench.run(100ms);
    ASSERT_EQ(bench.sent.size(), 1U);
    EXPECT_EQ(bench.sent[0].interface, 2U);
    EXPECT_TRUE(bench.sent[0].has("an box.local. 120! A 192.0.2.11"));
    // And that comes back on interface 1, and so on: it ends, for each spoke within the last second.
    for (int i = 0; i < 20; ++i) {
        const std::vector<Sent> last = bench.sent;
        bench.sent.clear();
        for (const Sent& packet : last)
            bench.receive(bench.from(packet.interface == 1 ? "192.0.2.10" : "192.0.2.11", port,
                                     3 - packet.interface),
                          packet.bytes);
        bench.run(5ms);
    }
    EXPECT_TRUE(bench.sent.empty());
    EXPECT_EQ(bench.engine.stats().conflicts, 0U);
    EXPECT_EQ(bench.engine.stats().renames, 0U);
    EXPECT_EQ(bench.engine.cached_records(2), 0U) << "our own words are not learned";
}

TEST(Rfc6762Echo, FormerRecordsAreNoConflict) {
    SCOPED_TRACE("6762-96");
    Bench bench;
    bench.host("box.local.");
    bench.run(10s);
    bench.up(1, {"192.0.2.99/24"});  // a new address
    bench.run(10s);
    for (int i = 0; i < 5; ++i) {
        // A reflector or a proxy says the old one again, rewritten and from its own address.
        bench.hear(response(
            {"an box.local. 120! A 192.0.2.10", "ar box.local. 120! NSEC box.local. A AAAA"}));
        bench.run(5s);
    }
    EXPECT_EQ(bench.engine.stats().conflicts, 0U);
    bench.run(3min);
    bench.hear(response({"an box.local. 120! A 192.0.2.10"}));
    EXPECT_EQ(bench.engine.stats().conflicts, 1U)
        << "nobody believes it that long: another host has it";
}

TEST(Rfc6762Echo, OwnProbesAreNoTie) {
    SCOPED_TRACE("6762-85");
    Bench bench;
    bench.up(2, {"192.0.2.11/24"});
    bench.host("box.local.");
    // Both interfaces on one network: each hears the probes of the other, at once.
    std::size_t done = 0;
    for (int i = 0; i < 3000; ++i) {
        bench.run(1ms);
        for (; done < bench.sent.size(); ++done) {
            const Sent packet = bench.sent[done];
            bench.receive(bench.from(packet.interface == 1 ? "192.0.2.10" : "192.0.2.11", port,
                                     3 - packet.interface),
                          packet.bytes);
        }
    }
    EXPECT_EQ(bench.engine.stats().ties_lost, 0U);
    EXPECT_EQ(bench.registrations.back().kind, Kind::established);
    EXPECT_EQ(bench.registrations.back().name, name("box.local."));
    EXPECT_LT(bench.now - bench.start, 4s);
}

TEST(MdnsBounds, TheMemoryOfEchoesIsLimited) {
    EchoGuard guard;
    Time now = Time{} + 1h;
    for (std::uint64_t i = 0; i < 10'000; ++i) {
        guard.on_sent(now, i);
        guard.hold(i);
        guard.release(now, i, 120s);
    }
    EXPECT_EQ(guard.digest_count(), sent_digests_max);
    EXPECT_EQ(guard.former_count(), former_records_max);
    EXPECT_TRUE(guard.was_sent(now, 9999) && guard.is_ours(now, 9999));
    EXPECT_FALSE(guard.was_sent(now, 1) || guard.is_ours(now, 1));
    now += 121s;
    EXPECT_FALSE(guard.was_sent(now, 9999) || guard.is_ours(now, 9999));
}

TEST(MdnsBounds, RegistrationsAreChecked) {
    Bench bench;
    struct Row {
        Lines lines;
        RegisterFault fault;
    };
    Lines many;
    for (std::size_t i = 0; i <= registration_records_max; ++i)
        many.push_back("a.local. 120 A 192.0.2.1");
    bench.add(host_a);
    const Row rows[] = {
        {{}, RegisterFault::no_records},
        {{"a.local. 120! A 192.0.2.1", "b.local. 120! A 192.0.2.1"},
         RegisterFault::several_unique_names},
        {{"a.local. 120! NSEC a.local. A"}, RegisterFault::bad_type},
        {{"BOX.local. 120! A 192.0.2.1"}, RegisterFault::name_taken},
        {many, RegisterFault::too_many},
    };
    for (const Row& row : rows) {
        const auto id = bench.engine.add_registration(bench.now, registration(row.lines));
        ASSERT_FALSE(id.has_value());
        EXPECT_EQ(id.error(), row.fault) << describe(row.fault);
        EXPECT_FALSE(describe(row.fault).empty());
    }
}

}  // namespace
}  // namespace kith::discovery::mdns::test
