#include "server/zone_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "dns/serial.hpp"
#include "server/change_fit.hpp"
#include "server/limits.hpp"
#include "server/zone_keeper_parts.hpp"

namespace kith::server {
namespace {

using store::Append;
using store::Base;
using store::Store;
using zone::RrType;

/// Faults that pass by themselves, or when somebody makes room.
bool is_locked(const store::StoreError& error) { return error.fault == store::StoreFault::locked; }

}  // namespace

ZoneKeeper::ZoneKeeper(net::Loop& loop, store::Store& store, Publish publish, Clock now)
    : loop_(loop),
      store_(store),
      publish_(std::move(publish)),
      now_(std::move(now)),
      commit_timer_(loop, [this] { commit_when_free(); }),
      compact_timer_(loop, [this] { compact(); }),
      write_timer_(loop, [this] { write_files(); }) {}

ZoneKeeper::~ZoneKeeper() = default;

ZoneKeeper::Kept* ZoneKeeper::find(NameView apex) const {
    const auto found = zones_.find(key_of(apex));
    return found == zones_.end() ? nullptr : found->second.get();
}

std::vector<Name> ZoneKeeper::zones() const {
    std::vector<Name> out;
    for (const auto& [key, kept] : zones_) out.push_back(kept->apex);
    return out;
}

void ZoneKeeper::release(NameView apex) {
    commit();
    std::erase_if(untold_, [apex](const FeedEvent& event) { return event.zone->apex() == apex; });
    zones_.erase(key_of(apex));
}

ZonePtr ZoneKeeper::serving(NameView apex) const {
    const Kept* const kept = find(apex);
    return kept == nullptr ? nullptr : kept->serving;
}

ZonePtr ZoneKeeper::working(NameView apex) const {
    const Kept* const kept = find(apex);
    return kept == nullptr ? nullptr : kept->working;
}

ChangeHistory ZoneKeeper::history(NameView apex) const {
    const Kept* const kept = find(apex);
    return kept == nullptr ? ChangeHistory() : kept->history;
}

// --- producers -------------------------------------------------------------------------------------

Result<void, ChangeError> ZoneKeeper::stage(Kept& kept, ZoneChange change, Origin origin,
                                            Done done) {
    auto next = zone::apply_change(kept.working, change, kept.settings.bounds);
    if (!next) {
        ++counters_.refused;
        return std::unexpected(next.error());
    }
    kept.working = std::move(*next);
    kept.parts.push_back({std::move(origin), std::move(done), std::move(change), {}});
    commit_soon();
    return {};
}

Result<void, ChangeError> ZoneKeeper::stage(ZoneChange change, Origin origin, Done done) {
    Kept* const kept = find(change.apex);
    if (kept == nullptr || kept->working == nullptr)
        return std::unexpected(ChangeError{zone::ZoneFault::wrong_zone, change.apex, RrType::SOA});
    if (kept->is_given) commit();
    change.apex = kept->working->apex();
    fit_serials(change, *kept->working);
    return stage(*kept, std::move(change), std::move(origin), std::move(done));
}

Result<void, ChangeError> ZoneKeeper::stage_given(ZoneChange change, Origin origin, Done done) {
    Kept* const kept = find(change.apex);
    if (kept == nullptr || kept->working == nullptr)
        return std::unexpected(ChangeError{zone::ZoneFault::wrong_zone, change.apex, RrType::SOA});
    // Each of these is a version of its own: secondaries further on may have any of them.
    commit();
    KITH_TRY_VOID(stage(*kept, std::move(change), std::move(origin), std::move(done)));
    kept->is_given = true;
    return {};
}

bool ZoneKeeper::resign(NameView apex, std::vector<Name> due, Origin origin, Done done) {
    Kept* const kept = find(apex);
    if (kept == nullptr || kept->working == nullptr || !kept->settings.sign) return false;
    kept->parts.push_back({std::move(origin), std::move(done), std::nullopt, std::move(due)});
    commit_soon();
    return true;
}

void ZoneKeeper::replace(ZonePtr next, Origin origin, Done done) {
    commit();
    Kept* const kept = find(next->apex());
    if (kept == nullptr) return done({Outcome::Kind::refused, 0, "the zone is not kept here"});
    const UnixTime now = now_();
    std::shared_ptr<const ZoneChange> change;
    store::Stored<void> stored;
    bool whole = kept->serving == nullptr || !kept->base ||
                 !dns::is_newer(next->serial(), kept->serving->serial());
    if (!whole) {
        change = std::make_shared<const ZoneChange>(zone::difference(*kept->serving, *next));
        // A change as large as the zone is better kept as the zone.
        whole = change->removed.size() + change->added.size() > next->record_count() / 2;
    }
    if (whole) {
        stored = store_.set_whole(*next, Store::History::forget, {}, now);
    } else {
        const Append append{change.get(), origin};
        stored = store_.append(std::span(&append, 1), now);
    }
    if (!stored) {
        ++counters_.not_kept;
        note_failure(stored.error(), kept->apex);
        return done({Outcome::Kind::not_kept, 0, stored.error().text});
    }
    note_success();
    if (whole) {
        kept->base = Base{};
        kept->history = ChangeHistory(kept->settings.history_bytes_max);
        change = nullptr;
    } else {
        kept->history.add(change);
        after_change(*kept, *change);
    }
    ++counters_.changes;
    ++counters_.commits;
    kept->serving = kept->working = next;
    publish_(std::span(&next, 1));
    for (const Consumer& consumer : consumers_) consumer({change, next, origin, now});
    done({Outcome::Kind::done, next->serial(), {}});
}

// --- the commit ------------------------------------------------------------------------------------

void ZoneKeeper::commit_soon() {
    if (!commit_timer_.armed()) commit_timer_.arm(loop_.now());
}

/// Ends what was staged for a zone: what comes next is staged anew.
ZoneKeeper::Ended ZoneKeeper::end(Kept& kept, Outcome outcome) {
    Ended ended{std::exchange(kept.parts, {}), std::move(outcome)};
    kept.is_given = false;
    switch (ended.outcome.kind) {
        case Outcome::Kind::done: counters_.changes += ended.parts.size(); break;
        case Outcome::Kind::refused: counters_.refused += ended.parts.size(); break;
        case Outcome::Kind::not_kept: counters_.not_kept += ended.parts.size(); break;
    }
    return ended;
}

/// Last of all: whoever is told may stage, keep and release as they like.
void ZoneKeeper::tell(const std::vector<Ended>& all) {
    for (const Ended& ended : all) {
        for (const Part& part : ended.parts) {
            if (part.done) part.done(ended.outcome);
        }
    }
}

store::Stored<void> ZoneKeeper::write_base(Kept& kept) {
    if (kept.base) return {};
    const ZoneChange nothing{kept.apex, kept.serving->serial(), kept.serving->serial(), {}, {}};
    const Base base = file_base(*kept.serving);
    KITH_TRY_VOID(store_.set_base(kept.apex, base, nothing, kept.serving->serial(),
                                  Store::History::forget, {}, now_()));
    kept.base = base;
    return {};
}

void ZoneKeeper::commit() { commit(Patience::none); }
void ZoneKeeper::commit_when_free() { commit(Patience::for_locks); }

void ZoneKeeper::commit(Patience patience) {
    commit_timer_.cancel();
    const auto is_staged = [](const auto& entry) { return !entry.second->parts.empty(); };
    if (std::ranges::none_of(zones_, is_staged)) return waits_since_.reset();
    std::vector<Ended> ended;
    std::vector<Sealed> sealed;
    catch_up(ended);
    const auto stored = seal_and_store(sealed, ended);
    if (stored) {
        waits_since_.reset();
        serve(sealed, ended);
    } else if (may_wait(stored.error(), patience)) {
        commit_timer_.arm(loop_.now() + lock_retry);
    } else {
        waits_since_.reset();
        note_failure(stored.error(), {});
        for (const auto& [key, kept] : zones_) {
            if (kept->parts.empty()) continue;
            kept->working = kept->serving;
            ended.push_back(end(*kept, {Outcome::Kind::not_kept, 0, stored.error().text}));
        }
    }
    tell(ended);
}

/// One transaction, begun before anything is signed: while others hold the database, tries cost nothing.
store::Stored<void> ZoneKeeper::seal_and_store(std::vector<Sealed>& sealed,
                                               std::vector<Ended>& ended) {
    KITH_TRY(Store::Batch batch, store_.begin_batch());
    sealed = seal_all(ended);
    const auto stored = [&]() -> store::Stored<void> {
        KITH_TRY_VOID(store(sealed));
        return batch.commit();
    }();
    const bool writes =
        std::ranges::any_of(sealed, [](const Sealed& each) { return !each.is_nothing; });
    if (stored && writes) {
        ++counters_.commits;
        note_success();
    }
    for (const Sealed& each : sealed) {
        if (!stored && each.sets_base) each.kept->base.reset();
    }
    return stored;
}

bool ZoneKeeper::may_wait(const store::StoreError& error, Patience patience) {
    if (patience == Patience::none || !is_locked(error)) return false;
    if (!waits_since_) waits_since_ = loop_.now();
    return loop_.now() - *waits_since_ < lock_wait;
}

/// Says that the store does not take what is to be kept: once, and then now and then while it lasts.
void ZoneKeeper::note_failure(const store::StoreError& error, NameView zone) {
    const bool is_news =
        failure_ != error.text || loop_.now() - failure_logged_ >= failure_log_interval;
    failure_ = error.text;
    is_uncertain_ = is_uncertain_ || error.fault == store::StoreFault::moved;
    if (!is_news) return;
    failure_logged_ = loop_.now();
    log::write(log::Level::error, "journal.failed",
               log::kv("zone", zone.is_root() ? std::string("all") : zone.to_text()),
               log::kv("text", error.text),
               log::kv("effect", std::string_view("changes are refused, what is served stays")));
}

void ZoneKeeper::note_success() {
    if (failure_.empty()) return;
    failure_.clear();
    log::write(log::Level::info, "journal.recovered",
               log::kv("effect", std::string_view("changes are taken again")));
}

/// Appends all of it to the journal.
store::Stored<void> ZoneKeeper::store(std::span<Sealed> sealed) {
    std::vector<Append> appends;
    for (Sealed& each : sealed) {
        if (each.is_nothing) continue;
        each.sets_base = !each.kept->base;
        KITH_TRY_VOID(write_base(*each.kept));
        appends.push_back({each.change.get(), each.kept->parts.back().origin});
    }
    if (appends.empty()) return {};
    return store_.append(appends, now_());
}

/// Publishes what is durable and tells consumers.
void ZoneKeeper::serve(std::span<const Sealed> sealed, std::vector<Ended>& ended) {
    std::vector<ZonePtr> published;
    std::vector<FeedEvent> events;
    for (const Sealed& each : sealed) {
        Kept& kept = *each.kept;
        kept.serving = kept.working = each.zone;
        if (!each.is_nothing) {
            // What nobody can see has no place in a history of what others are told.
            if (each.change->from_serial != each.change->to_serial) kept.history.add(each.change);
            published.push_back(each.zone);
            events.push_back({each.change, each.zone, kept.parts.back().origin, now_()});
            after_change(kept, *each.change);
        }
        ended.push_back(end(kept, {Outcome::Kind::done, each.zone->serial(), {}}));
    }
    if (!published.empty()) publish_(published);
    for (const FeedEvent& event : events) {
        for (const Consumer& consumer : consumers_) consumer(event);
    }
}

}  // namespace kith::server
