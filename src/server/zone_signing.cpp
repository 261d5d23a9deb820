#include "server/zone_signing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "server/kept_keys.hpp"
#include "server/limits.hpp"

namespace kith::server {
namespace {

using dnssec::KeyId;
using dnssec::KeyIds;

/// The keys among ours that these DS records stand for.
KeyIds keys_of(const DsSet& found, const Name& apex, const dnssec::KeySet& keys) {
    KeyIds out;
    for (const dnssec::UsedKey& used : keys.keys) {
        const bool is_there = std::ranges::any_of(
            found, [&](const auto& ds) { return dnssec::matches_ds(apex, used.key.rdata(), ds); });
        if (is_there) out.insert(id_of(used.key));
    }
    return out;
}

std::string text_of(const KeyIds& ids) {
    std::string out;
    for (const KeyId& id : ids) out += (out.empty() ? "" : " ") + id.to_text();
    return out.empty() ? "none" : out;
}

}  // namespace

struct ZoneSigning::Entry {
    Entry(net::Loop& loop, std::function<void()> on_look, std::function<void()> on_check)
        : look_timer(loop, std::move(on_look)), check_timer(loop, std::move(on_check)) {}
    Name apex;
    std::optional<SignedZone> zone;
    config::Dnssec settings;  // it is signed with
    std::string folder;
    bool wants_all = false;  // those have changed since
    UnixTime files_due = 0;
    std::string trouble;
    net::Timer look_timer;
    // Of the parent.
    std::unique_ptr<ParentCheck> check;
    net::Timer check_timer;
    Duration check_wait = parent_check_first;
    std::string parent;
};

ZoneSigning::ZoneSigning(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng,
                         ZoneKeeper::Clock now)
    : loop_(loop), keeper_(keeper), store_(store), rng_(rng), now_(std::move(now)) {
    keeper_.subscribe([this](const FeedEvent& event) {
        Entry* const entry = event.change == nullptr ? nullptr : find(event.change->apex);
        if (entry != nullptr && entry->zone) entry->zone->on_change(*event.change);
    });
}
ZoneSigning::~ZoneSigning() = default;

ZoneSigning::Entry* ZoneSigning::find(const Name& apex) const {
    const auto found = entries_.find(apex);
    return found == entries_.end() ? nullptr : found->second.get();
}

// --- coming and going -------------------------------------------------------------------------------

Result<ZoneSigning::Prepared, std::string> ZoneSigning::prepare(const Name& apex,
                                                                const config::Dnssec& settings,
                                                                const std::string& folder) {
    Prepared out;
    out.settings = settings;
    out.folder = folder;
    KITH_TRY(out.policy, signing_policy_of(settings));
    KITH_TRY(out.wishes, key_wishes_of(settings));
    dnssec::KeySet keys;
    const Entry* const entry = find(apex);
    if (!has_managed_keys(settings)) {
        if (const auto good = check_end(apex); !good) return std::unexpected(good.error());
        KITH_TRY(FileKeys files, read_file_keys(apex, settings, folder, now_()));
        keys = std::move(files.keys);
        out.files_due = files.next_change;
    } else if (entry != nullptr && entry->zone->managed() != nullptr) {
        keys = entry->zone->managed()->key_set(out.wishes.foreign);
    } else {
        KITH_TRY(out.managed, ManagedKeys::open(store_, apex, out.wishes));
        KITH_TRY_VOID(out.managed->advance(clocks()));
        keys = out.managed->key_set();
    }
    KITH_TRY(out.current, make_current(apex, std::move(keys), out.policy));
    out.sign = [this, current = out.current](const Zone& after, const ZoneChange* change,
                                             std::span<const Name> due) {
        return sign_with(*current, after, change, due, now_(), rng_);
    };
    return out;
}

void ZoneSigning::take(const Name& apex, Prepared prepared) {
    auto& entry = entries_[apex];
    if (entry == nullptr) {
        const auto with = [this, apex](void (ZoneSigning::*work)(Entry&)) {
            return [this, apex, work] {
                if (Entry* const found = find(apex)) (this->*work)(*found);
            };
        };
        entry = std::make_shared<Entry>(loop_, with(&ZoneSigning::look),
                                        with(&ZoneSigning::ask_parent));
        entry->apex = apex;
    }
    const bool stays_managed = prepared.managed == nullptr && has_managed_keys(prepared.settings);
    entry->wants_all = entry->zone && !same_signing(entry->settings, prepared.settings);
    if (stays_managed) {
        entry->zone->managed()->set_wishes(std::move(prepared.wishes));
        entry->zone->set_current(std::move(prepared.current), prepared.policy);
    } else {
        entry->zone.emplace(apex, std::move(prepared.current), prepared.policy,
                            std::move(prepared.managed));
    }
    entry->settings = std::move(prepared.settings);
    entry->folder = std::move(prepared.folder);
    entry->files_due = prepared.files_due;
}

void ZoneSigning::watch(const Name& apex) {
    Entry* const entry = find(apex);
    if (entry == nullptr) return;
    if (std::exchange(entry->wants_all, false))
        keeper_.resign(apex, {}, {Origin::Kind::signer, {}}, {});
    look(*entry);
}

Result<void, std::string> ZoneSigning::check_end(const Name& apex) const {
    const Entry* const entry = find(apex);
    const ManagedKeys* const keys = entry == nullptr ? nullptr : entry->zone->managed();
    if (keys == nullptr || !keys->is_bound()) return {};
    return std::unexpected(fmt::format(
        "the parent has, or may take, DS records of keys that are kept here ({}), and without them the "
        "zone would be bogus; set \"remove_ds\": true in its 'dnssec' first, and wait until "
        "`kith key status` says that signing may end",
        text_of(keys->manager().wanted_ds())));
}

void ZoneSigning::release(const Name& apex, Release how) {
    entries_.erase(apex);
    if (how == Release::ends) end_signing(apex);
}

/// Takes out of a zone what was signed with keys that are kept here, when its settings say so no more.
void ZoneSigning::end_signing(const Name& apex) {
    const auto was_signed = has_key_state(store_, apex);
    const ZonePtr zone = keeper_.serving(apex);
    if (!was_signed || !*was_signed || zone == nullptr) return;
    const auto keys = ManagedKeys::open(store_, apex, {});
    if (!keys || (*keys)->is_bound()) {
        log::write(
            log::Level::error, "signing.ended_early", log::kv("zone", apex.to_text()),
            log::kv("why", keys ? "validators may expect signatures by its keys" : keys.error()),
            log::kv("effect", std::string_view("its signatures stay and will expire; put "
                                               "'dnssec' back, with \"remove_ds\": true")));
        return;
    }
    const auto staged = keeper_.stage(
        dnssec::unsigned_change(*zone), {Origin::Kind::signer, {}},
        [this, apex](const Outcome& outcome) {
            if (outcome.kind != Outcome::Kind::done) return;
            log::write(log::Level::info, "signing.ended", log::kv("zone", apex.to_text()));
            if (const auto forgotten = forget_key_state(store_, apex); !forgotten)
                log::write(log::Level::warning, "key.not_kept", log::kv("zone", apex.to_text()),
                           log::kv("why", forgotten.error()));
        });
    if (!staged)
        log::write(log::Level::error, "signing.failed", log::kv("zone", apex.to_text()),
                   log::kv("why", zone::fault_text(staged.error().fault)));
}

// --- the look ---------------------------------------------------------------------------------------

/// Says what goes wrong when it begins to, and not again each time.
void ZoneSigning::note(Entry& entry, std::string trouble) {
    if (!trouble.empty() && trouble != entry.trouble)
        log::write(log::Level::error, "signing.failed", log::kv("zone", entry.apex.to_text()),
                   log::kv("why", trouble),
                   log::kv("effect", std::string_view("what is served stays, tried again")));
    entry.trouble = std::move(trouble);
}

void ZoneSigning::look_again(Entry& entry, Duration wait) {
    entry.look_timer.arm(loop_.now() + wait);
}

/// Looks at a part of the zone, has renewed what is due, and comes back for the rest.
void ZoneSigning::look(Entry& entry) {
    const ZonePtr zone = keeper_.serving(entry.apex);
    if (zone == nullptr) return;
    if (entry.files_due != 0 && entry.files_due <= now_()) read_files_again(entry);
    auto turn = entry.zone->turn(*zone, clocks());
    if (!turn) {
        note(entry, turn.error());
        return look_again(entry, signing_retry);
    }
    Duration wait = turn->wait;
    if (entry.files_due != 0)
        wait = std::min<Duration>(
            wait, std::chrono::seconds(std::max<UnixTime>(entry.files_due - now_(), 1)));
    look_again(entry, wait);
    if (turn->due.empty()) {
        note(entry, {});
    } else {
        // Where it fails, what is due is found again.
        keeper_.resign(entry.apex, std::move(turn->due), {Origin::Kind::signer, {}},
                       [this, apex = entry.apex](const Outcome& outcome) {
                           Entry* const found = find(apex);
                           if (found == nullptr) return;
                           const bool good = outcome.kind == Outcome::Kind::done;
                           note(*found, good ? std::string() : outcome.text);
                           if (!good) look_again(*found, signing_retry);
                       });
    }
    follow_parent(entry);
}

/// The times of key files say something else now, or other signatures are of now.
void ZoneSigning::read_files_again(Entry& entry) {
    auto files = read_file_keys(entry.apex, entry.settings, entry.folder, now_());
    const auto made = [&]() -> Result<CurrentSignerPtr, std::string> {
        if (!files) return std::unexpected(files.error());
        KITH_TRY(const auto policy, signing_policy_of(entry.settings));
        KITH_TRY(const auto current, make_current(entry.apex, std::move(files->keys), policy));
        entry.zone->replace_signer(*current);
        return current;
    }();
    entry.files_due = made ? files->next_change : now_() + signing_retry_seconds;
    if (!made) return note(entry, made.error());
    keeper_.resign(entry.apex, {entry.apex}, {Origin::Kind::signer, {}}, {});
}

// --- the parent -------------------------------------------------------------------------------------

/// Asks while the parent has not done what CDS asks for; ever more seldom.
void ZoneSigning::follow_parent(Entry& entry) {
    const ManagedKeys* const keys = entry.zone->managed();
    if (keys == nullptr || entry.settings.parent_servers.empty()) return;
    const dnssec::KeyManager& manager = keys->manager();
    if (manager.wanted_ds() == manager.seen_ds()) {
        entry.check_timer.cancel();
        entry.check.reset();
        entry.check_wait = parent_check_first;
        return;
    }
    if (entry.check == nullptr && !entry.check_timer.armed())
        entry.check_timer.arm(loop_.now() + entry.check_wait);
}

void ZoneSigning::ask_parent(Entry& entry) {
    entry.check_timer.cancel();
    entry.check_wait = std::min(entry.check_wait * 2, parent_check_max);
    entry.check = std::make_unique<ParentCheck>(
        loop_, rng_, entry.apex, entry.settings.parent_servers,
        [this, apex = entry.apex](const Result<DsSet, std::string>& found) {
            if (Entry* const asked = find(apex)) on_parent(*asked, found);
        });
}

void ZoneSigning::on_parent(Entry& entry, const Result<DsSet, std::string>& found) {
    // The check itself calls: it ends after this turn.
    loop_.post([check = std::shared_ptr<ParentCheck>(std::move(entry.check))] {});
    ManagedKeys* const keys = entry.zone->managed();
    if (keys == nullptr) return;
    if (!found) {
        entry.parent = found.error();
        log::write(log::Level::info, "parent.not_known", log::kv("zone", entry.apex.to_text()),
                   log::kv("why", entry.parent));
        return follow_parent(entry);
    }
    const KeyIds seen = keys_of(*found, entry.apex, keys->key_set());
    entry.parent = fmt::format("has DS records of: {}", text_of(seen));
    if (seen != keys->manager().seen_ds())
        log::write(log::Level::info, "parent.ds_seen", log::kv("zone", entry.apex.to_text()),
                   log::kv("keys", text_of(seen)));
    if (const auto done = keys->on_ds_seen(seen, clocks()); !done) note(entry, done.error());
    look_again(entry, {});
}

// --- what operators ask -----------------------------------------------------------------------------

std::vector<Name> ZoneSigning::zones() const {
    std::vector<Name> out;
    for (const auto& [apex, entry] : entries_) out.push_back(apex);
    return out;
}

std::optional<ZoneSigning::Status> ZoneSigning::status(const Name& apex) const {
    const Entry* const entry = find(apex);
    if (entry == nullptr) return std::nullopt;
    return Status{entry->settings, entry->zone->managed(), &entry->zone->current().signer.keys(),
                  entry->parent, entry->trouble};
}

Result<ManagedKeys*, std::string> ZoneSigning::managed(const Name& apex) const {
    const Entry* const entry = find(apex);
    if (entry == nullptr)
        return std::unexpected(fmt::format("{}: no such zone is signed here", apex.to_text()));
    if (entry->zone->managed() == nullptr)
        return std::unexpected(fmt::format(
            "{}: its keys are files, whose times say when they are used; this server makes and rolls "
            "those it keeps itself (without key_directory)",
            apex.to_text()));
    return entry->zone->managed();
}

Result<void, std::string> ZoneSigning::roll(const Name& apex, dnssec::KeyRole role) {
    KITH_TRY(ManagedKeys* const keys, managed(apex));
    KITH_TRY_VOID(keys->roll(role, clocks()));
    look_again(*find(apex), {});
    return {};
}

Result<void, std::string> ZoneSigning::roll_to(const Name& apex, crypto::Algorithm algorithm) {
    KITH_TRY(ManagedKeys* const keys, managed(apex));
    KITH_TRY_VOID(keys->roll_to(algorithm, clocks()));
    look_again(*find(apex), {});
    return {};
}

Result<void, std::string> ZoneSigning::ds_seen(const Name& apex, KeyIds seen) {
    KITH_TRY(ManagedKeys* const keys, managed(apex));
    KITH_TRY_VOID(keys->on_ds_seen(std::move(seen), clocks()));
    look_again(*find(apex), {});
    return {};
}

Result<void, std::string> ZoneSigning::check_parent(const Name& apex) {
    KITH_TRY_VOID(managed(apex));
    Entry& entry = *find(apex);
    if (entry.settings.parent_servers.empty())
        return std::unexpected(fmt::format(
            "{}: 'dnssec' names no parent_servers to ask; tell what you have seen with `kith key ds-seen`",
            apex.to_text()));
    if (entry.check == nullptr) ask_parent(entry);
    return {};
}

}  // namespace kith::server
