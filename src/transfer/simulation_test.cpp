// A primary and its secondary over a network that loses, repeats, delays, reorders and cuts, in
// virtual time and under many seeds: hundreds of random changes, NOTIFY, refreshes over UDP and TCP,
// IXFR, and AXFR where the history is too short. Whatever happens: the secondary only ever serves
// versions that the primary had, never goes back, and in the end both are equal. Then each step of a
// refresh fails in turn.

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "transfer/notify.hpp"
#include "transfer/refresh.hpp"
#include "transfer/secondary_timers.hpp"
#include "transfer/transfer_testing.hpp"

namespace kith::transfer::test {
namespace {

using Act = Refresh::Action::Kind;
using zone::test::name;
using zone::test::record;

/// The primary: a zone, its newest changes, and what it answers.
class Primary {
public:
    Primary() {
        std::vector<zone::Record> all = {record(
            "@ 300 SOA ns.example. hostmaster.example. 4294967200 5 2 60 5", name("example."))};
        for (int i = 0; i < 200; ++i) all.push_back(random_record(i, 0));
        zone = zone::test::build(all).zone;
        remember();
    }

    void change(Rng& rng) {
        zone::ZoneChange change{
            name("example."), zone->serial(), zone->serial() + 1 + rng.below(3), {}, {}};
        for (std::uint32_t left = 1 + rng.below(10); left > 0; --left) {
            change.added.push_back(
                random_record(static_cast<int>(rng.below(300)), static_cast<int>(rng.below(5))));
        }
        const zone::ZonePtr next = *zone::apply_change(zone, change);
        zone::ZoneChange removal{name("example."), zone->serial(), next->serial(), {}, {}};
        const dns::Name gone = random_record(static_cast<int>(rng.below(300)), 0).owner;
        zone::ZonePtr after = next;
        if (const zone::NodeView node = next->find_node(gone); node && !node.is_empty()) {
            const zone::RrSetView rrset = *node.rrsets().begin();
            const Bytes rdata = rrset.rdata(0);
            zone::ZoneChange taking{name("example."), next->serial(), next->serial(), {}, {}};
            taking.removed.push_back(
                {gone, rrset.type(), rrset.ttl(), {rdata.begin(), rdata.end()}, {}});
            after = *zone::apply_change(next, taking);
        }
        changes.push_back(std::make_shared<zone::ZoneChange>(zone::difference(*zone, *after)));
        if (changes.size() > 12) changes.erase(changes.begin());
        zone = after;
        remember();
    }

    /// The messages that answer a query.
    std::vector<Message> answer(Bytes asked) {
        const auto query = read_transfer_query(asked);
        if (!query || (refuse_ixfr && query->kind == Kind::ixfr)) {
            Message buffer(65535);
            const Bytes error =
                write_transfer_error(asked, dns::Rcode::NOTIMP, {}, "", nullptr, buffer);
            return {{error.begin(), error.end()}};
        }
        Source source{zone, {}, {}};
        for (std::size_t i = 0; i < changes.size(); ++i) {
            if (!source.changes.empty() || changes[i]->from_serial == query->serial)
                source.changes.push_back(changes[i]);
        }
        TransferOut out(*query, source, std::make_unique<CountingSigner>(), 700);
        (out.shape() == Shape::differences ? incremental : whole) += 1;
        return run(out);
    }
    Message answer_soa(Bytes asked) const {
        dns::QueryView view;
        Message buffer(65535);
        if (!dns::read_query(asked, view)) return {};
        dns::MessageBuilder builder;
        builder.start_response(buffer, 1232, asked, view);
        builder.set_flag(dns::Header::aa);
        const zone::RrSetView soa = zone->apex_node().find(dns::RrType::SOA);
        builder.add_record(dns::Section::answer, zone->apex(), dns::RrType::SOA, dns::RrClass::IN,
                           soa.ttl(), soa.rdata(0));
        const std::size_t size = builder.finish().size();
        buffer.resize(CountingSigner().sign(buffer, size));
        return buffer;
    }
    bool had(const zone::Zone& version) const {
        const auto at = versions.find(version.serial());
        return at != versions.end() && at->second == zone::test::dump(version);
    }

    zone::ZonePtr zone;
    std::vector<ChangePtr> changes;
    std::map<std::uint32_t, std::vector<std::string>> versions;
    bool refuse_ixfr = false;
    int whole = 0, incremental = 0;

private:
    static zone::Record random_record(int host, int value) {
        return record("host" + std::to_string(host) + " " + std::to_string(60 + host % 2 * value) +
                          " A 192.0.2." + std::to_string(1 + value),
                      name("example."));
    }
    void remember() { versions[zone->serial()] = zone::test::dump(*zone); }
};

/// How bad the network is, in percent.
struct Weather {
    std::uint32_t lost = 0, doubled = 0, cut = 0, refused = 0;
    bool first_primary_is_dead = false;
};

class World {
public:
    World(std::uint64_t seed, const Weather& weather)
        : rng_(seed),
          weather_(weather),
          timers_(weather.first_primary_is_dead ? 2 : 1, {}, engine_rng_, now_),
          notifier_(engine_rng_) {}

    void run(int changes) {
        schedule_change(changes);
        at(0s, [this] { timers_.on_timer(now_); });
        Time calm_since{};
        while (true) {
            settle();
            const std::optional<Time> next = next_moment();
            ASSERT_TRUE(next.has_value());
            now_ = std::max(now_, *next);
            if (!events_.empty() && events_.begin()->first <= now_) {
                const auto event = std::move(events_.begin()->second);
                events_.erase(events_.begin());
                event();
            }
            timers_.on_timer(now_);
            notifier_.on_timer(now_);
            if (refresh_) refresh_->on_timer(now_);
            if (left_ > 0) {
                calm_since = now_;
            } else if (zone_ != nullptr && zone_->serial() == primary.zone->serial() && !refresh_) {
                break;
            }
            ASSERT_LT(now_ - calm_since, 30min) << "it must catch up";
        }
        EXPECT_EQ(zone::test::dump(*zone_), zone::test::dump(*primary.zone));
        EXPECT_EQ(timers_.health(), ZoneHealth::good);
    }

    Primary primary;
    int refreshes = 0, failures = 0, taken = 0;

private:
    bool chance(std::uint32_t percent) { return rng_.below(100) < percent; }
    Duration a_while() {
        return std::chrono::microseconds(100 + rng_.below(chance(5) ? 3'000'000 : 50'000));
    }
    void at(Duration in, std::function<void()> event) {
        events_.emplace(now_ + in, std::move(event));
    }

    std::optional<Time> next_moment() const {
        std::optional<Time> out;
        const auto add = [&out](std::optional<Time> moment) {
            if (moment) out = out ? std::min(*out, *moment) : *moment;
        };
        if (!events_.empty()) add(events_.begin()->first);
        add(timers_.next_deadline());
        add(notifier_.next_deadline());
        if (refresh_) add(refresh_->next_deadline());
        return out;
    }

    void schedule_change(int left) {
        left_ = left;
        if (left == 0) return;
        at(std::chrono::milliseconds(rng_.below(2000)), [this, left] {
            primary.change(rng_);
            const zone::RrSetView soa = primary.zone->apex_node().find(dns::RrType::SOA);
            notifier_.notify(now_, name("example."), dns::RrClass::IN, soa.rdata(0), 300,
                             {{secondary_, 0}});
            schedule_change(left - 1);
        });
    }

    /// Delivers a datagram, or not, or twice, whenever.
    void send(std::function<void()> deliver) {
        for (int copies = chance(weather_.doubled) ? 2 : 1; copies > 0; --copies) {
            if (!chance(weather_.lost)) at(a_while(), deliver);
        }
    }

    void settle() {
        while (auto transmit = notifier_.poll_transmit(now_)) {
            send([this, message = std::move(transmit->message)] {
                const auto notify = read_notify(message);
                ASSERT_TRUE(notify.has_value());
                timers_.on_notify(now_, weather_.first_primary_is_dead ? 1 : 0, notify->serial);
                Message buffer(512);
                const Bytes reply =
                    write_notify_reply(message, dns::Rcode::NOERROR, nullptr, buffer);
                send([this, bytes = Message(reply.begin(), reply.end())] {
                    notifier_.on_reply(now_, secondary_, bytes);
                });
            });
        }
        while (true) {
            if (const auto with = timers_.poll_start()) start(*with);
            if (!refresh_) return;
            while (auto action = refresh_->poll_action()) act(*action);
            if (!refresh_->finished()) return;
            finish();
        }
    }

    void start(std::size_t with) {
        ASSERT_FALSE(refresh_) << "one at a time";
        ++refreshes;
        ++generation_;
        dead_ = weather_.first_primary_is_dead && with == 0;
        RefreshSettings settings;
        settings.zone = name("example.");
        settings.present = zone_;
        settings.make_security = [] {
            return Security{std::make_unique<CountingSigner>(),
                            std::make_unique<CountingVerifier>()};
        };
        refresh_.emplace(std::move(settings), engine_rng_, now_);
    }

    void act(const Refresh::Action& action) {
        const int generation = generation_;
        const auto later = [this, generation](Duration in, std::function<void()> what) {
            at(in, [this, generation, what = std::move(what)] {
                if (refresh_ && generation_ == generation) what();
            });
        };
        switch (action.kind) {
            case Act::send_udp:
                if (dead_) return;
                send([this, generation, asked = action.message] {
                    send([this, generation, answer = primary.answer_soa(asked)] {
                        if (refresh_ && generation_ == generation) refresh_->on_udp(now_, answer);
                    });
                });
                break;
            case Act::open_tcp:
                ++generation_;
                if (dead_) return;
                act_on_open();
                break;
            case Act::send_tcp: {
                Duration in = a_while();
                for (const Message& bytes : primary.answer(action.message)) {
                    if (chance(weather_.cut)) {
                        later(in, [this] { refresh_->on_tcp_closed(now_, "reset"); });
                        return;
                    }
                    later(in, [this, bytes] { refresh_->on_tcp_message(now_, bytes); });
                    in += std::chrono::microseconds(1 + rng_.below(1000));
                }
                if (chance(50)) later(in, [this] { refresh_->on_tcp_closed(now_, "end"); });
                break;
            }
            case Act::close: ++generation_; break;
        }
    }
    void act_on_open() {
        const int generation = generation_;
        const bool refused = chance(weather_.refused);
        at(a_while(), [this, generation, refused] {
            if (!refresh_ || generation_ != generation) return;
            refused ? refresh_->on_tcp_closed(now_, "refused") : refresh_->on_connected(now_);
        });
    }

    void finish() {
        if (refresh_->error()) {
            ++failures;
            refresh_.reset();
            timers_.on_refresh_failed(now_);
            return;
        }
        Refresh::Result result = refresh_->take_result();
        refresh_.reset();
        if (result.zone != nullptr) {
            ++taken;
            ASSERT_TRUE(primary.had(*result.zone)) << "serial " << result.zone->serial();
            if (zone_ != nullptr) {
                ASSERT_TRUE(is_newer(result.zone->serial(), zone_->serial()));
            }
            zone_ = result.zone;
        }
        timers_.on_refreshed(now_, result.soa, result.transfer.expire_seconds);
    }

    SeededRng rng_;
    SeededRng engine_rng_{99};
    Weather weather_;
    Time now_ = Time() + 1h;
    std::multimap<Time, std::function<void()>> events_;
    SecondaryTimers timers_;
    Notifier notifier_;
    const Endpoint secondary_{IpAddress::v4(192, 0, 2, 1), 53, 0};
    std::optional<Refresh> refresh_;
    int generation_ = 0;  // of the connection: what is on its way for an old one is lost
    bool dead_ = false;
    zone::ZonePtr zone_;
    int left_ = 0;
};

TEST(Simulation, ASecondaryFollowsInAnyWeather) {
    const struct {
        Weather weather;
        std::string_view why;
    } rows[] = {
        {{}, "calm"},
        {{.lost = 30, .doubled = 20}, "datagrams get lost"},
        {{.lost = 10, .cut = 10, .refused = 20}, "connections break"},
        {{.lost = 60, .doubled = 10, .cut = 15, .refused = 30}, "a bad day"},
        {{.lost = 10, .cut = 3, .refused = 5, .first_primary_is_dead = true},
         "one of two primaries is dead"},
    };
    int whole = 0, incremental = 0, failures = 0;
    for (const auto& row : rows) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            World world(seed, row.weather);
            ASSERT_NO_FATAL_FAILURE(world.run(150)) << row.why << ", seed " << seed;
            EXPECT_GE(world.taken, 3) << row.why;
            whole += world.primary.whole;
            incremental += world.primary.incremental;
            failures += world.failures;
        }
    }
    EXPECT_GT(incremental, 400) << "most are differences";
    EXPECT_GT(whole, 20) << "and some are not";
    EXPECT_GT(failures, 100) << "the weather was bad";
}

TEST(Simulation, FollowsAPrimaryWithoutIxfr) {
    World world(7, {.lost = 10, .cut = 2});
    world.primary.refuse_ixfr = true;
    world.run(60);
    EXPECT_EQ(world.primary.incremental, 0);
}

/// One refresh against one primary, of which step number `fail_at` fails.
struct Steps {
    int count = 0;
    bool finished = false, failed = false;
};

Steps refresh_with_failure(int fail_at, int way, const zone::ZonePtr& present, Primary& primary) {
    SeededRng rng(1);
    Time now = Time() + 1h;
    RefreshSettings settings;
    settings.zone = name("example.");
    settings.present = present;
    settings.make_security = [] {
        return Security{std::make_unique<CountingSigner>(), std::make_unique<CountingVerifier>()};
    };
    Refresh refresh(std::move(settings), rng, now);
    Steps steps;
    const auto fails = [&] { return steps.count++ == fail_at; };
    for (int turns = 0; turns < 1000 && !refresh.finished(); ++turns) {
        const auto action = refresh.poll_action();
        if (!action) {
            now = *refresh.next_deadline();
            refresh.on_timer(now);
            continue;
        }
        if (action->kind == Act::close) continue;
        if (action->kind == Act::send_udp) {
            if (!fails()) refresh.on_udp(now, primary.answer_soa(action->message));
            continue;
        }
        if (action->kind == Act::open_tcp) {
            if (!fails()) {
                refresh.on_connected(now);
            } else if (way == 0) {
                refresh.on_tcp_closed(now, "refused");
            }
            continue;
        }
        for (Message& bytes : primary.answer(action->message)) {
            if (fails()) {
                if (way == 1) break;  // silence: a deadline
                if (way == 0) {
                    refresh.on_tcp_closed(now, "reset");
                    break;
                }
                bytes[bytes.size() / 2] ^= 0xff;  // what TCP and TSIG cannot both miss
            }
            refresh.on_tcp_message(now, bytes);
        }
    }
    steps.finished = refresh.finished();
    steps.failed = refresh.error().has_value();
    if (steps.finished && !steps.failed) {
        const Refresh::Result result = refresh.take_result();
        EXPECT_TRUE(result.zone == nullptr || primary.had(*result.zone) || way == 2);
    }
    return steps;
}

TEST(Simulation, EachStepFailsInTurn) {
    SeededRng rng(3);
    Primary primary;
    const zone::ZonePtr first = primary.zone;
    for (int i = 0; i < 5; ++i) primary.change(rng);
    for (const zone::ZonePtr& present : {zone::ZonePtr(), first, primary.zone}) {
        for (int way = 0; way < 3; ++way) {
            int step = 0;
            for (;; ++step) {
                const auto before =
                    present != nullptr ? zone::test::dump(*present) : std::vector<std::string>();
                const Steps steps = refresh_with_failure(step, way, present, primary);
                EXPECT_TRUE(steps.finished) << "step " << step << " way " << way;
                if (present != nullptr) {
                    EXPECT_EQ(zone::test::dump(*present), before);
                }
                if (steps.count <= step) {
                    EXPECT_FALSE(steps.failed) << "nothing failed";
                    break;
                }
            }
            EXPECT_GE(step, present == primary.zone ? 1 : 3) << "there were steps to fail";
        }
    }
}

/// A zone of some 600 kB.
zone::ZonePtr large_zone() {
    std::vector<zone::Record> all = {
        record("@ 300 SOA ns.example. hostmaster.example. 1 5 2 60 5", name("example."))};
    for (int i = 0; i < 3000; ++i) {
        all.push_back(record("h" + std::to_string(i) + " 60 TXT \"" + std::string(180, 'x') + '"',
                             name("example.")));
    }
    return zone::test::build(all).zone;
}

/// A whole transfer of that zone, in messages of this size, each so long after the one before.
struct Trickle {
    Duration took{};
    std::string error;  // empty: it came
};
Trickle trickle(const zone::ZonePtr& zone, std::size_t message_bytes, Duration pause) {
    SeededRng rng(1);
    const Time begin = Time() + 1h;
    Time now = begin;
    RefreshSettings settings;
    settings.zone = name("example.");
    Refresh refresh(std::move(settings), rng, now);
    std::vector<Message> messages;
    while (!refresh.finished()) {
        if (const auto action = refresh.poll_action()) {
            if (action->kind == Act::open_tcp) refresh.on_connected(now);
            if (action->kind != Act::send_tcp) continue;
            const auto query = read_transfer_query(action->message);
            TransferOut out(*query, Source{zone, {}, {}}, nullptr, message_bytes);
            messages = run(out);
            continue;
        }
        const Time next = now + pause;
        while (!refresh.finished() && *refresh.next_deadline() < next) {
            now = *refresh.next_deadline();
            refresh.on_timer(now);
        }
        if (refresh.finished() || messages.empty()) break;
        now = next;
        refresh.on_tcp_message(now, messages.front());
        messages.erase(messages.begin());
    }
    return {now - begin, refresh.error() ? refresh.error()->text : std::string()};
}

TEST(Simulation, APrimaryThatIsTooSlowLosesItsPlace) {
    const zone::ZonePtr zone = large_zone();
    struct Row {
        const char* why;
        std::size_t message_bytes;
        Duration pause;
        Duration most;      // it takes
        const char* error;  // begins so; "": it comes
    };
    const Row rows[] = {
        {"a fast line", 16384, 10ms, 1s, ""},
        {"64 kbit/s", 16384, 2s, 2min, ""},
        {"a drop before each deadline", 512, 29s, 1min,
         "the primary is too slow: 900 bytes in minute 1 of"},
        {"the least of the first minute, for ever", 16384, 15s, 2min,
         "the primary is too slow: 65313 bytes in minute 2 of the transfer, expected at least "
         "120000"},
        {"silence", 16384, 31s, 30s, "the primary stopped sending"},
    };
    for (const Row& row : rows) {
        const Trickle found = trickle(zone, row.message_bytes, row.pause);
        EXPECT_EQ(found.error.substr(0, std::string_view(row.error).size()), row.error) << row.why;
        EXPECT_EQ(found.error.empty(), std::string_view(row.error).empty())
            << row.why << ": " << found.error;
        EXPECT_LE(found.took, row.most) << row.why;
    }
}

}  // namespace
}  // namespace kith::transfer::test
