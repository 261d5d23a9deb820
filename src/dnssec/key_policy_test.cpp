// Two years and more of virtual time, every kind of roll, slow parents, slow signing, secondaries that lag
// behind; and a validator that holds whatever it may have fetched within the TTLs. It knows nothing of
// KeyManager: it is shown what was served when, and must be able to validate at every moment.

#include "dnssec/key_policy.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace kith::dnssec {
namespace {

constexpr UnixTime hour = 3600;
constexpr UnixTime day = 86400;

/// What was served from one moment to the next.
template <class T>
struct Period {
    T value;
    UnixTime from;
    UnixTime to;  // 0: still
};
template <class T>
class History {
public:
    explicit History(T first) { periods_.push_back({std::move(first), 0, 0}); }
    const T& now() const { return periods_.back().value; }
    void set(T value, UnixTime at) {
        if (value == periods_.back().value) return;
        periods_.back().to = at;
        periods_.push_back({std::move(value), at, 0});
    }
    /// All that may be in a cache at `at`, when servers lag by `lag` and the TTL is `ttl`.
    std::vector<const T*> held(UnixTime at, UnixTime ttl, UnixTime lag) const {
        std::vector<const T*> out;
        for (auto period = periods_.rbegin(); period != periods_.rend(); ++period) {
            if (period->to != 0 && period->to + ttl + lag < at) break;
            out.push_back(&period->value);
        }
        return out;
    }

private:
    std::vector<Period<T>> periods_;
};

struct KeysServed {
    KeyIds published, signers;
    friend bool operator==(const KeysServed&, const KeysServed&) = default;
};

/// What the world does to the zone; times in seconds.
struct World {
    UnixTime dnskey_ttl, zone_ttl, ds_ttl, lag, parent_lag;
    UnixTime signing_max;  // how long re-signing takes
    UnixTime parent_max;   // how long the parent takes to follow CDS
    UnixTime notice_max;   // how long until we see it
};

World world_of(const KeyPolicy& policy) {
    return {policy.dnskey_ttl,
            policy.zone_ttl_max,
            policy.ds_ttl,
            policy.propagation,
            policy.parent_propagation,
            2 * day,
            4 * day,
            day};
}

class Simulation {
public:
    Simulation(KeyManager manager, World world, std::uint64_t seed)
        : manager_(std::move(manager)),
          world_(world),
          rng_(seed),
          zone_(rrsets, History<KeyIds>({})) {}

    KeyManager& manager() { return manager_; }
    UnixTime now() const { return now_; }
    int added() const { return added_; }
    int gone() const { return gone_; }
    bool is_secure() const { return !ds_.now().empty(); }
    const std::string& failure() const { return failure_; }

    void run(UnixTime seconds) {
        for (const UnixTime end = now_ + seconds; now_ < end; now_ += 2 * hour) {
            happen();
            step();
            if (failure_.empty()) check();
        }
    }

private:
    static constexpr std::size_t rrsets = 3;  // each is signed anew at a time of its own

    void happen();
    void step();
    void serve();
    void check();
    bool validates(const KeyIds& ds, const KeysServed& keys, const KeyIds& zone) const;

    KeyManager manager_;
    World world_;
    SeededRng rng_;
    History<KeyIds> ds_{{}};
    History<KeysServed> keys_{{}};
    std::vector<History<KeyIds>> zone_;
    UnixTime now_ = 1000000;
    KeyIds signers_, asked_;
    UnixTime sign_at_[rrsets]{};
    UnixTime signed_at_ = 0, parent_at_ = 0, seen_at_ = 0;
    std::uint16_t next_tag_ = 0;
    int added_ = 0, gone_ = 0;
    std::string failure_;
};

UnixTime within(SeededRng& rng, UnixTime most) {
    return rng.below(static_cast<std::uint32_t>(most));
}

void Simulation::happen() {
    for (std::size_t i = 0; i < rrsets; ++i) {
        if (sign_at_[i] != 0 && sign_at_[i] <= now_) {
            zone_[i].set(signers_, now_);
            sign_at_[i] = 0;
        }
    }
    if (signed_at_ != 0 && signed_at_ <= now_) {
        manager_.on_signed(manager_.signing_generation(), now_);
        signed_at_ = 0;
    }
    if (parent_at_ != 0 && parent_at_ <= now_) {
        ds_.set(asked_, now_);
        parent_at_ = 0;
        seen_at_ = now_ + world_.parent_lag + within(rng_, world_.notice_max);
    }
    if (seen_at_ != 0 && seen_at_ <= now_) {
        manager_.on_ds_seen(ds_.now(), now_);
        seen_at_ = 0;
    }
    if (rng_.below(200) == 0) {  // a restart
        auto again = KeyManager::from_text(manager_.to_text(), manager_.policy());
        ASSERT_TRUE(again.has_value()) << again.error();
        ASSERT_EQ(again->to_text(), manager_.to_text());
        manager_ = *std::move(again);
        serve();
    }
}

void Simulation::step() {
    KeyManager::Step step = manager_.step(now_);
    while (!step.wanted.empty()) {
        for (const WantedKey& wanted : step.wanted) {
            const KeyId id{static_cast<std::uint8_t>(wanted.algorithm), ++next_tag_};
            ASSERT_TRUE(manager_.add_key(id, wanted.role, now_));
            ++added_;
        }
        gone_ += static_cast<int>(step.gone.size());
        serve();
        step = manager_.step(now_);
    }
    gone_ += static_cast<int>(step.gone.size());
    ASSERT_LE(manager_.keys().size(), 9U);
    serve();
}

/// Serves what the manager says, RRset by RRset; asks the parent.
void Simulation::serve() {
    KeysServed keys;
    KeyIds signers, announced;
    for (const ManagedKey& key : manager_.keys()) {
        const KeyUse use = manager_.use(key.id);
        if (use.publish) keys.published.insert(key.id);
        if (use.sign_keys) keys.signers.insert(key.id);
        if (use.sign_zone) signers.insert(key.id);
        if (use.announce) announced.insert(key.id);
    }
    keys_.set(std::move(keys), now_);
    manager_.on_served(now_);
    if (signers != signers_) {
        signers_ = std::move(signers);
        signed_at_ = now_;
        for (UnixTime& at : sign_at_) {
            at = now_ + 1 + within(rng_, world_.signing_max);
            signed_at_ = std::max(signed_at_, at + hour);
        }
    }
    if (announced != asked_ && !announced.empty()) {
        asked_ = std::move(announced);
        parent_at_ = now_ + 1 + within(rng_, world_.parent_max);
    }
}

/// RFC 6840 §5.11 would be content with one path; RFC 6781 §4.1.4 fears validators that want one for every
/// algorithm. This one does.
bool Simulation::validates(const KeyIds& ds, const KeysServed& keys, const KeyIds& zone) const {
    if (ds.empty()) return true;
    for (const KeyId& anchor : ds) {
        bool found = false;
        for (const KeyId& id : ds) {
            found |= id.algorithm == anchor.algorithm && keys.published.contains(id) &&
                     keys.signers.contains(id);
        }
        if (!found) return false;
    }
    for (const KeyId& shown : keys.published) {
        bool found = false;
        for (const KeyId& id : zone)
            found |= id.algorithm == shown.algorithm && keys.published.contains(id);
        if (!found) return false;
    }
    return true;
}

void Simulation::check() {
    for (const KeyIds* ds : ds_.held(now_, world_.ds_ttl, world_.parent_lag)) {
        for (const KeysServed* keys : keys_.held(now_, world_.dnskey_ttl, world_.lag)) {
            for (const History<KeyIds>& rrset : zone_) {
                for (const KeyIds* zone : rrset.held(now_, world_.zone_ttl, world_.lag)) {
                    if (validates(*ds, *keys, *zone)) continue;
                    failure_ = "hour " + std::to_string((now_ - 1000000) / hour) + "\n" +
                               manager_.to_text();
                    return;
                }
            }
        }
    }
}

KeyPolicy short_lives(KeyLayout layout) {
    KeyPolicy policy;
    policy.layout = layout;
    policy.ksk_lifetime = 120 * day;
    policy.zsk_lifetime = 30 * day;
    return policy;
}

TEST(KeyManager, NeverBreaksTheChainInTwoYears) {
    for (const KeyLayout layout : {KeyLayout::csk, KeyLayout::split}) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            SCOPED_TRACE(seed);
            const KeyPolicy policy = short_lives(layout);
            Simulation world(KeyManager(policy), world_of(policy), seed);
            world.run(2 * 365 * day);
            EXPECT_EQ(world.failure(), "");
            EXPECT_TRUE(world.is_secure());
            // 730 days: a roll every 120 days of one key, and every 30 days of the other.
            EXPECT_GE(world.added(), layout == KeyLayout::csk ? 6 : 6 + 20);
            EXPECT_GE(world.gone(), world.added() - 4);
        }
    }
}

TEST(KeyManager, ChangesAlgorithmAndLayoutOnTheWay) {
    using enum crypto::Algorithm;
    const std::pair<KeyLayout, crypto::Algorithm> goals[] = {
        {KeyLayout::split, ECDSAP256SHA256}, {KeyLayout::split, ED25519},
        {KeyLayout::csk, ED25519},           {KeyLayout::csk, RSASHA256},
        {KeyLayout::split, ECDSAP384SHA384}, {KeyLayout::csk, ECDSAP256SHA256}};
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        KeyPolicy policy = short_lives(KeyLayout::csk);
        Simulation world(KeyManager(policy), world_of(policy), seed);
        world.run(60 * day);
        for (const auto& [layout, algorithm] : goals) {
            policy.layout = layout;
            policy.algorithm = algorithm;
            world.manager().set_policy(policy);
            world.run(100 * day);
            ASSERT_EQ(world.failure(), "");
            for (const ManagedKey& key : world.manager().keys()) {
                if (!key.is_retiring) {
                    EXPECT_EQ(key.id.algorithm, static_cast<std::uint8_t>(algorithm));
                }
                EXPECT_EQ(key.role == KeyRole::csk, layout == KeyLayout::csk)
                    << world.manager().to_text();
            }
            EXPECT_TRUE(world.is_secure());
        }
        EXPECT_GE(world.gone(), 10);
    }
}

TEST(KeyManager, SurvivesGoalsThatChangeAllTheTime) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(seed);
        SeededRng rng(seed);
        KeyPolicy policy = short_lives(KeyLayout::split);
        Simulation world(KeyManager(policy), world_of(policy), seed);
        world.run(30 * day);
        for (int change = 0; change < 60 && world.failure().empty(); ++change) {
            switch (rng.below(4)) {
                case 0: world.manager().roll(KeyRole::ksk); break;
                case 1: world.manager().roll(KeyRole::zsk); break;
                case 2:
                    policy.layout = rng.below(2) != 0 ? KeyLayout::csk : KeyLayout::split;
                    break;
                default:
                    policy.algorithm = rng.below(2) != 0 ? crypto::Algorithm::ED25519
                                                         : crypto::Algorithm::ECDSAP256SHA256;
                    break;
            }
            world.manager().set_policy(policy);
            world.run(static_cast<UnixTime>(rng.below(12)) * day);
        }
        EXPECT_EQ(world.failure(), "");
        EXPECT_TRUE(world.is_secure());
    }
}

// The judge can find fault: a world whose TTLs or delays are longer than the policy was told.
TEST(KeyManager, IsFoundOutWhenToldTheWrongTtls) {
    const KeyPolicy policy = short_lives(KeyLayout::split);
    World long_keys = world_of(policy);
    long_keys.dnskey_ttl *= 20;
    World long_zone = world_of(policy);
    long_zone.zone_ttl *= 10;
    World long_ds = world_of(policy);
    long_ds.ds_ttl *= 10;
    for (const World& world : {long_keys, long_zone, long_ds}) {
        Simulation simulation(KeyManager(policy), world, 1);
        simulation.run(2 * 365 * day);
        EXPECT_NE(simulation.failure(), "");
    }
}

TEST(KeyManager, FollowsTheStepsOfRfc7583) {
    // One roll of a ZSK by hand, with times that follow from the policy.
    KeyPolicy policy;
    policy.layout = KeyLayout::split;
    policy.zsk_lifetime = 0;
    KeyManager manager(policy);
    UnixTime now = 0;
    EXPECT_EQ(manager.step(now).wanted.size(), 2U);
    const KeyId ksk{13, 1}, first{13, 2}, second{13, 3};
    ASSERT_TRUE(manager.add_key(ksk, KeyRole::ksk, now));
    ASSERT_TRUE(manager.add_key(first, KeyRole::zsk, now));
    EXPECT_FALSE(manager.add_key(first, KeyRole::zsk, now)) << "twice";
    EXPECT_TRUE(manager.step(now).has_changed);
    EXPECT_TRUE(manager.use(first).sign_zone && manager.use(first).publish &&
                manager.use(ksk).sign_keys)
        << "while nobody vouches for it, the zone is signed at once";
    EXPECT_FALSE(manager.use(ksk).announce) << "some hold the zone without signatures";
    EXPECT_EQ(manager.step(now + 100 * day).has_changed, false) << "until when nobody knows";
    EXPECT_TRUE(manager.on_served(now));
    EXPECT_FALSE(manager.on_served(now)) << "its age is known";
    EXPECT_FALSE(manager.on_signed(manager.signing_generation() + 1, now));
    EXPECT_EQ(manager.step(now + 100 * day).has_changed, false) << "not of this generation";
    EXPECT_TRUE(manager.on_signed(manager.signing_generation(), now));
    // What resolvers hold of the unsigned zone: TTL, propagation, safety.
    now += day + 2 * hour;
    EXPECT_FALSE(manager.step(now - 1).has_changed);
    EXPECT_TRUE(manager.step(now).has_changed);
    EXPECT_EQ(manager.wanted_ds(), KeyIds{ksk});
    EXPECT_EQ(manager.waiting_for(now).size(), 1U);
    EXPECT_FALSE(manager.is_vouched_for());
    manager.on_ds_seen({ksk, {8, 9}}, now);
    EXPECT_TRUE(manager.is_vouched_for());
    manager.step(now);
    EXPECT_EQ(manager.waiting_for(now).size(), 1U) << "some hold that there is no DS";
    now += 10 * day;
    EXPECT_EQ(manager.step(now).next_due, 0) << "nothing is to happen";
    manager.roll(KeyRole::zsk);
    ASSERT_EQ(manager.step(now).wanted, (std::vector<WantedKey>{{KeyRole::zsk, policy.algorithm}}));
    ASSERT_TRUE(manager.add_key(second, KeyRole::zsk, now));
    manager.step(now);
    EXPECT_TRUE(manager.use(second).publish && !manager.use(second).sign_zone) << "pre-published";
    EXPECT_FALSE(manager.step(now + 100 * day).has_changed) << "it is not served yet";
    manager.on_served(now);
    now += 3 * hour;
    manager.step(now);
    EXPECT_TRUE(manager.use(second).sign_zone && !manager.use(first).sign_zone) << "takes over";
    EXPECT_TRUE(manager.use(first).publish) << "for what it signed";
    manager.on_signed(manager.signing_generation(), now);
    now += day + 2 * hour;
    manager.step(now);
    EXPECT_FALSE(manager.use(first).publish);
    manager.on_served(now);
    now += 3 * hour;
    EXPECT_EQ(manager.step(now).gone, std::vector<KeyId>{first});
}

// A zone whose DS was seen: as FollowsTheStepsOfRfc7583 begins.
KeyManager vouched_for(const KeyPolicy& policy, KeyId key, UnixTime now) {
    KeyManager manager(policy);
    manager.step(now);
    EXPECT_TRUE(manager.add_key(key, KeyRole::csk, now));
    manager.step(now);
    manager.on_served(now);
    manager.on_signed(manager.signing_generation(), now);
    manager.step(now + 10 * day);
    manager.on_ds_seen({key}, now + 10 * day);
    manager.step(now + 20 * day);
    EXPECT_FALSE(manager.is_waiting());
    return manager;
}

TEST(KeyManager, TreatsAnotherTtlAsAVersionOfItsOwn) {
    KeyPolicy policy;
    policy.dnskey_ttl = 30 * day;
    const KeyId first{13, 1}, second{13, 2};
    KeyManager manager = vouched_for(policy, first, 0);
    policy.dnskey_ttl = hour;
    manager.set_policy(policy);
    UnixTime now = 30 * day;
    EXPECT_TRUE(manager.step(now).has_changed);
    manager.on_served(now);
    manager.roll(KeyRole::csk);
    manager.step(now);
    ASSERT_TRUE(manager.add_key(second, KeyRole::csk, now));
    manager.step(now);
    manager.on_served(now);
    now += 29 * day;
    manager.step(now);
    EXPECT_FALSE(manager.use(second).sign_zone) << "some hold the keys with the TTL of before";
    now += 2 * day;
    manager.step(now);
    EXPECT_TRUE(manager.use(second).sign_zone);
}

TEST(KeyManager, KeepsInMindWhatTheParentWasAskedForBefore) {
    const KeyPolicy policy;
    const KeyId first{13, 1}, second{13, 2};
    KeyManager manager(policy);
    manager.step(0);
    ASSERT_TRUE(manager.add_key(first, KeyRole::csk, 0));
    manager.step(0);
    manager.on_served(0);
    manager.on_signed(manager.signing_generation(), 0);
    UnixTime now = 10 * day;
    manager.step(now);
    ASSERT_EQ(manager.wanted_ds(), KeyIds{first});
    manager.roll(KeyRole::csk);
    manager.step(now);
    ASSERT_TRUE(manager.add_key(second, KeyRole::csk, now));
    for (int i = 0; i < 20; ++i, now += day) {
        manager.step(now);
        manager.on_served(now);
        manager.on_signed(manager.signing_generation(), now);
    }
    EXPECT_EQ(manager.wanted_ds(), KeyIds{second}) << "although nobody has seen the first";
    EXPECT_TRUE(manager.use(first).sign_keys) << "the parent may still take it";
    manager.on_ds_seen({first}, now);
    now += 100 * day;
    manager.step(now);
    EXPECT_TRUE(manager.use(first).sign_keys) << "as it did";
    manager.on_ds_seen({second}, now);
    for (int i = 0; i < 20; ++i, now += day) {
        manager.step(now);
        manager.on_served(now);
        manager.on_signed(manager.signing_generation(), now);
    }
    EXPECT_EQ(manager.keys().size(), 1U);
}

TEST(KeyManager, LeavesWithTheParentFirst) {
    KeyPolicy policy;
    const KeyId key{13, 1};
    KeyManager manager = vouched_for(policy, key, 0);
    policy.leaves = true;
    manager.set_policy(policy);
    UnixTime now = 30 * day;
    EXPECT_TRUE(manager.step(now).has_changed);
    EXPECT_TRUE(manager.announces_removal());
    EXPECT_EQ(manager.waiting_for(now).size(), 1U);
    manager.on_ds_seen({}, now);
    EXPECT_TRUE(manager.is_vouched_for()) << "some hold the DS";
    manager.step(now + day + 2 * hour);
    EXPECT_FALSE(manager.is_vouched_for());
    EXPECT_TRUE(manager.use(key).publish && manager.use(key).sign_zone)
        << "until it is told to stop";
    policy.leaves = false;
    manager.set_policy(policy);
    manager.step(now + 2 * day);
    EXPECT_EQ(manager.wanted_ds(), KeyIds{key}) << "on second thoughts";
}

TEST(KeyManager, ReadsKeysAndRolesAsTheyAreShown) {
    EXPECT_EQ(KeyId::from_text("13/04711"), (KeyId{13, 4711}));
    EXPECT_EQ(KeyId::from_text(KeyId({13, 7}).to_text()), (KeyId{13, 7}));
    for (const std::string_view text : {"4711", "13/", "/1", "13/65536", "256/1", "13/1x", ""})
        EXPECT_FALSE(KeyId::from_text(text).has_value()) << text;
    EXPECT_EQ(parse_role("ksk"), KeyRole::ksk);
    EXPECT_FALSE(parse_role("KSK").has_value());
}

TEST(KeyManager, RefusesStateThatIsNotItsOwn) {
    const std::string good = KeyManager(KeyPolicy()).to_text();
    EXPECT_TRUE(KeyManager::from_text(good, {}).has_value());
    for (const std::string& text :
         {std::string(), std::string("kith-keys 2\n"), good + "key 13/1 csk x in-use\n",
          good + "key 13/1 boss 1 in-use\n", good + "zone x\n", good + "ds 0 13\n",
          good + "ds 0 300/1\n", good + "more\n", std::string("kith-keys 1\n"),
          std::string(std::size_t{2} << 20, ' ')}) {
        EXPECT_FALSE(KeyManager::from_text(text, {}).has_value()) << text.substr(0, 100);
    }
}

}  // namespace
}  // namespace kith::dnssec
