// A minute of clients, three upstreams and a forger, in virtual time and under many seeds. The
// network loses, repeats, delays and reorders; servers go silent, truncate, fail and send garbage;
// the forger guesses ids. Whatever happens: every client gets exactly one answer in time, nothing
// forged is ever given out, no table passes its bound, and everything is closed in the end.

#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "resolve/upstream_script.hpp"

namespace kith::resolve::test {
namespace {

using dns::RrType;
using Kind = Transmit::Kind;

constexpr std::string_view forged_address = "203.0.113.66";
constexpr std::size_t questions_bound = 60;

class Simulation {
public:
    explicit Simulation(std::uint64_t seed)
        : world_(seed),
          bench_(config(), {.bytes_max = 40'000, .entries_max = 100}, seed ^ 0x5eed) {}

    void run() {
        const Time end = bench_.now + 60s;
        schedule_client(end);
        while (!events_.empty() || bench_.forwarder.next_timer()) {
            const std::optional<Time> timer = bench_.forwarder.next_timer();
            const bool timer_first = timer && (events_.empty() || *timer <= events_.begin()->first);
            bench_.now = std::max(bench_.now, timer_first ? *timer : events_.begin()->first);
            if (timer_first) {
                bench_.forwarder.on_timer(bench_.now);
            } else {
                const std::function<void()> event = std::move(events_.begin()->second);
                events_.erase(events_.begin());
                event();
            }
            settle();
            ASSERT_LE(bench_.forwarder.questions(), questions_bound);
            ASSERT_LE(bench_.cache.bytes(), 40'000U);
            ASSERT_LE(bench_.forwarder.connections(), connections_max);
            ASSERT_LT(bench_.now, end + 1min) << "it must come to rest";
        }
        EXPECT_TRUE(waiting_.empty()) << "clients without an answer: " << waiting_.size();
        EXPECT_EQ(bench_.forwarder.questions(), 0U);
        EXPECT_EQ(bench_.forwarder.waiters(), 0U);
        EXPECT_EQ(bench_.forwarder.connections(), 0U);
        EXPECT_TRUE(open_.empty()) << "sockets left open: " << open_.size();
        EXPECT_GT(answered_, 100) << "the simulation must not be idle";
    }
    int answered() const { return answered_; }
    int failed() const { return failed_; }
    const ForwarderStats& stats() const { return bench_.forwarder.stats(); }

private:
    static ForwardConfig config() {
        ForwardConfig config;
        config.routes.push_back(
            {dns::Name(), {Bench::server(1), Bench::server(2), Bench::server(3)}});
        config.questions_max = questions_bound;
        config.ttl_seconds_max = 20;
        return config;
    }
    bool chance(std::uint32_t percent) { return world_.below(100) < percent; }
    Duration up_to(Duration most) {
        return std::chrono::microseconds(world_.below(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(most).count())));
    }
    void at(Duration in, std::function<void()> event) {
        events_.emplace(bench_.now + in, std::move(event));
    }

    void schedule_client(Time end) {
        if (bench_.now >= end) return;
        at(up_to(40ms), [this, end] {
            client_asks();
            schedule_client(end);
        });
    }
    void client_asks() {
        const std::string text =
            "host-number-" + std::to_string(world_.below(200)) + ".some-domain.example";
        const Token token = next_token_++;
        const AskResult result = bench_.ask(text, RrType::A, token, world_.below(5));
        if (result.state == AskResult::State::parked) waiting_.emplace(token, bench_.now);
        if (result.state == AskResult::State::hit) check(bench_.last_hit);
        EXPECT_NE(result.state, AskResult::State::refused);
    }
    void check(const std::string& text) {
        EXPECT_EQ(text.find(forged_address), std::string::npos) << text;
        if (!text.starts_with("NOERROR")) return;
        EXPECT_NE(text.find(" A 192.0.2.80"), std::string::npos) << text;
    }

    /// Acts on all that the forwarder has given out.
    void settle() {
        bench_.drain();
        for (; seen_ < bench_.sent.size(); ++seen_) act(Sent(bench_.sent[seen_]));
        for (const auto& [token, results] : bench_.got) {
            EXPECT_EQ(results.size(), 1U) << token;
            const auto asked = waiting_.find(token);
            ASSERT_NE(asked, waiting_.end()) << "an answer for nobody";
            EXPECT_LE(bench_.now - asked->second, 4500ms);
            waiting_.erase(asked);
            ++(results[0].text == "SERVFAIL" ? failed_ : answered_);
            check(results[0].text);
        }
        bench_.got.clear();
    }

    void act(const Sent& out) {
        switch (out.kind) {
            case Kind::send_udp:
                EXPECT_TRUE(open_.insert(out.socket).second) << "a socket is used once";
                if (chance(3)) {
                    at(0ms,
                       [this, out] { bench_.forwarder.on_send_failed(bench_.now, out.socket); });
                } else {
                    serve_udp(out);
                    if (chance(30)) forge(out);
                }
                break;
            case Kind::open_tcp:
                EXPECT_TRUE(open_.insert(out.socket).second);
                at(up_to(50ms), [this, out] {
                    if (chance(20)) return bench_.forwarder.on_tcp_closed(bench_.now, out.socket);
                    if (chance(90)) bench_.forwarder.on_tcp_connected(bench_.now, out.socket);
                });
                break;
            case Kind::send_tcp:
                if (chance(10)) break;
                at(up_to(80ms), [this, out] {
                    if (chance(10)) return bench_.forwarder.on_tcp_closed(bench_.now, out.socket);
                    bench_.forwarder.on_tcp_reply(bench_.now, out.socket, truth(out.message, {}));
                });
                break;
            case Kind::close:
                EXPECT_EQ(open_.erase(out.socket), 1U) << "what is closed was open";
                break;
        }
    }
    bool is_silent(const Endpoint& server) const {
        // Each server is away for a third of the time, and now and then all of them.
        const auto seconds =
            std::chrono::duration_cast<std::chrono::seconds>(bench_.now.time_since_epoch()).count();
        return seconds % 20 == 0 || (seconds / 10) % 3 == server.address.bytes()[3] % 3;
    }
    void serve_udp(const Sent& out) {
        if (is_silent(out.to)) return;
        for (int copy = 0; copy < 2; ++copy) {
            if (chance(20)) continue;  // lost
            at(up_to(chance(5) ? Duration(4s) : Duration(60ms)), [this, out] {
                ReplyShape shape;
                shape.truncated = chance(5);
                if (chance(5)) shape.rcode = dns::Rcode::SERVFAIL;
                if (chance(3)) shape.cut_bytes = 1 + world_.below(20);
                bench_.forwarder.on_udp_reply(bench_.now, out.socket, out.to,
                                              truth(out.message, shape));
            });
            if (!chance(10)) break;  // repeated
        }
    }
    std::vector<std::uint8_t> truth(Bytes query, const ReplyShape& shape) {
        const auto view = dns::read_query(query);
        const std::string owner = dns::Name(dns::NameView::unchecked(view->qname)).to_text();
        // What an upstream adds without being asked must not be kept.
        return make_reply(
            query,
            {{owner, 30, RrType::A, "192.0.2.80"},
             {"bank.example.", 99999, RrType::A, std::string(forged_address)},
             {"example.", 99999, RrType::NS, "evil.example.", dns::Section::authority},
             {"evil.example.", 99999, RrType::A, std::string(forged_address),
              dns::Section::additional}},
            shape);
    }
    void forge(const Sent& out) {
        const std::string owner =
            dns::Name(dns::NameView::unchecked(dns::read_query(out.message)->qname)).to_text();
        const std::vector<Row> rows{{owner, 99999, RrType::A, std::string(forged_address)}};
        // It found the port, but neither sees the id nor the case.
        ReplyShape shape;
        shape.id_change = static_cast<std::uint16_t>(1 + world_.below(65535));
        shape.lower_cased = chance(50);
        if (chance(20)) shape = {.other_question = "bank.example."};
        const bool elsewhere = chance(20);
        if (elsewhere) shape = {};
        at(up_to(30ms), [this, out, rows, shape, elsewhere] {
            const Endpoint from = elsewhere ? Bench::server(99) : out.to;
            bench_.forwarder.on_udp_reply(bench_.now, out.socket, from,
                                          make_reply(out.message, rows, shape));
        });
    }

    SeededRng world_;
    Bench bench_;
    std::multimap<Time, std::function<void()>> events_;
    std::map<Token, Time> waiting_;
    std::set<SocketId> open_;
    std::size_t seen_ = 0;
    Token next_token_ = 1;
    int answered_ = 0;
    int failed_ = 0;
};

TEST(Simulation, ClientsAreServedWhateverTheNetworkDoes) {
    ForwarderStats all;
    int answered = 0;
    int failed = 0;
    for (std::uint64_t seed = 1; seed <= 20 && !::testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulation simulation(seed);
        simulation.run();
        answered += simulation.answered();
        failed += simulation.failed();
        all.near_misses += simulation.stats().near_misses;
        all.sent_tcp += simulation.stats().sent_tcp;
        all.timeouts += simulation.stats().timeouts;
        all.wrong_source += simulation.stats().wrong_source;
        all.stale += simulation.stats().stale;
    }
    // The faults did happen, and most clients were served all the same.
    EXPECT_GT(all.near_misses, 100U);
    EXPECT_GT(all.sent_tcp, 100U);
    EXPECT_GT(all.timeouts, 100U);
    EXPECT_GT(all.wrong_source, 10U);
    EXPECT_GT(answered, 20 * failed);
}

}  // namespace
}  // namespace kith::resolve::test
