#include "cache/cache.hpp"

#include <string>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"

namespace kith::cache {
namespace {

using dns::RrClass;
using dns::RrType;
using dns::Section;
using State = Found::State;

constexpr Time start = Time{} + 1h;

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

struct Row {
    std::string owner;
    std::uint32_t ttl;
    RrType type;
    std::string rdata;
    Section section = Section::answer;
};

std::vector<std::uint8_t> make_message(std::string_view qname, RrType type,
                                       const std::vector<Row>& rows,
                                       dns::Rcode rcode = dns::Rcode::NOERROR) {
    std::vector<std::uint8_t> buffer(65535);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.set_rcode(rcode);
    builder.add_question(name(qname), type, RrClass::IN);
    for (const Row& row : rows) {
        builder.add_record(row.section, name(row.owner), row.type, RrClass::IN, row.ttl,
                           *dns::rdata_from_text(row.type, row.rdata));
    }
    const Bytes done = builder.finish();
    return {done.begin(), done.end()};
}

Answer make_answer(std::string_view qname, RrType type, const std::vector<Row>& rows,
                   dns::Rcode rcode = dns::Rcode::NOERROR) {
    return std::move(*Answer::from_message(make_message(qname, type, rows, rcode)));
}

Answer address(std::string_view qname, std::uint32_t ttl = 300) {
    return make_answer(qname, RrType::A, {{std::string(qname), ttl, RrType::A, "192.0.2.1"}});
}

std::string to_text(Bytes message) {
    const auto view = dns::MessageView::parse(message);
    if (!view) return view.error().to_text();
    std::string out = dns::rcode_name(view->rcode());
    if (view->header().has(dns::Header::tc)) out += " TC";
    std::vector<std::uint8_t> scratch(65535);
    for (const Section section : {Section::answer, Section::authority}) {
        view->for_each(section, [&](const dns::RecordView& record) {
            dns::Writer rdata(scratch);
            EXPECT_TRUE(dns::expand_rdata(message, record, rdata).has_value());
            out += " | " + record.owner.to_text() + " " + std::to_string(record.ttl) + " " +
                   dns::type_name(record.type) + " " +
                   dns::rdata_to_text(record.type, record.klass, rdata.written());
        });
    }
    return out;
}

/// A cache asked by text.
struct Fixture {
    explicit Fixture(CacheLimits limits = {}) : cache(limits) {}
    void store(std::string_view text, const Answer& answer, Time now = start,
               RrType type = RrType::A, KeyFlags flags = {}) {
        const dns::LookupName lookup(name(text));
        cache.store(now, {lookup, type, RrClass::IN, flags}, answer);
    }
    Found find(std::string_view text, Time now = start, RrType type = RrType::A,
               KeyFlags flags = {}) {
        const dns::LookupName lookup(name(text));
        return cache.find(now, {lookup, type, RrClass::IN, flags});
    }
    void fail(std::string_view text, Time now = start) {
        const dns::LookupName lookup(name(text));
        cache.fail(now, {lookup, RrType::A, RrClass::IN, {}}, std::nullopt);
    }
    Cache cache;
};

// The same answer, copied whole and written record by record; the TTLs have aged 100 s.
TEST(WriteAnswer, AgesTtlsAndKeepsTheAskersCase) {
    struct Case {
        const char* why;
        RrType type;
        std::vector<Row> rows;
        dns::Rcode rcode;
        std::string text;
    };
    const Case cases[] = {
        {"one address",
         RrType::A,
         {{"www.example.", 300, RrType::A, "192.0.2.1"}},
         dns::Rcode::NOERROR,
         "NOERROR | wWw.eXample. 200 A 192.0.2.1"},
        {"a chain whose names are compressed",
         RrType::A,
         {{"www.example.", 300, RrType::CNAME, "web.example."},
          {"web.example.", 150, RrType::A, "192.0.2.1"}},
         dns::Rcode::NOERROR,
         "NOERROR | wWw.eXample. 200 CNAME web.eXample. | web.eXample. 50 A 192.0.2.1"},
        {"negative",
         RrType::A,
         {{"example.", 101, RrType::SOA, "ns.example. m.example. 1 2 3 4 5", Section::authority}},
         dns::Rcode::NXDOMAIN,
         "NXDOMAIN | eXample. 1 SOA ns.eXample. m.eXample. 1 2 3 4 5"},
        {"never below zero",
         RrType::A,
         {{"www.example.", 99, RrType::A, "192.0.2.1"}},
         dns::Rcode::NOERROR,
         "NOERROR | wWw.eXample. 0 A 192.0.2.1"},
    };
    for (const Case& row : cases) {
        for (const Place place : {Place::question, Place::chain}) {
            SCOPED_TRACE(row.why);
            const Answer answer = make_answer("www.example", row.type, row.rows, row.rcode);
            std::array<std::uint8_t, 512> buffer;
            dns::MessageBuilder builder;
            builder.start(buffer, buffer.size());
            builder.add_question(name("wWw.eXample"), row.type, RrClass::IN);
            EXPECT_TRUE(write_answer(answer.view(start, Freshness::fresh), start + 100s + 900ms,
                                     place, builder));
            EXPECT_EQ(to_text(builder.finish()), row.text);
        }
    }
}

TEST(WriteAnswer, StaleRecordsHaveThirtySeconds) {
    const Answer answer = address("www.example");
    std::array<std::uint8_t, 512> buffer;
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.add_question(name("www.example"), RrType::A, RrClass::IN);
    write_answer(answer.view(start, Freshness::stale), start + 5000s, Place::question, builder);
    EXPECT_EQ(to_text(builder.finish()), "NOERROR | www.example. 30 A 192.0.2.1");
}

TEST(WriteAnswer, WritesWholeRrsetsOnlyAndSetsTc) {
    std::vector<Row> rows{{"www.example.", 300, RrType::CNAME, "web.example."}};
    for (int i = 0; i < 30; ++i)
        rows.push_back({"web.example.", 300, RrType::A, "192.0.2." + std::to_string(i)});
    const Answer answer = make_answer("www.example", RrType::A, rows);
    std::array<std::uint8_t, 512> buffer;
    dns::MessageBuilder builder;
    builder.start(buffer, 300);
    builder.add_question(name("www.example"), RrType::A, RrClass::IN);
    EXPECT_FALSE(
        write_answer(answer.view(start, Freshness::fresh), start, Place::question, builder));
    EXPECT_EQ(to_text(builder.finish()), "NOERROR TC | www.example. 300 CNAME web.example.");
}

TEST(Answer, RefusesMessagesOfAnotherForm) {
    std::vector<std::uint8_t> good =
        make_message("www.example", RrType::A, {{"www.example.", 1, RrType::A, "192.0.2.1"}});
    EXPECT_TRUE(Answer::from_message(good).has_value());
    std::vector<std::uint8_t> bad = good;
    bad[13] = 'W';
    EXPECT_FALSE(Answer::from_message(bad).has_value()) << "not in lower case";
    bad = good;
    bad.push_back(0);
    EXPECT_FALSE(Answer::from_message(bad).has_value()) << "trailing byte";
    bad = good;
    bad[5] = 0;
    EXPECT_FALSE(Answer::from_message(bad).has_value()) << "no question";
    bad = good;
    bad[11] = 1;
    EXPECT_FALSE(Answer::from_message(bad).has_value()) << "additional records";
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(Answer::from_message(Bytes(good).first(size)).has_value()) << size;
    }
    std::vector<Row> many(answer_records_max + 1, {"www.example.", 1, RrType::A, "192.0.2.1"});
    EXPECT_FALSE(Answer::from_message(make_message("www.example", RrType::A, many)).has_value());
}

TEST(Cache, FindsTheQuestionAndOnlyIt) {
    Fixture f;
    f.store("www.example", address("www.example"));
    EXPECT_EQ(f.find("WWW.Example").state, State::fresh) << "case does not matter";
    EXPECT_EQ(f.find("www.example", start, RrType::AAAA).state, State::none);
    EXPECT_EQ(f.find("ww.example").state, State::none);
    EXPECT_EQ(f.find("www.example", start, RrType::A, {true, false}).state, State::none) << "DO";
    EXPECT_EQ(f.find("www.example", start, RrType::A, {false, true}).state, State::none) << "CD";
    EXPECT_TRUE(f.find("www.example").answer.is_for(name("WwW.example"), RrType::A, RrClass::IN));
    EXPECT_FALSE(f.find("www.example").answer.is_for(name("www.example"), RrType::MX, RrClass::IN));
}

TEST(Cache, EntryIsFreshThenStaleThenGone) {
    Fixture f({.stale_seconds_max = 1000});
    f.store("www.example", address("www.example", 300));
    struct Moment {
        std::chrono::milliseconds after;
        State state;
    };
    const Moment moments[] = {{0ms, State::fresh},
                              {299'999ms, State::fresh},
                              {300'000ms, State::stale_recheck},
                              {1'299'999ms, State::stale_recheck},
                              {1'300'000ms, State::none}};
    for (const Moment& moment : moments)
        EXPECT_EQ(f.find("www.example", start + moment.after).state, moment.state);
}

TEST(Cache, FailureTimesGrowAndAreForgottenOnSuccess) {
    Fixture f;
    Time now = start;
    for (const std::chrono::seconds expected : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        f.fail("www.example", now);
        EXPECT_EQ(f.find("www.example", now + expected - 1ms).state, State::failed)
            << expected.count();
        now += expected;
        EXPECT_EQ(f.find("www.example", now).state, State::none) << expected.count();
    }
    f.store("www.example", address("www.example", 1), now);
    f.store("www.example", Answer(), now);
    f.fail("www.example", now);
    EXPECT_EQ(f.find("www.example", now + 5s).state, State::none) << "counted from one again";
}

TEST(Cache, FailureKeepsDataForHalfAMinute) {
    Fixture f;
    f.store("www.example", address("www.example", 300));
    f.fail("www.example", start + 1s);
    EXPECT_EQ(f.find("www.example", start + 2s).state, State::fresh) << "fresh data stays fresh";
    f.fail("www.example", start + 300s);
    const Found found = f.find("www.example", start + 329s);
    EXPECT_EQ(found.state, State::stale);
    EXPECT_EQ(found.answer.ede, dns::EdeCode::stale_answer);
    EXPECT_EQ(f.find("www.example", start + 330s).state, State::stale_recheck);
}

TEST(Cache, StaleNxdomainSaysSo) {
    Fixture f;
    f.store("www.example",
            make_answer("www.example", RrType::A,
                        {{"example.", 60, RrType::SOA, "a. b. 1 2 3 4 5", Section::authority}},
                        dns::Rcode::NXDOMAIN));
    EXPECT_EQ(f.find("www.example", start + 61s).answer.ede, dns::EdeCode::stale_nxdomain_answer);
}

TEST(Cache, DoesNotKeepWhatHasNoLifetime) {
    Fixture f;
    f.store("www.example", address("www.example", 300));
    f.store("www.example", address("www.example", 0));
    EXPECT_EQ(f.find("www.example").state, State::none) << "TTL 0 replaces what was there";
    f.store("none.example", make_answer("none.example", RrType::A, {}));
    EXPECT_EQ(f.cache.size(), 0U);
}

TEST(Cache, WantsPopularAnswersFetchedBeforeTheyEnd) {
    Fixture f;
    f.store("www.example", address("www.example", 300));
    EXPECT_FALSE(f.find("www.example", start + 271s).prefetch) << "asked for once";
    EXPECT_FALSE(f.find("www.example", start + 269s).prefetch) << "asked for twice, but early";
    EXPECT_TRUE(f.find("www.example", start + 271s).prefetch);
    f.store("www.example", address("www.example", 9));
    for (int i = 0; i < 5; ++i)
        EXPECT_FALSE(f.find("www.example", start + 8s + 900ms).prefetch)
            << "too short to be worth it";
}

TEST(Cache, NeverPassesItsBytesNorItsEntries) {
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{1000}, std::size_t{30'000}, std::size_t{1'000'000}}) {
        Fixture f({.bytes_max = bytes, .entries_max = 2000});
        for (int i = 0; i < 6000; ++i) {
            const std::string text = std::to_string(i) + ".some.longer.domain.example";
            if (i % 5 == 0) {
                f.fail(text);
            } else {
                f.store(text, address(text));
            }
            ASSERT_LE(f.cache.bytes(), bytes) << i;
            ASSERT_LE(f.cache.size(), 2000U) << i;
        }
        if (bytes >= 30'000) {
            EXPECT_GT(f.cache.size(), bytes / 600);
            EXPECT_EQ(f.find("5999.some.longer.domain.example").state, State::fresh)
                << "the newest is in";
        }
        f.cache.clear();
        EXPECT_EQ(f.cache.bytes(), 0U);
    }
}

// 300 names are asked for once per 300 queries, in between come as many random names: more than
// three times what the cache holds for them. A queue without marks would lose every name each time.
TEST(Cache, NamesInUseSurviveAFloodOfRandomOnes) {
    Fixture f({.entries_max = 1000});
    const auto home = [](int i) { return std::to_string(i % 300) + ".home"; };
    for (int i = 0; i < 300; ++i) f.store(home(i), address(home(i)));
    for (int i = 0; i < 300; ++i) f.find(home(i));
    int lost = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string random = "x" + std::to_string(i) + ".attack";
        f.store(random, address(random));
        if (f.find(home(i)).state == State::fresh) continue;
        ++lost;
        f.store(home(i), address(home(i)));
    }
    // Where the hand meets eviction_steps_max names in use in a row, it takes the last of them.
    EXPECT_LE(lost, 300 / eviction_steps_max);
    EXPECT_GT(f.cache.stats().evicted, 19'000U);
}

TEST(Cache, OneLargeAnswerDoesNotPushOutAll) {
    Fixture f({.bytes_max = 60'000});
    f.store("www.example", address("www.example"));
    std::vector<Row> rows;
    for (int i = 0; i < 250; ++i)
        rows.push_back({"big.example.", 300, RrType::A, "192.0.2." + std::to_string(i)});
    f.store("big.example", make_answer("big.example", RrType::A, rows));
    EXPECT_EQ(f.find("big.example").state, State::none);
    EXPECT_EQ(f.find("www.example").state, State::fresh);
    EXPECT_EQ(f.cache.stats().refused, 1U);
}

TEST(Cache, ForgetsADomain) {
    Fixture f;
    for (const char* const text : {"a.example", "b.a.example", "example", "other"})
        f.store(text, address(text));
    EXPECT_EQ(f.cache.erase_under(name("A.example")), 2U);
    EXPECT_EQ(f.find("b.a.example").state, State::none);
    EXPECT_EQ(f.find("example").state, State::fresh);
    EXPECT_EQ(f.cache.size(), 2U);
}

}  // namespace
}  // namespace kith::cache
