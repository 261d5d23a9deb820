#include "discovery/dnssd/unicast_backend.hpp"

#include <gtest/gtest.h>

#include "discovery/dnssd/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::RrType;
using dns::Section;
using Bytes_ = std::vector<std::uint8_t>;

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

struct Rr {
    Section section;
    std::string owner;
    RrType type;
    std::uint32_t ttl;
    std::string rdata;
};

class UnicastTest : public testing::Test {
protected:
    using Transmit = UnicastBackend::Transmit;

    /// What is to be sent now; closing sockets is passed over.
    std::optional<Transmit> sent() {
        while (auto transmit = backend.poll_transmit()) {
            if (!transmit->message.empty()) return transmit;
        }
        return std::nullopt;
    }
    static Bytes_ reply(const Transmit& to, const std::vector<Rr>& records,
                        dns::Rcode rcode = dns::Rcode::NOERROR, std::uint16_t flags = 0) {
        Bytes_ buffer(4096);
        dns::QueryView query;
        EXPECT_TRUE(dns::read_query(to.message, query).has_value());
        dns::MessageBuilder builder;
        builder.start_response(buffer, buffer.size(), to.message, query);
        builder.set_rcode(rcode);
        builder.set_flag(flags);
        for (const Rr& rr : records) {
            const auto rdata = dns::rdata_from_text(rr.type, rr.rdata);
            EXPECT_TRUE(rdata.has_value()) << rr.rdata;
            builder.add_record(rr.section, name(rr.owner), rr.type, dns::RrClass::IN, rr.ttl,
                               *rdata);
        }
        const Bytes out = builder.finish();
        return {out.begin(), out.end()};
    }
    std::vector<std::string> happened() {
        std::vector<std::string> out;
        while (const auto event = backend.poll_event()) {
            if (const auto* failure = std::get_if<QueryFailure>(&*event)) {
                out.push_back("! " + failure->text);
                continue;
            }
            const auto& record = std::get<RecordEvent>(*event);
            if (record.change == RecordChange::absent) {
                out.push_back("none");
            } else {
                out.push_back((record.change == RecordChange::added ? "+" : "-") +
                              dns::rdata_to_text(record.type, dns::RrClass::IN, record.rdata));
            }
        }
        return out;
    }
    void later(Duration duration) {
        now += duration;
        if (const auto at = backend.next_deadline(); at && *at <= now) backend.on_timer(now);
    }
    using Lines = std::vector<std::string>;
    static std::vector<Rr> ptr(std::initializer_list<const char*> targets,
                               std::uint32_t ttl = 100) {
        std::vector<Rr> out;
        for (const char* target : targets)
            out.push_back({Section::answer, "_http._tcp.example.", RrType::PTR, ttl, target});
        return out;
    }

    SeededRng rng{3};
    UnicastBackend backend{Endpoint{IpAddress::v4(192, 0, 2, 53), 53, 0}, {name("example.")}, rng};
    Time now{};
};

TEST_F(UnicastTest, ReportsDifferencesAsTheTtlRunsOut) {
    ASSERT_TRUE(
        backend.start_query(now, {name("_http._tcp.example."), RrType::PTR}, {}).has_value());
    auto query = sent();
    ASSERT_TRUE(query.has_value());
    backend.on_reply(now, query->exchange,
                     reply(*query, ptr({"A._http._tcp.example.", "B._http._tcp.example."})));
    EXPECT_EQ(happened(), (Lines{"+A._http._tcp.example.", "+B._http._tcp.example."}));
    EXPECT_EQ(backend.next_deadline(), now + 90s) << "nine tenths of 100 s";
    later(90s);
    query = sent();
    ASSERT_TRUE(query.has_value());
    backend.on_reply(now, query->exchange,
                     reply(*query, ptr({"B._http._tcp.example.", "C._http._tcp.example."}, 0)));
    EXPECT_EQ(happened(), (Lines{"-A._http._tcp.example.", "+C._http._tcp.example."}));
    EXPECT_EQ(backend.next_deadline(), now + unicast_poll_min) << "a TTL of 0 is no flood";
}

TEST_F(UnicastTest, SaysThatThereIsNone) {
    ASSERT_TRUE(
        backend.start_query(now, {name("_http._tcp.example."), RrType::PTR}, {}).has_value());
    const auto query = sent();
    const std::vector<Rr> soa = {
        {Section::authority, "example.", RrType::SOA, 600, "ns.example. a.example. 1 2 3 4 60"}};
    backend.on_reply(now, query->exchange, reply(*query, soa, dns::Rcode::NXDOMAIN));
    EXPECT_EQ(happened(), (Lines{"none"}));
    EXPECT_EQ(backend.next_deadline(), now + 54s) << "the SOA's minimum";
}

TEST_F(UnicastTest, FollowsAliases) {
    ASSERT_TRUE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
    const auto query = sent();
    backend.on_reply(
        now, query->exchange,
        reply(*query, {{Section::answer, "h.example.", RrType::CNAME, 60, "g.example."},
                       {Section::answer, "g.example.", RrType::A, 60, "192.0.2.9"}}));
    EXPECT_EQ(happened(), (Lines{"+192.0.2.9"}));
}

struct ForgedRow {
    const char* why;
    void (*change)(Bytes_&);
};

TEST_F(UnicastTest, BelievesOnlyTheRightReply) {
    const ForgedRow rows[] = {
        {"another id", [](Bytes_& reply) { reply[0] ^= 1; }},
        {"a query", [](Bytes_& reply) { reply[2] &= 0x7f; }},
        {"another question", [](Bytes_& reply) { reply[14] ^= 1; }},
        {"cut short", [](Bytes_& reply) { reply.resize(20); }},
    };
    ASSERT_TRUE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
    const auto query = sent();
    const Bytes_ good =
        reply(*query, {{Section::answer, "h.example.", RrType::A, 60, "192.0.2.9"}});
    for (const ForgedRow& row : rows) {
        Bytes_ forged = good;
        row.change(forged);
        backend.on_reply(now, query->exchange, forged);
        EXPECT_EQ(happened(), Lines{}) << row.why;
    }
    backend.on_reply(now, query->exchange + 7, good);
    EXPECT_EQ(happened(), Lines{}) << "no such socket";
    backend.on_reply(now, query->exchange, good);
    EXPECT_EQ(happened(), (Lines{"+192.0.2.9"})) << "the forged ones have ended nothing";
    backend.on_reply(now, query->exchange, good);
    EXPECT_EQ(happened(), Lines{}) << "late";
}

TEST_F(UnicastTest, AsksAgainOverTcpWhenTruncated) {
    ASSERT_TRUE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
    auto query = sent();
    backend.on_reply(now, query->exchange, reply(*query, {}, dns::Rcode::NOERROR, dns::Header::tc));
    query = sent();
    ASSERT_TRUE(query.has_value());
    EXPECT_EQ(query->transport, UnicastBackend::Transport::tcp);
}

TEST_F(UnicastTest, ReportsASilentServerOnceAndGoesOn) {
    ASSERT_TRUE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
    int asked = sent().has_value();
    for (int second = 0; second < 60; ++second) {
        later(1s);
        asked += sent().has_value();
    }
    EXPECT_EQ(happened(), (Lines{"! dns 192.0.2.53:53 says nothing"}));
    EXPECT_EQ(asked, 6) << "three tries, half a minute, three more";
}

TEST_F(UnicastTest, KnowsItsDomains) {
    EXPECT_TRUE(backend.serves(name("a.example.")));
    EXPECT_FALSE(backend.serves(name("a.local.")));
    EXPECT_FALSE(backend.serves(name("a.test.")));
    UnicastBackend any(Endpoint{}, {}, rng);
    EXPECT_TRUE(any.serves(name("a.test.")));
    EXPECT_FALSE(any.serves(name("a.local."))) << "6762-01: .local is never sent to a server";
    EXPECT_FALSE(any.serves(name("1.0.254.169.in-addr.arpa."))) << "6762-02";
}

TEST_F(UnicastTest, RefusesTooManyQueries) {
    for (std::size_t i = 0; i < unicast_queries_max; ++i)
        ASSERT_TRUE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
    EXPECT_FALSE(backend.start_query(now, {name("h.example."), RrType::A}, {}).has_value());
}

}  // namespace
}  // namespace kith::discovery::dnssd
