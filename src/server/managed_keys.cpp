#include "server/managed_keys.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/log.hpp"
#include "server/kept_keys.hpp"

namespace kith::server {
namespace {

using crypto::Algorithm;
using dnssec::KeyId;
using dnssec::KeyManager;
using dnssec::KeyRole;
using dnssec::KeySet;
using dnssec::KeyUse;
using dnssec::WantedKey;
using dnssec::ZoneKey;

// A second key of a zone with one tag costs validators work and us our bearings; a few tries make it
// impossible in practice.
constexpr int tag_tries = 16;
// While something waits its time is kept this often: what a restart at most makes it wait longer.
constexpr UnixTime keep_time_every = 600;
constexpr UnixTime due_now = 1;

std::uint16_t flags_of(KeyRole role) {
    return dnssec::signs_keys(role) ? dnssec::ksk_flags : dnssec::zsk_flags;
}

/// A line "word number number ..." of the state; what is not one reads as nothing.
std::vector<std::int64_t> numbers_of(std::string_view line, std::string_view word) {
    std::vector<std::int64_t> out;
    if (!line.starts_with(word)) return out;
    line.remove_prefix(word.size());
    while (!line.empty()) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
        if (error != std::errc()) return {};
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        out.push_back(value);
    }
    return out;
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

ManagedKeys::ManagedKeys(store::Store& store, zone::NameView apex)
    : store_(store), apex_(apex), manager_(dnssec::KeyPolicy{}) {}

Result<std::unique_ptr<ManagedKeys>, Failure> ManagedKeys::open(store::Store& store,
                                                                zone::NameView apex,
                                                                KeyWishes wishes) {
    KITH_TRY(KeptKeys kept, read_kept_keys(store, apex));
    std::unique_ptr<ManagedKeys> out(new ManagedKeys(store, apex));
    out->wishes_ = std::move(wishes);
    out->keys_ = std::move(kept.keys);
    if (kept.state.empty()) {
        out->is_adopting_ = !out->keys_.empty();
    } else {
        KITH_TRY_VOID(out->restore(kept.state));
    }
    out->manager_.set_policy(out->policy());
    return out;
}

// The state as text: lines of our own, then those of KeyManager::to_text().
//
//   time 1767225600       that the manager was told last
//   ttl 86400 3600        largest of the zone, and of its DS that was seen
//   algorithm 13 15       the configuration's, and the one to use instead of it
Result<void, Failure> ManagedKeys::restore(std::string_view state) {
    const auto fail = [this](std::string_view why) -> std::unexpected<Failure> {
        return std::unexpected<Failure>(
            fmt::format("{}: the state of the keys of {} cannot be read: {}", store_.file(),
                        apex_.to_text(), why));
    };
    const auto time = numbers_of(take_line(state), "time");
    const auto ttl = numbers_of(take_line(state), "ttl");
    const auto algorithms = numbers_of(take_line(state), "algorithm");
    // A state of before the DS's TTL was kept has one number.
    if (time.size() != 1 || ttl.empty() || ttl.size() > 2 || algorithms.size() != 2)
        return fail("its first lines are not understood");
    clock_ = dnssec::KeyClock(time[0]);
    time_ = kept_time_ = time[0];
    const auto seconds = [](std::int64_t value) {
        return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, 0x7fffffff));
    };
    ttl_max_ = seconds(ttl[0]);
    if (ttl.size() == 2) ds_ttl_max_ = seconds(ttl[1]);
    const auto configured = static_cast<Algorithm>(algorithms[0]);
    const auto used = static_cast<Algorithm>(algorithms[1]);
    if (configured != used) chosen_ = Chosen{configured, used};
    auto manager = KeyManager::from_text(state, policy());
    if (!manager) return fail(manager.error());
    manager_ = std::move(*manager);
    // Keys and the state that names them are kept together: there is no other, or it is not ours to use.
    std::erase_if(keys_, [this](const ZoneKey& key) {
        return std::ranges::none_of(manager_.keys(),
                                    [&](const auto& known) { return known.id == id_of(key); });
    });
    for (const dnssec::ManagedKey& key : manager_.keys()) {
        if (find(key.id) == nullptr)
            return fail(fmt::format("the private key {} is not there", key.id.to_text()));
    }
    return {};
}

dnssec::KeyPolicy ManagedKeys::policy() const {
    dnssec::KeyPolicy policy = wishes_.policy;
    if (chosen_ && chosen_->instead_of == policy.algorithm) policy.algorithm = chosen_->algorithm;
    policy.zone_ttl_max = std::max<UnixTime>(policy.zone_ttl_max, ttl_max_);
    policy.ds_ttl = std::max<UnixTime>(policy.ds_ttl, ds_ttl_max_);
    return policy;
}

void ManagedKeys::set_wishes(KeyWishes wishes) {
    const auto same_keys = [&] { return std::ranges::equal(wishes.foreign, wishes_.foreign); };
    has_changed_ = has_changed_ || !same_keys();
    wishes_ = std::move(wishes);
    if (chosen_ && chosen_->instead_of != wishes_.policy.algorithm) chosen_.reset();
    manager_.set_policy(policy());
    next_due_ = due_now;
}

void ManagedKeys::see_ttl(std::uint32_t ttl) {
    if (ttl <= ttl_max_) return;
    ttl_max_ = ttl;
    manager_.set_policy(policy());
}

void ManagedKeys::see_ds_ttl(std::uint32_t ttl) {
    if (ttl <= ds_ttl_max_) return;
    ds_ttl_max_ = ttl;
    manager_.set_policy(policy());
}

const ZoneKey* ManagedKeys::find(KeyId id) const {
    const auto found = std::ranges::find(keys_, id, id_of);
    return found == keys_.end() ? nullptr : &*found;
}

UnixTime ManagedKeys::tell(const Clocks& clocks) {
    using Waits = dnssec::KeyClock::Waits;
    return time_ =
               clock_.tell(clocks.wall, clocks.now, manager_.is_waiting() ? Waits::yes : Waits::no);
}

std::string ManagedKeys::to_text(const KeyManager& manager) const {
    const Algorithm configured = wishes_.policy.algorithm;
    const Algorithm used = chosen_ ? chosen_->algorithm : configured;
    return fmt::format("time {}\nttl {} {}\nalgorithm {} {}\n{}", time_, ttl_max_, ds_ttl_max_,
                       static_cast<unsigned>(configured), static_cast<unsigned>(used),
                       manager.to_text());
}

/// Makes the next state durable, and then that of this object.
Result<void, Failure> ManagedKeys::keep(KeyManager next, std::span<const ZoneKey> added,
                                        std::span<const KeyId> removed) {
    KITH_TRY_VOID(write_kept_keys(store_, apex_, to_text(next), added, removed, time_));
    manager_ = std::move(next);
    kept_time_ = time_;
    keys_.insert(keys_.end(), added.begin(), added.end());
    std::erase_if(keys_, [&](const ZoneKey& key) {
        return std::ranges::find(removed, id_of(key)) != removed.end();
    });
    return {};
}

Result<void, Failure> ManagedKeys::keep_time() {
    if (!manager_.is_waiting() || time_ - kept_time_ < keep_time_every) return {};
    return keep(manager_, {}, {});
}

bool ManagedKeys::is_tag_taken(std::uint16_t tag, std::span<const ZoneKey> others) const {
    const auto has_tag = [tag](const ZoneKey& key) { return key.tag() == tag; };
    return std::ranges::any_of(keys_, has_tag) || std::ranges::any_of(others, has_tag) ||
           std::ranges::any_of(wishes_.foreign, has_tag);
}

Result<ZoneKey, Failure> ManagedKeys::make_key(const WantedKey& wanted,
                                               std::span<const ZoneKey> others) const {
    for (int tries = 0; tries < tag_tries; ++tries) {
        auto made = crypto::PrivateKey::generate(wanted.algorithm);
        if (!made)
            return std::unexpected(
                fmt::format("no key can be made: {}", crypto::fault_text(made.error())));
        ZoneKey key(flags_of(wanted.role), std::move(*made));
        if (!is_tag_taken(key.tag(), others)) return key;
    }
    return std::unexpected("no key can be made whose tag no other has");
}

/// Keys that are there without a state are those of an earlier version of this program: they go on.
void ManagedKeys::adopt_keys() {
    const bool is_split = wishes_.policy.layout == dnssec::KeyLayout::split;
    for (const ZoneKey& key : keys_) {
        const KeyRole role = !key.is_sep() ? KeyRole::zsk : is_split ? KeyRole::ksk : KeyRole::csk;
        manager_.add_key(id_of(key), role, time_);
    }
    is_adopting_ = false;
}

Result<bool, Failure> ManagedKeys::advance(const Clocks& clocks) {
    tell(clocks);
    if (is_adopting_) adopt_keys();
    KeyManager next = manager_;
    std::vector<ZoneKey> added;
    std::vector<KeyId> removed;
    bool has_changed = false;
    for (;;) {
        const KeyManager::Step step = next.step(time_);
        has_changed = has_changed || step.has_changed;
        std::ranges::copy(step.gone, std::back_inserter(removed));
        next_due_ = step.next_due;
        if (step.wanted.empty()) break;
        for (const WantedKey& wanted : step.wanted) {
            KITH_TRY(ZoneKey key, make_key(wanted, added));
            if (!next.add_key(id_of(key), wanted.role, time_))
                return std::unexpected("more keys than one zone may have are in use");
            added.push_back(std::move(key));
        }
    }
    if (next.to_text() != manager_.to_text()) {
        KITH_TRY_VOID(keep(std::move(next), added, removed));
        for (const ZoneKey& key : added) {
            log::write(log::Level::info, "key.made", log::kv("zone", apex_.to_text()),
                       log::kv("key", id_of(key).to_text()));
        }
        for (const KeyId& id : removed) {
            log::write(log::Level::info, "key.removed", log::kv("zone", apex_.to_text()),
                       log::kv("key", id.to_text()));
        }
        has_changed_ = has_changed_ || has_changed;
    } else {
        KITH_TRY_VOID(keep_time());
    }
    return std::exchange(has_changed_, false);
}

KeySet ManagedKeys::key_set(std::span<const ZoneKey> foreign) const {
    KeySet set;
    for (const ZoneKey& key : keys_) {
        const KeyUse use = manager_.use(id_of(key));
        if (use.publish || use.sign_keys || use.sign_zone || use.announce)
            set.keys.push_back({key, use});
    }
    set.announce_removal = manager_.announces_removal();
    // RFC 8901 §6.2: what CDS asks for is the keys of all signers; nothing before we ask for ours.
    const bool announces = !manager_.wanted_ds().empty();
    for (const ZoneKey& key : foreign)
        set.keys.push_back({key, {true, false, false, announces && key.is_sep()}});
    return set;
}

std::optional<UnixTime> ManagedKeys::due_in() const {
    if (next_due_ == 0) {
        return manager_.is_waiting() ? std::optional<UnixTime>(keep_time_every) : std::nullopt;
    }
    const UnixTime wait = std::max<UnixTime>(next_due_ - time_, 0);
    return manager_.is_waiting() ? std::min(wait, keep_time_every) : wait;
}

// --- events -----------------------------------------------------------------------------------------

Result<void, Failure> ManagedKeys::on_served(const Clocks& clocks) {
    tell(clocks);
    KeyManager next = manager_;
    if (!next.on_served(time_)) return {};
    next_due_ = due_now;
    return keep(std::move(next), {}, {});
}

Result<void, Failure> ManagedKeys::on_signed(std::uint32_t generation, const Clocks& clocks) {
    tell(clocks);
    KeyManager next = manager_;
    if (!next.on_signed(generation, time_)) return {};
    next_due_ = due_now;
    return keep(std::move(next), {}, {});
}

Result<void, Failure> ManagedKeys::on_ds_seen(dnssec::KeyIds keys, const Clocks& clocks) {
    tell(clocks);
    KeyManager next = manager_;
    if (!next.on_ds_seen(std::move(keys), time_)) return {};
    next_due_ = due_now;
    return keep(std::move(next), {}, {});
}

Result<void, Failure> ManagedKeys::roll(KeyRole role, const Clocks& clocks) {
    const bool has_role = std::ranges::any_of(
        manager_.keys(), [role](const auto& key) { return key.role == role && !key.is_retiring; });
    if (!has_role) {
        return std::unexpected(fmt::format("{}: has no {} in use; its keys are {}", apex_.to_text(),
                                           dnssec::role_name(role),
                                           role == KeyRole::csk ? "a ksk and a zsk" : "one csk"));
    }
    tell(clocks);
    KeyManager next = manager_;
    next.roll(role);
    next_due_ = due_now;
    return keep(std::move(next), {}, {});
}

Result<void, Failure> ManagedKeys::roll_to(Algorithm algorithm, const Clocks& clocks) {
    tell(clocks);
    const std::optional<Chosen> before = chosen_;
    chosen_.reset();
    if (algorithm != wishes_.policy.algorithm) chosen_ = {wishes_.policy.algorithm, algorithm};
    KeyManager next = manager_;
    next.set_policy(policy());
    const auto kept = keep(std::move(next), {}, {});
    if (!kept) chosen_ = before;
    next_due_ = due_now;
    return kept;
}

}  // namespace kith::server
