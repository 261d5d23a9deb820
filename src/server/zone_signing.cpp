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
        const bool is_there = std::ranges::any_of(found.records, [&](const auto& ds) {
            return dnssec::matches_ds(apex, used.key.rdata(), ds);
        });
        if (is_there) out.insert(id_of(used.key));
    }
    return out;
}

std::string text_of(const KeyIds& ids) {
    std::string out;
    for (const KeyId& id : ids) out += (out.empty() ? "" : " ") + id.to_text();
    return out.empty() ? "none" : out;
}

Result<void, Failure> check_bound(const ManagedKeys* keys) {
    if (keys == nullptr || !keys->is_bound()) return {};
    return std::unexpected(fmt::format(
        "the parent has, or may take, DS records of keys that are kept here ({}), and without them the "
        "zone would be bogus; set \"remove_ds\": true in its 'dnssec' first, and wait until "
        "`kith key status` says that signing may end",
        text_of(keys->manager().wanted_ds())));
}

}  // namespace

struct ZoneSigning::Entry {
    Entry(net::Loop& loop, std::function<void()> on_look, std::function<void()> on_check)
        : look_timer(loop, std::move(on_look)), check_timer(loop, std::move(on_check)) {}
    Name apex;
    std::optional<SignedZone> zone;
    config::Dnssec settings;  // it is signed with
    std::string folder;
    /// Whether what serves is signed as settings and keys say: a look at it finds only signatures.
    enum class Whole : std::uint8_t { signed_so, to_sign, under_way } whole = Whole::signed_so;
    UnixTime files_due = 0;
    bool is_unread = false;  // those files could not be read last time
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
        if (entry != nullptr && entry->zone && entry->zone->on_change(*event.change, *event.zone))
            look_again(*entry, {});
    });
}
ZoneSigning::~ZoneSigning() = default;

ZoneSigning::Entry* ZoneSigning::find(const Name& apex) const {
    const auto found = entries_.find(apex);
    return found == entries_.end() ? nullptr : found->second.get();
}

// --- coming and going -------------------------------------------------------------------------------

Result<ZoneSigning::Prepared, Failure> ZoneSigning::prepare(const Name& apex,
                                                            const config::Dnssec& settings,
                                                            const std::string& folder) {
    Prepared out;
    out.settings = settings;
    out.folder = folder;
    KITH_TRY(const dnssec::SigningPolicy policy, signing_policy_of(settings));
    KITH_TRY(out.wishes, key_wishes_of(settings));
    dnssec::KeySet keys;
    const Entry* const entry = find(apex);
    if (!has_managed_keys(settings)) {
        if (entry != nullptr) KITH_TRY_VOID(check_bound(entry->zone->managed()));
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
    KITH_TRY(out.signer, make_signer(apex, std::move(keys), policy));
    out.sign = [this, signer = out.signer](const Zone& after, const ZoneChange* change,
                                           std::span<const Name> due) {
        return sign_with(*signer, after, change, due, now_(), rng_);
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
        entry = std::make_unique<Entry>(loop_, with(&ZoneSigning::look),
                                        with(&ZoneSigning::ask_parent));
        entry->apex = apex;
    }
    const bool stays_managed = prepared.managed == nullptr && has_managed_keys(prepared.settings);
    if (entry->zone && !same_signing(entry->settings, prepared.settings))
        entry->whole = Entry::Whole::to_sign;
    if (stays_managed) {
        entry->zone->managed()->set_wishes(std::move(prepared.wishes));
        entry->zone->set_signer(std::move(prepared.signer));
    } else {
        if (prepared.managed != nullptr && with_state_) with_state_->insert(apex);
        entry->zone.emplace(apex, std::move(prepared.signer), std::move(prepared.managed));
    }
    // Whatever the parent was being asked was about keys and servers of before.
    entry->check_timer.cancel();
    entry->check.reset();
    entry->check_wait = parent_check_first;
    entry->settings = std::move(prepared.settings);
    entry->folder = std::move(prepared.folder);
    entry->files_due = prepared.files_due;
    entry->is_unread = false;
}

void ZoneSigning::watch(const Name& apex) {
    Entry* const entry = find(apex);
    if (entry != nullptr) look(*entry);
}

Result<void, Failure> check_signing_end(store::Store& store, const Name& apex) {
    KITH_TRY(const auto keys, ManagedKeys::open(store, apex, {}));
    return check_bound(keys.get());
}

Result<void, Failure> ZoneSigning::check_end(const Name& apex) {
    if (const Entry* const entry = find(apex)) return check_bound(entry->zone->managed());
    KITH_TRY(const bool was, was_signed(apex));
    return was ? check_signing_end(store_, apex) : Result<void, Failure>();
}

Result<bool, Failure> ZoneSigning::was_signed(const Name& apex) {
    if (!with_state_) {
        KITH_TRY(with_state_, zones_with_key_state(store_));
    }
    return with_state_->contains(apex);
}

void ZoneSigning::release(const Name& apex, Release how) {
    entries_.erase(apex);
    if (how == Release::ends) end_signing(apex);
}

/// Takes out of a zone what was signed with keys that are kept here, when its settings say so no more.
void ZoneSigning::end_signing(const Name& apex) {
    const auto was = was_signed(apex);
    const ZonePtr zone = keeper_.serving(apex);
    if (!was || !*was || zone == nullptr) return;
    const auto staged = keeper_.stage(dnssec::unsigned_change(*zone), {Origin::Kind::signer, {}},
                                      [this, apex](const Outcome& outcome) {
                                          if (outcome.kind != Outcome::Kind::done) return;
                                          log::write(log::Level::info, "signing.ended",
                                                     log::kv("zone", apex.to_text()));
                                          forget(apex);
                                      });
    if (!staged)
        log::write(log::Level::error, "signing.failed", log::kv("zone", apex.to_text()),
                   log::kv("why", zone::fault_text(staged.error().fault)));
}

void ZoneSigning::forget(const Name& apex) {
    if (const auto forgotten = forget_key_state(store_, apex); !forgotten) {
        log::write(log::Level::warning, "key.not_kept", log::kv("zone", apex.to_text()),
                   log::kv("why", forgotten.error().text));
    } else if (with_state_) {
        with_state_->erase(apex);
    }
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
    if (entry.whole == Entry::Whole::to_sign) {
        entry.whole = Entry::Whole::under_way;
        turn->due.push_back(entry.apex);
    }
    if (!turn->due.empty()) {
        resign(entry, std::move(turn->due));
    } else if (entry.whole == Entry::Whole::signed_so && !entry.is_unread) {
        note(entry, {});
    }
    follow_parent(entry);
}

void ZoneSigning::resign(Entry& entry, std::vector<Name> due) {
    keeper_.resign(entry.apex, std::move(due), {Origin::Kind::signer, {}},
                   [this, apex = entry.apex](const Outcome& outcome) {
                       if (Entry* const found = find(apex)) on_resigned(*found, outcome);
                   });
}

/// Where it has failed, what is due is found again.
void ZoneSigning::on_resigned(Entry& entry, const Outcome& outcome) {
    using Whole = Entry::Whole;
    const bool good = outcome.kind == Outcome::Kind::done;
    // take() may have asked for it once more meanwhile.
    if (entry.whole == Whole::under_way) entry.whole = good ? Whole::signed_so : Whole::to_sign;
    note(entry, good ? std::string() : outcome.text);
    if (!good) look_again(entry, signing_retry);
}

/// The times of key files say something else now, or other signatures are of now.
void ZoneSigning::read_files_again(Entry& entry) {
    const auto next_change = [&]() -> Result<UnixTime, std::string> {
        KITH_TRY(FileKeys files, read_file_keys(entry.apex, entry.settings, entry.folder, now_()));
        KITH_TRY_VOID(entry.zone->set_keys(std::move(files.keys)));
        return files.next_change;
    }();
    entry.files_due = next_change ? *next_change : now_() + signing_retry / 1s;
    entry.is_unread = !next_change;
    if (!next_change) return note(entry, next_change.error());
    entry.whole = Entry::Whole::to_sign;
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
    if (entry.settings.parent_servers.empty()) return;
    entry.check_wait = std::min(entry.check_wait * 2, parent_check_max);
    entry.check = std::make_unique<ParentCheck>(
        loop_, rng_, entry.apex, entry.settings.parent_servers,
        [this, apex = entry.apex](const Result<DsSet, std::string>& found) {
            if (Entry* const asked = find(apex)) on_parent(*asked, found);
        });
}

void ZoneSigning::on_parent(Entry& entry, const Result<DsSet, std::string>& found) {
    entry.check.reset();
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
    keys->see_ds_ttl(found->ttl);
    if (const auto done = keys->on_ds_seen(seen, clocks()); !done) note(entry, done.error().text);
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
    return Status{&entry->settings, entry->zone->managed(), &entry->zone->signer().keys(),
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
