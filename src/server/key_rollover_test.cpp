// Years of virtual time with every roll of keys, and never a moment at which a validator that holds
// anything it may legally hold would fail.
//
// The keys, the signer, the change feed and the database are the real ones, killed and started again at
// any moment; signatures are checked for real. What is made up is the world: a parent that follows CDS
// when it likes, secondaries that lag as far as they may, signing that takes days, and clocks that jump.
// The validator knows nothing of KeyManager. It is shown what was served when, and holds every version
// of every RRset until its TTL has ended, as if the slowest secondary had handed it out last; any
// combination of them must validate, for every algorithm (RFC 4035 §2.2).

#include <filesystem>
#include <unordered_map>

#include <gtest/gtest.h>

#include "base/temporary_folder_testing.hpp"
#include "dnssec/signer_keys.hpp"
#include "server/kept_keys.hpp"
#include "server/signed_zone.hpp"
#include "server/zone_keeper.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using crypto::Algorithm;
using dns::RrType;
using dnssec::KeyLayout;
using dnssec::KeyRole;

constexpr UnixTime hour = 3600;
constexpr UnixTime day = 86400;
constexpr UnixTime start_time = 1'800'000'000;
const Name apex = zone::test::name("example.");

using Rdatas = std::vector<std::vector<std::uint8_t>>;

// --- what validators may hold -------------------------------------------------------------------------

/// One RRset with its signatures, as it was served.
struct Version {
    std::uint32_t id = 0;
    Rdatas rdatas, rrsigs;
    UnixTime ttl = 0;
    UnixTime to = 0;       // 0: it is served
    UnixTime expires = 0;  // the first of its signatures; no cache holds it longer
};

class Versions {
public:
    const Version* now() const { return all_.empty() ? nullptr : &all_.back(); }
    void set(Version next, UnixTime at) {
        if (!all_.empty() && all_.back().rdatas == next.rdatas &&
            all_.back().rrsigs == next.rrsigs && all_.back().ttl == next.ttl && all_.back().to == 0)
            return;
        end(at);
        all_.push_back(std::move(next));
    }
    void end(UnixTime at) {
        if (!all_.empty() && all_.back().to == 0) all_.back().to = at;
    }
    /// All that may be held when servers lag by `lag`.
    std::vector<const Version*> held(UnixTime at, UnixTime lag) const {
        std::vector<const Version*> out;
        for (auto version = all_.rbegin(); version != all_.rend(); ++version) {
            if (version->to != 0 && version->to + 30 * day + lag <= at) break;  // 30: any TTL here
            if (version->to == 0 || version->to + version->ttl + lag > at) out.push_back(&*version);
        }
        return out;
    }

private:
    std::vector<Version> all_;
};

enum class Times : bool { ignored, checked };

class Validator {
public:
    Validator(UnixTime lag, UnixTime parent_lag, Times times)
        : lag_(lag), parent_lag_(parent_lag), times_(times) {}

    void serve(const Zone& zone, UnixTime at);
    void serve_ds(Rdatas ds, UnixTime ttl, UnixTime at) {
        ds_.set({next_id_++, std::move(ds), {}, ttl, 0, 0}, at);
    }
    /// Empty, or what cannot be validated.
    std::string check(UnixTime at);
    std::size_t combinations() const { return combinations_; }

private:
    struct RrSet {
        Name owner;
        RrType type{};
        Versions versions;
    };
    bool proves_key(const Version& ds, const Version& keys);
    bool proves_set(const Version& keys, const RrSet& set, const Version& version);
    bool verifies(const std::vector<std::uint8_t>& key, const Name& owner, RrType type,
                  const Version& version);
    template <class Work>
    bool remembered(std::uint32_t a, std::uint32_t b, Work work) {
        const auto [at, is_new] = known_.try_emplace(std::uint64_t{a} << 32 | b, false);
        if (is_new) at->second = work();
        return at->second;
    }

    UnixTime lag_, parent_lag_;
    Times times_;
    std::uint32_t next_id_ = 1;
    Versions ds_;
    Versions keys_;
    std::map<std::pair<Name, RrType>, RrSet> sets_;
    std::unordered_map<std::uint64_t, bool> known_;
    std::size_t combinations_ = 0;
};

void Validator::serve(const Zone& zone, UnixTime at) {
    std::set<std::pair<Name, RrType>> seen;
    bool has_keys = false;
    zone.for_each_in_order([&](const Name& owner, zone::NodeView node) {
        const zone::RrSetView rrsigs = node.find(RrType::RRSIG);
        for (const zone::RrSetView rrset : node.rrsets()) {
            if (rrset.type() == RrType::RRSIG) continue;
            Version version{next_id_++, {}, {}, rrset.ttl(), 0, 0};
            for (const Bytes rdata : rrset) version.rdatas.emplace_back(rdata.begin(), rdata.end());
            for (int i = 0; rrsigs && i < rrsigs.count(); ++i) {
                const Bytes rdata = rrsigs.rdata(i);
                const auto rrsig = dnssec::Rrsig::read(rdata);
                if (!rrsig || rrsig->covered != rrset.type()) continue;
                version.rrsigs.emplace_back(rdata.begin(), rdata.end());
                const UnixTime expires = dnssec::signature_time(rrsig->expiration, at);
                if (version.expires == 0 || expires < version.expires) version.expires = expires;
            }
            if (rrset.type() == RrType::DNSKEY) {
                has_keys = true;
                keys_.set(std::move(version), at);
                continue;
            }
            seen.emplace(owner, rrset.type());
            RrSet& set = sets_[{owner, rrset.type()}];
            set.owner = owner;
            set.type = rrset.type();
            set.versions.set(std::move(version), at);
        }
    });
    // That there are no keys is an answer too, for as long as the SOA says.
    if (!has_keys) {
        const zone::RrSetView soa = zone.apex_node().find(RrType::SOA);
        const Bytes rdata = soa.rdata(0);
        const UnixTime ttl = std::min(soa.ttl(), load_u32(rdata.data() + rdata.size() - 4));
        keys_.set({next_id_++, {}, {}, ttl, 0, 0}, at);
    }
    for (auto& [key, set] : sets_) {
        if (!seen.contains(key)) set.versions.end(at);
    }
}

/// One of the signatures is by this key and good; when, is asked elsewhere.
bool Validator::verifies(const std::vector<std::uint8_t>& key, const Name& owner, RrType type,
                         const Version& version) {
    auto verifier = dnssec::RrsetVerifier::from_dnskey(key, apex);
    if (!verifier) return false;
    const std::vector<Bytes> rdatas(version.rdatas.begin(), version.rdatas.end());
    return std::ranges::any_of(version.rrsigs, [&](const auto& rdata) {
        const auto rrsig = dnssec::Rrsig::read(rdata);
        return rrsig->key_tag == verifier->tag() &&
               verifier
                   ->verify(
                       {owner, type, dns::RrClass::IN, static_cast<std::uint32_t>(version.ttl)},
                       rdatas, *rrsig, dnssec::signature_time(rrsig->inception, start_time))
                   .has_value();
    });
}

/// For each algorithm of the DS records, one of their keys signs the keys.
bool Validator::proves_key(const Version& ds, const Version& keys) {
    std::set<std::uint8_t> open;
    for (const auto& rdata : ds.rdatas) open.insert(rdata[2]);
    for (const auto& key : keys.rdatas) {
        const bool is_pointed_at = std::ranges::any_of(
            ds.rdatas, [&](const auto& rdata) { return dnssec::matches_ds(apex, key, rdata); });
        if (is_pointed_at && verifies(key, apex, RrType::DNSKEY, keys)) open.erase(key[3]);
    }
    return open.empty();
}

/// For each algorithm of the keys, one of them signs the RRset.
bool Validator::proves_set(const Version& keys, const RrSet& set, const Version& version) {
    std::set<std::uint8_t> open;
    for (const auto& key : keys.rdatas) open.insert(key[3]);
    if (open.empty()) return false;
    bool any = false;
    for (const auto& key : keys.rdatas) {
        if (!verifies(key, set.owner, set.type, version)) continue;
        open.erase(key[3]);
        any = true;
    }
    // Only the parent reads these, at the moment, and one way is enough (RFC 6840 §5.11).
    if (set.type == RrType::CDS || set.type == RrType::CDNSKEY) return any;
    return open.empty();
}

std::string Validator::check(UnixTime at) {
    const auto fault = [&](const std::string& what) {
        return "hour " + std::to_string((at - start_time) / hour) + ": " + what;
    };
    const auto is_over = [&](const Version& version) {
        return times_ == Times::checked && version.expires != 0 && version.expires <= at;
    };
    for (const Version* ds : ds_.held(at, parent_lag_)) {
        if (ds->rdatas.empty()) continue;  // insecure: anything goes
        for (const Version* keys : keys_.held(at, lag_)) {
            if (keys->to == 0 && is_over(*keys)) return fault("expired signatures over DNSKEY");
            if (is_over(*keys)) continue;
            ++combinations_;
            if (!remembered(ds->id, keys->id, [&] { return proves_key(*ds, *keys); }))
                return fault("a DS that is held does not lead to keys that are held");
            for (const auto& [key, set] : sets_) {
                for (const Version* version : set.versions.held(at, lag_)) {
                    const std::string what = key.first.to_text() + " " + dns::type_name(key.second);
                    if (version->to == 0 && is_over(*version))
                        return fault("expired signatures over " + what);
                    if (is_over(*version)) continue;
                    ++combinations_;
                    if (!remembered(keys->id, version->id,
                                    [&] { return proves_set(*keys, set, *version); }))
                        return fault("keys that are held do not prove " + what);
                }
            }
        }
    }
    return {};
}

// --- the world ----------------------------------------------------------------------------------------

struct Weather {
    UnixTime parent_max = 4 * day;   // how long the parent takes to follow CDS
    UnixTime signing_max = 2 * day;  // how long signing again takes
    unsigned restarts = 300;         // one in so many hours
    unsigned jumps = 0;              // the wall clock is wrong from now on, one in so many hours
    bool shows_ds_ttl = false;       // whoever looks at the parent sees the TTL of its DS
};

/// Waits that are told; nothing is added to them, so that each must be right to the second.
dnssec::KeyPolicy policy_of(KeyLayout layout) {
    dnssec::KeyPolicy policy;
    policy.layout = layout;
    policy.ksk_lifetime = 120 * day;
    policy.zsk_lifetime = 30 * day;
    policy.dnskey_ttl = 4 * hour;
    policy.zone_ttl_max = 0;  // what is seen
    policy.ds_ttl = 20 * hour;
    policy.propagation = 3 * hour;
    policy.parent_propagation = 5 * hour;
    policy.safety = 0;
    return policy;
}

class Life {
public:
    /// `told`: what the keys are told; `truth`: how the world is.
    Life(const dnssec::KeyPolicy& told, const dnssec::KeyPolicy& truth, const Weather& weather,
         std::uint64_t seed)
        : told_{told, {}},
          truth_(truth),
          weather_(weather),
          rng_(seed),
          validator_(truth.propagation, truth.parent_propagation,
                     weather.jumps == 0 ? Times::checked : Times::ignored) {
        // In memory where there is such a place: what is killed here is a process, not a disk.
        const std::filesystem::path memory = "/dev/shm";
        const auto place =
            std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path();
        folder_.emplace(place);
        validator_.serve(*file(), now_);
        validator_.serve_ds({}, 0, now_);
        open();
    }
    ~Life() { close(); }

    void run(UnixTime seconds) {
        for (const UnixTime end = now_ + seconds; now_ < end && failure_.empty(); now_ += hour) {
            act();
            if (rng_.below(weather_.restarts) == 0) restart();
            look();
            failure_ = validator_.check(now_);
        }
    }
    void wish(const dnssec::KeyPolicy& told) {
        told_.policy = told;
        managed().set_wishes(told_);
    }
    void roll(KeyRole role) { EXPECT_TRUE(managed().roll(role, clocks()).has_value()); }
    void change(std::string_view record) {
        EXPECT_TRUE(
            keeper_->stage({apex, 0, 0, {}, zone::test::records({record})}, {}, {}).has_value());
        keeper_->commit();
    }

    const std::string& failure() const { return failure_; }
    const dnssec::KeyManager& manager() { return managed().manager(); }
    std::size_t keys_made() const { return made_.size(); }
    std::size_t combinations() const { return validator_.combinations(); }
    bool is_secure() const { return !ds_.empty(); }

private:
    static ZonePtr file() {
        return zone::test::zone({"a 21600 A 192.0.2.1", "b.ent 3600 A 192.0.2.2",
                                 "*.w 7200 TXT \"any\"", "mail 21600 MX 10 a"});
    }
    ManagedKeys& managed() { return *zone_->managed(); }
    Clocks clocks() const {
        return {now_ + jump_, Time(std::chrono::seconds(now_ - start_time + uptime_offset_))};
    }
    void open();
    void close() {
        keeper_.reset();
        zone_.reset();
        store_.reset();
    }
    /// As if killed: what was not committed is gone, and the clock of uptime begins anew.
    void restart() {
        close();
        uptime_offset_ = static_cast<UnixTime>(rng_.below(1'000'000));
        open();
    }
    void act();
    void look();
    Rdatas asked() const;

    KeyWishes told_;
    dnssec::KeyPolicy truth_;
    Weather weather_;
    SeededRng rng_;
    Validator validator_;
    std::optional<test::TemporaryFolder> folder_;
    net::Loop loop_;
    std::optional<store::Store> store_;
    std::unique_ptr<ZoneKeeper> keeper_;
    std::optional<SignedZone> zone_;
    ZoneSignerPtr signer_;
    UnixTime now_ = start_time;
    UnixTime jump_ = 0;
    UnixTime uptime_offset_ = 0;
    Rdatas ds_, coming_;  // of the parent: there, and what it has decided to do
    UnixTime parent_at_ = 0, seen_at_ = 0;
    std::map<Name, UnixTime> signing_at_;  // when a name's turn to be signed again comes
    std::set<dnssec::KeyId> made_;
    std::string failure_;
};

void Life::open() {
    auto opened = store::Store::open(folder_->path(), store::Access::own);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    store_.emplace(std::move(*opened));
    keeper_ = std::make_unique<ZoneKeeper>(
        loop_, *store_, [](std::span<const ZonePtr>) {}, [this] { return now_ + jump_; });
    auto keys = ManagedKeys::open(*store_, apex, told_);
    ASSERT_TRUE(keys.has_value()) << keys.error().text;
    ASSERT_TRUE((*keys)->advance(clocks()).has_value());
    dnssec::SigningPolicy policy;
    policy.dnskey_ttl = static_cast<std::uint32_t>(truth_.dnskey_ttl);
    const auto signer = make_signer(apex, (*keys)->key_set(), policy);
    ASSERT_TRUE(signer.has_value()) << signer.error();
    signer_ = *signer;
    zone_.emplace(apex, signer_, std::move(*keys));
    KeeperSettings settings;
    settings.sign = [this](const Zone& after, const ZoneChange* change, std::span<const Name> due) {
        return sign_with(*signer_, after, change, due, now_ + jump_, rng_);
    };
    keeper_->subscribe([this](const FeedEvent& event) {
        if (event.change != nullptr) zone_->on_change(*event.change, *event.zone);
    });
    const auto kept = keeper_->keep(apex, file(), std::move(settings));
    ASSERT_TRUE(kept.has_value()) << kept.error();
    validator_.serve(**kept, now_);
}

/// What CDS asks for; nothing: it does not ask.
Rdatas Life::asked() const {
    Rdatas out;
    const zone::RrSetView cds = keeper_->serving(apex)->apex_node().find(RrType::CDS);
    for (int i = 0; cds && i < cds.count(); ++i) {
        const Bytes rdata = cds.rdata(i);
        out.emplace_back(rdata.begin(), rdata.end());
    }
    return out;
}

/// The parent and the clocks.
void Life::act() {
    const Rdatas wanted = asked();
    // What it has decided to do it does, also when it is asked for something else meanwhile.
    if (!wanted.empty() && parent_at_ == 0 && wanted != ds_) {
        coming_ = wanted;
        parent_at_ = now_ + static_cast<UnixTime>(
                                rng_.below(static_cast<std::uint32_t>(weather_.parent_max)));
    }
    if (parent_at_ != 0 && parent_at_ <= now_) {
        parent_at_ = 0;
        ds_ = coming_;
        validator_.serve_ds(ds_, truth_.ds_ttl, now_);
        // Seen at its first server at once, or when somebody looks.
        seen_at_ = now_ + (rng_.below(2) == 0 ? 0 : day);
    }
    if (seen_at_ != 0 && seen_at_ <= now_) {
        seen_at_ = 0;
        dnssec::KeyIds seen;
        for (const auto& used : managed().key_set().keys) {
            if (std::ranges::any_of(ds_, [&](const auto& ds) {
                    return dnssec::matches_ds(apex, used.key.rdata(), ds);
                }))
                seen.insert(id_of(used.key));
        }
        if (weather_.shows_ds_ttl && !ds_.empty())
            managed().see_ds_ttl(static_cast<std::uint32_t>(truth_.ds_ttl));
        EXPECT_TRUE(managed().on_ds_seen(seen, clocks()).has_value());
    }
    if (weather_.jumps != 0 && rng_.below(weather_.jumps) == 0)
        jump_ = (static_cast<UnixTime>(rng_.below(800)) - 400) * day;
}

/// The server looks as often as it finds something to do at once; signing takes its time.
void Life::look() {
    for (int turns = 0; turns < 20; ++turns) {
        auto turn = zone_->turn(*keeper_->serving(apex), clocks());
        ASSERT_TRUE(turn.has_value()) << turn.error();
        for (const auto& key : managed().manager().keys()) made_.insert(key.id);
        std::vector<Name> due;
        for (const Name& owner : turn->due) {
            const bool is_apex = owner == apex;  // keys are changed at once
            auto [at, is_new] = signing_at_.try_emplace(owner, 0);
            if (is_new) {
                const auto most = static_cast<std::uint32_t>(weather_.signing_max);
                at->second = now_ + (is_apex ? 0 : static_cast<UnixTime>(rng_.below(most + 1)));
            }
            if (at->second <= now_) due.push_back(owner);
        }
        if (due.empty()) {
            if (turn->wait > 100ms || !turn->due.empty()) return;
            continue;
        }
        for (const Name& owner : due) signing_at_.erase(owner);
        keeper_->resign(apex, due, {Origin::Kind::signer, {}}, {});
        // Killed after the state was kept, and before the zone was.
        if (rng_.below(weather_.restarts) == 0) return restart();
        keeper_->commit();
        validator_.serve(*keeper_->serving(apex), now_);
    }
}

// --- the tests ----------------------------------------------------------------------------------------

TEST(KeyRollover, NeverBreaksTheChainInTwoYears) {
    for (const KeyLayout layout : {KeyLayout::csk, KeyLayout::split}) {
        SCOPED_TRACE(layout == KeyLayout::csk ? "csk" : "split");
        const dnssec::KeyPolicy policy = policy_of(layout);
        Life life(policy, policy, {}, 1);
        life.run(2 * 365 * day);
        EXPECT_EQ(life.failure(), "");
        EXPECT_TRUE(life.is_secure());
        // 730 days: a key every 120 of them, and one every 30.
        EXPECT_GE(life.keys_made(), layout == KeyLayout::csk ? 6U : 6U + 20U);
        EXPECT_GE(life.combinations(), 100'000U);
    }
}

TEST(KeyRollover, ChangesAlgorithmAndLayoutOnTheWay) {
    using enum Algorithm;
    const std::pair<KeyLayout, Algorithm> goals[] = {
        {KeyLayout::split, ECDSAP256SHA256}, {KeyLayout::split, ED25519},
        {KeyLayout::csk, ED25519},           {KeyLayout::csk, ECDSAP384SHA384},
        {KeyLayout::split, ECDSAP256SHA256}, {KeyLayout::csk, ED25519}};
    dnssec::KeyPolicy policy = policy_of(KeyLayout::csk);
    Life life(policy, policy, {}, 2);
    life.run(40 * day);
    for (const auto& [layout, algorithm] : goals) {
        policy.layout = layout;
        policy.algorithm = algorithm;
        life.wish(policy);
        life.run(60 * day);
        ASSERT_EQ(life.failure(), "");
        for (const dnssec::ManagedKey& key : life.manager().keys()) {
            if (key.is_retiring) continue;
            EXPECT_EQ(key.id.algorithm, static_cast<std::uint8_t>(algorithm));
            EXPECT_EQ(key.role == KeyRole::csk, layout == KeyLayout::csk);
        }
        EXPECT_TRUE(life.is_secure());
    }
}

TEST(KeyRollover, SurvivesGoalsThatChangeAllTheTime) {
    for (std::uint64_t seed = 3; seed < 5; ++seed) {
        SCOPED_TRACE(seed);
        SeededRng rng(seed);
        dnssec::KeyPolicy policy = policy_of(KeyLayout::split);
        Life life(policy, policy, {.restarts = 50}, seed);
        life.run(15 * day);
        for (int change = 0; change < 30 && life.failure().empty(); ++change) {
            switch (rng.below(5)) {
                case 0:
                    life.roll(policy.layout == KeyLayout::csk ? KeyRole::csk : KeyRole::ksk);
                    break;
                case 1:
                    if (policy.layout == KeyLayout::split) life.roll(KeyRole::zsk);
                    break;
                case 2: life.change("h" + std::to_string(change) + " 86400 A 192.0.2.9"); break;
                case 3:
                    policy.layout = rng.below(2) != 0 ? KeyLayout::csk : KeyLayout::split;
                    break;
                default:
                    policy.algorithm =
                        rng.below(2) != 0 ? Algorithm::ED25519 : Algorithm::ECDSAP256SHA256;
                    break;
            }
            life.wish(policy);
            // Long enough for the layout to be there.
            life.run(static_cast<UnixTime>(5 + rng.below(10)) * day);
        }
        EXPECT_EQ(life.failure(), "");
        EXPECT_TRUE(life.is_secure());
    }
}

TEST(KeyRollover, SurvivesClocksThatJump) {
    const dnssec::KeyPolicy policy = policy_of(KeyLayout::split);
    Life life(policy, policy, {.jumps = 60}, 7);
    life.run(365 * day);
    EXPECT_EQ(life.failure(), "");
    EXPECT_TRUE(life.is_secure());
    EXPECT_GE(life.keys_made(), 10U);
}

TEST(KeyRollover, WaitsForTheTtlThatTheParentShows) {
    const dnssec::KeyPolicy told = policy_of(KeyLayout::csk);
    dnssec::KeyPolicy truth = told;
    truth.ds_ttl += hour;
    Life life(told, truth, {.shows_ds_ttl = true}, 8);
    life.run(365 * day);
    EXPECT_EQ(life.failure(), "") << "IsFoundOutWithAnyWaitTooShort: what becomes of it otherwise";
    EXPECT_GE(life.keys_made(), 3U);
}

// The judge finds fault with every wait that is too short by as little as one hour.
TEST(KeyRollover, IsFoundOutWithAnyWaitTooShort) {
    struct Row {
        const char* why;
        UnixTime dnssec::KeyPolicy::*wait;
        KeyLayout layout;
    };
    const Row rows[] = {
        {"of DNSKEY", &dnssec::KeyPolicy::dnskey_ttl, KeyLayout::split},
        {"of secondaries", &dnssec::KeyPolicy::propagation, KeyLayout::split},
        {"of DS", &dnssec::KeyPolicy::ds_ttl, KeyLayout::csk},
        {"of the parent's servers", &dnssec::KeyPolicy::parent_propagation, KeyLayout::csk},
    };
    for (const Row& row : rows) {
        const dnssec::KeyPolicy told = policy_of(row.layout);
        dnssec::KeyPolicy truth = told;
        truth.*row.wait += hour;
        Life life(told, truth, {}, 8);
        life.run(365 * day);
        EXPECT_NE(life.failure(), "") << row.why;
    }
}

}  // namespace
}  // namespace kith::server
