#include "dnssec/key_policy.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace kith::dnssec {
namespace {

std::set<std::uint8_t> algorithms_of(const KeyIds& ids) {
    std::set<std::uint8_t> out;
    for (const KeyId& id : ids) out.insert(id.algorithm);
    return out;
}

/// Whether a key of this algorithm is in all of the sets.
template <class... Sets>
bool has_common(std::uint8_t algorithm, const KeyIds& first, const Sets&... others) {
    return std::ranges::any_of(first, [&](const KeyId& id) {
        return id.algorithm == algorithm && (others.contains(id) && ...);
    });
}

bool has_algorithm(const KeyIds& ids, std::uint8_t algorithm) {
    return std::ranges::any_of(ids,
                               [algorithm](const KeyId& id) { return id.algorithm == algorithm; });
}

}  // namespace

std::string_view role_name(KeyRole role) {
    switch (role) {
        case KeyRole::csk: return "csk";
        case KeyRole::ksk: return "ksk";
        case KeyRole::zsk: return "zsk";
    }
    return "";
}

std::string KeyId::to_text() const { return fmt::format("{}/{:05}", algorithm, tag); }

bool KeyManager::validates(const KeyIds& ds, const KeysVersion& keys, const KeyIds& zone) {
    if (ds.empty()) return true;
    for (const std::uint8_t algorithm : algorithms_of(ds)) {
        if (!has_common(algorithm, ds, keys.published, keys.signers)) return false;
    }
    for (const std::uint8_t algorithm : algorithms_of(keys.published)) {
        if (!has_common(algorithm, keys.published, zone)) return false;
    }
    return true;
}

bool KeyManager::has_ds(const Held& held) {
    return std::ranges::any_of(held.ds, [](const DsVersion& ds) { return !ds.keys.empty(); });
}

bool KeyManager::is_vouched_for() const { return has_ds(held_); }

bool KeyManager::is_safe(const Held& held, const KeyIds& wanted_ds) const {
    for (const KeysVersion& keys : held.keys) {
        for (const ZoneVersion& zone : held.zone) {
            // The parent may act on CDS at any moment, so what it asks for counts as held.
            if (!validates(wanted_ds, keys, zone.signers)) return false;
            for (const DsVersion& ds : held.ds) {
                if (!validates(ds.keys, keys, zone.signers)) return false;
            }
        }
    }
    // RFC 4035 §2.2: every algorithm of the DNSKEY RRset signs it and the zone. While there is no DS, that
    // is a rule about what is served and not about what is held.
    const bool is_checked = !wanted_ds.empty() || has_ds(held);
    const KeysVersion& current = held.keys.back();
    for (const std::uint8_t algorithm : algorithms_of(current.published)) {
        if (!has_common(algorithm, current.published, current.signers)) return false;
        for (const ZoneVersion& zone : held.zone) {
            const bool is_served = &zone == &held.zone.back();
            if (!is_checked && !is_served) continue;
            if (!has_common(algorithm, current.published, zone.signers)) return false;
        }
    }
    return true;
}

bool KeyManager::take(Held next) {
    if (!is_safe(next, wanted_ds_)) return false;
    held_ = std::move(next);
    has_changed_ = true;
    return true;
}

void KeyManager::set_keys(Held& held, KeyIds published, KeyIds signers) const {
    held.keys.push_back({std::move(published), std::move(signers), policy_.dnskey_ttl, for_now});
}

void KeyManager::set_zone(Held& held, KeyIds signers) const {
    held.zone.push_back({std::move(signers), for_now});
}

void KeyManager::forget_old(UnixTime now) {
    const auto forget = [now](auto& versions) {
        const auto is_old = [&](const auto& version) {
            return version.gone != for_now && version.gone <= now && &version != &versions.back();
        };
        std::erase_if(versions, is_old);
    };
    forget(held_.ds);
    forget(held_.keys);
    forget(held_.zone);
}

// --- moves ------------------------------------------------------------------------------------

bool KeyManager::try_moves() {
    return try_ttl() || try_sign_new_algorithm() || try_publish() || try_swap_zone_signers() ||
           try_announce() || try_withdraw() || try_stop_signing();
}

/// The same keys with another TTL are a version of their own: the longer TTL counts until it has ended.
bool KeyManager::try_ttl() {
    const KeysVersion current = held_.keys.back();
    if (current.ttl == policy_.dnskey_ttl || current.published.empty()) return false;
    Held next = held_;
    set_keys(next, current.published, current.signers);
    return take(std::move(next));
}

/// RFC 6781 §4.1.4: signatures of a new algorithm come before its keys. So do those of a zone that was
/// not signed.
bool KeyManager::try_sign_new_algorithm() {
    KeyIds signers = held_.zone.back().signers;
    for (const ManagedKey& key : keys_) {
        const bool is_new = !key.is_retiring && signs_zone(key.role);
        if (is_new && !has_algorithm(signers, key.id.algorithm)) signers.insert(key.id);
    }
    if (signers == held_.zone.back().signers) return false;
    Held next = held_;
    set_zone(next, std::move(signers));
    if (!take(std::move(next))) return false;
    ++generation_;
    return true;
}

bool KeyManager::publish(const std::vector<const ManagedKey*>& keys) {
    KeyIds published = held_.keys.back().published;
    KeyIds signers = held_.keys.back().signers;
    for (const ManagedKey* key : keys) {
        published.insert(key->id);
        if (signs_keys(key->role)) signers.insert(key->id);
    }
    Held next = held_;
    set_keys(next, std::move(published), std::move(signers));
    return take(std::move(next));
}

bool KeyManager::try_publish() {
    std::vector<const ManagedKey*> missing;
    for (const ManagedKey& key : keys_) {
        if (!key.is_retiring && !held_.keys.back().published.contains(key.id))
            missing.push_back(&key);
    }
    if (missing.empty()) return false;
    // Together first: of a new algorithm neither half may come alone.
    if (publish(missing)) return true;
    return std::ranges::any_of(missing, [&](const ManagedKey* key) { return publish({key}); });
}

/// RFC 6781 §4.1.1.1: a key that everybody can know takes over from one of the same algorithm.
bool KeyManager::try_swap_zone_signers() {
    const KeyIds& now_signing = held_.zone.back().signers;
    KeyIds signers = now_signing;
    for (const ManagedKey& key : keys_) {
        const bool is_wanted = !key.is_retiring && signs_zone(key.role) &&
                               held_.keys.back().published.contains(key.id);
        if (is_wanted && has_algorithm(now_signing, key.id.algorithm)) signers.insert(key.id);
    }
    for (const ManagedKey& key : keys_) {
        // Only one whose algorithm somebody else signs with goes here.
        const bool is_replaced = std::ranges::any_of(keys_, [&](const ManagedKey& other) {
            return !other.is_retiring && other.id.algorithm == key.id.algorithm &&
                   signers.contains(other.id);
        });
        if (key.is_retiring && is_replaced) signers.erase(key.id);
    }
    if (signers == now_signing) return false;
    Held next = held_;
    set_zone(next, std::move(signers));
    if (!take(std::move(next))) return false;
    ++generation_;
    return true;
}

bool KeyManager::try_announce() {
    KeyIds wanted;
    for (const ManagedKey& key : keys_) {
        const bool is_ready = held_.keys.back().signers.contains(key.id);
        if (!key.is_retiring && signs_keys(key.role) && is_ready) wanted.insert(key.id);
    }
    if (policy_.leaves) wanted.clear();
    if (wanted == wanted_ds_ || (wanted.empty() && !policy_.leaves)) return false;
    Held next = held_;
    // What the parent was asked for and has not been seen to do it may still do.
    if (wanted_ds_ != held_.ds.back().keys)
        next.ds.insert(next.ds.end() - 1, {wanted_ds_, for_now});
    if (!is_safe(next, wanted)) return false;
    held_ = std::move(next);
    wanted_ds_ = std::move(wanted);
    has_changed_ = true;
    return true;
}

bool KeyManager::withdraw(const std::vector<const ManagedKey*>& keys) {
    KeyIds published = held_.keys.back().published;
    KeyIds signers = held_.keys.back().signers;
    for (const ManagedKey* key : keys) {
        published.erase(key->id);
        signers.erase(key->id);
    }
    // Never the last: what is left of a zone that was signed is not a zone that is not.
    if (published.empty()) return false;
    Held next = held_;
    set_keys(next, std::move(published), std::move(signers));
    return take(std::move(next));
}

bool KeyManager::try_withdraw() {
    std::vector<const ManagedKey*> leaving;
    for (const ManagedKey& key : keys_) {
        if (key.is_retiring && held_.keys.back().published.contains(key.id))
            leaving.push_back(&key);
    }
    if (leaving.empty()) return false;
    if (withdraw(leaving)) return true;
    return std::ranges::any_of(leaving, [&](const ManagedKey* key) { return withdraw({key}); });
}

bool KeyManager::try_stop_signing() {
    KeyIds signers = held_.zone.back().signers;
    for (const ManagedKey& key : keys_) {
        const bool is_published = held_.keys.back().published.contains(key.id);
        if (key.is_retiring && !is_published) signers.erase(key.id);
    }
    if (signers == held_.zone.back().signers || signers.empty()) return false;
    Held next = held_;
    set_zone(next, std::move(signers));
    if (!take(std::move(next))) return false;
    ++generation_;
    return true;
}

// --- keys that come and go --------------------------------------------------------------------

bool KeyManager::add_key(KeyId id, KeyRole role, UnixTime now) {
    const auto is_it = [id](const ManagedKey& key) { return key.id == id; };
    if (keys_.size() >= keys_max || std::ranges::any_of(keys_, is_it)) return false;
    for (ManagedKey& key : keys_) key.is_retiring |= key.role == role;
    to_roll_.erase(role);
    keys_.push_back({id, role, now, false});
    settle_layout();
    return true;
}

bool KeyManager::has_role(KeyRole role) const {
    return std::ranges::any_of(
        keys_, [role](const ManagedKey& key) { return key.role == role && !key.is_retiring; });
}

/// Keys of a layout that is not wanted any more go when their work is taken over. When the layout changes
/// back before they are gone, they stay.
void KeyManager::settle_layout() {
    const bool is_split = policy_.layout == KeyLayout::split;
    for (const KeyRole role : {KeyRole::csk, KeyRole::ksk, KeyRole::zsk}) {
        if ((role == KeyRole::csk) == is_split || has_role(role)) continue;
        const auto latest = std::find_if(keys_.rbegin(), keys_.rend(), [&](const ManagedKey& key) {
            return key.role == role &&
                   key.id.algorithm == static_cast<std::uint8_t>(policy_.algorithm);
        });
        if (latest != keys_.rend()) latest->is_retiring = false;
    }
    const bool is_whole =
        is_split ? has_role(KeyRole::ksk) && has_role(KeyRole::zsk) : has_role(KeyRole::csk);
    for (ManagedKey& key : keys_) {
        if (is_whole && (key.role == KeyRole::csk) == is_split) key.is_retiring = true;
    }
}

void KeyManager::roll(KeyRole role) { to_roll_.insert(role); }

void KeyManager::want_role(KeyRole role, UnixTime now, std::vector<WantedKey>& out) const {
    bool has_one = false;
    int retiring = 0;
    bool is_due = to_roll_.contains(role);
    for (const ManagedKey& key : keys_) {
        if (key.role != role) continue;
        if (key.is_retiring) {
            ++retiring;
            continue;
        }
        has_one = true;
        const bool is_old = lifetime(role) != 0 && key.since + lifetime(role) <= now;
        is_due |= is_old || key.id.algorithm != static_cast<std::uint8_t>(policy_.algorithm);
    }
    // One roll of a role at a time, so that keys never pile up, however often the goal changes.
    if (has_one ? is_due && retiring == 0 : retiring < 2) out.push_back({role, policy_.algorithm});
}

std::vector<WantedKey> KeyManager::find_wanted(UnixTime now) const {
    std::vector<WantedKey> out;
    if (policy_.layout == KeyLayout::csk) {
        want_role(KeyRole::csk, now, out);
        return out;
    }
    want_role(KeyRole::ksk, now, out);
    want_role(KeyRole::zsk, now, out);
    return out;
}

bool KeyManager::is_used(KeyId id) const {
    const auto in_keys = [id](const KeysVersion& keys) { return keys.published.contains(id); };
    const auto in_zone = [id](const ZoneVersion& zone) { return zone.signers.contains(id); };
    const auto in_ds = [id](const DsVersion& ds) { return ds.keys.contains(id); };
    return wanted_ds_.contains(id) || std::ranges::any_of(held_.keys, in_keys) ||
           std::ranges::any_of(held_.zone, in_zone) || std::ranges::any_of(held_.ds, in_ds);
}

std::vector<KeyId> KeyManager::drop_gone() {
    std::vector<KeyId> gone;
    for (const ManagedKey& key : keys_) {
        if (key.is_retiring && !is_used(key.id)) gone.push_back(key.id);
    }
    std::erase_if(keys_, [&](const ManagedKey& key) {
        return std::ranges::find(gone, key.id) != gone.end();
    });
    return gone;
}

// --- events -----------------------------------------------------------------------------------

KeyManager::Step KeyManager::step(UnixTime now) {
    // The clock was ahead when such a key was made.
    for (ManagedKey& key : keys_) key.since = std::min(key.since, now);
    forget_old(now);
    settle_layout();
    while (try_moves()) {
    }
    Step out;
    out.has_changed = std::exchange(has_changed_, false);
    out.gone = drop_gone();
    out.wanted = find_wanted(now);
    out.next_due = next_due(now);
    return out;
}

KeyUse KeyManager::use(KeyId id) const {
    return {held_.keys.back().published.contains(id), held_.keys.back().signers.contains(id),
            held_.zone.back().signers.contains(id), wanted_ds_.contains(id)};
}

bool KeyManager::on_served(UnixTime now) {
    bool has_aged = false;
    for (KeysVersion& version : held_.keys) {
        if (&version == &held_.keys.back() || version.gone != for_now) continue;
        // That there are no keys is told with the TTL of other records that are not there.
        const UnixTime ttl = version.published.empty() ? policy_.zone_ttl_max : version.ttl;
        version.gone = now + ttl + policy_.propagation + policy_.safety;
        has_aged = true;
    }
    return has_aged;
}

bool KeyManager::on_signed(std::uint32_t generation, UnixTime now) {
    if (generation != generation_) return false;
    bool has_aged = false;
    for (ZoneVersion& version : held_.zone) {
        if (&version == &held_.zone.back() || version.gone != for_now) continue;
        version.gone = now + policy_.zone_ttl_max + policy_.propagation + policy_.safety;
        has_aged = true;
    }
    return has_aged;
}

bool KeyManager::on_ds_seen(KeyIds keys, UnixTime now) {
    // Keys of other signers of the zone are not ours to follow.
    std::erase_if(keys, [this](const KeyId& id) {
        return std::ranges::none_of(keys_, [&](const ManagedKey& key) { return key.id == id; });
    });
    bool has_aged = held_.ds.back().keys != keys;
    if (has_aged) held_.ds.push_back({std::move(keys), for_now});
    const KeyIds& seen = held_.ds.back().keys;
    for (DsVersion& version : held_.ds) {
        if (&version == &held_.ds.back() || version.gone != for_now) continue;
        // Until the parent does what it is asked for now, it may still do what it was asked for before.
        const bool was_there = has_aged && &version == &held_.ds[held_.ds.size() - 2];
        if (!was_there && seen != wanted_ds_) continue;
        version.gone = now + policy_.ds_ttl + policy_.parent_propagation + policy_.safety;
        has_aged = true;
    }
    return has_aged;
}

UnixTime KeyManager::next_roll() const {
    UnixTime next = 0;
    for (const ManagedKey& key : keys_) {
        if (key.is_retiring || lifetime(key.role) == 0) continue;
        const UnixTime due = key.since + lifetime(key.role);
        if (next == 0 || due < next) next = due;
    }
    return next;
}

UnixTime KeyManager::next_due(UnixTime now) const {
    UnixTime due = 0;
    const auto consider = [&](UnixTime at) {
        if (at > now && (due == 0 || at < due)) due = at;
    };
    for (const DsVersion& version : held_.ds) consider(version.gone);
    for (const KeysVersion& version : held_.keys) consider(version.gone);
    for (const ZoneVersion& version : held_.zone) consider(version.gone);
    for (const ManagedKey& key : keys_) {
        if (!key.is_retiring && lifetime(key.role) != 0) consider(key.since + lifetime(key.role));
    }
    return due;
}

std::vector<std::string> KeyManager::waiting_for(UnixTime now) const {
    std::vector<std::string> out;
    const auto wait = [&](UnixTime gone, std::string_view what) {
        if (gone > now)
            out.push_back(
                fmt::format("{} may be held by resolvers for another {} s", what, gone - now));
    };
    for (const DsVersion& version : held_.ds) wait(version.gone, "an earlier DS RRset");
    for (const KeysVersion& version : held_.keys) {
        wait(version.gone, "an earlier DNSKEY RRset");
        if (version.gone == for_now && &version != &held_.keys.back()) {
            out.emplace_back("a DNSKEY RRset is not served yet");
        }
    }
    for (const ZoneVersion& version : held_.zone) {
        wait(version.gone, "signatures by an earlier key");
        if (version.gone == for_now && &version != &held_.zone.back()) {
            out.emplace_back("the zone is being signed with other keys");
        }
    }
    if (announces_removal() && !held_.ds.back().keys.empty()) {
        out.emplace_back("the parent is to remove all DS records of the zone");
    }
    if (!wanted_ds_.empty() && held_.ds.back().keys != wanted_ds_) {
        std::string keys;
        for (const KeyId& id : wanted_ds_) keys += " " + id.to_text();
        out.push_back("the parent is to publish DS records of exactly these keys:" + keys);
    }
    return out;
}

}  // namespace kith::dnssec
