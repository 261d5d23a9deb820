#include "server/zone_keeper.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "dns/serial.hpp"
#include "server/change_fit.hpp"
#include "server/limits.hpp"
#include "server/zone_file_writer.hpp"
#include "server/zone_keeper_parts.hpp"
#include "server/zone_upkeep.hpp"
#include "zone/difference_at.hpp"

namespace kith::server {
namespace {

using store::Append;
using store::Base;
using store::KeptZone;
using store::Store;
using zone::Record;
using zone::RrType;

// Between two steps of compaction, so that commits come in between.
constexpr Duration compact_interval = 20ms;
// Files are written back this long after a change: many changes are one writing.
constexpr Duration write_wait = 5s;
// And after this when it did not work.
constexpr Duration write_retry = 60s;

void add_owners(const ZoneChange& change, std::vector<Name>& owners) {
    for (const Record& record : change.removed) owners.push_back(record.owner);
    for (const Record& record : change.added) owners.push_back(record.owner);
}

void make_set(std::vector<Name>& owners) {
    std::ranges::sort(owners);
    const auto rest = std::ranges::unique(owners);
    owners.erase(rest.begin(), rest.end());
}

/// About what a change takes in the journal.
std::uint64_t journal_bytes(const ZoneChange& change) {
    std::uint64_t bytes = 64;
    for (const auto* records : {&change.removed, &change.added}) {
        for (const Record& record : *records)
            bytes += record.owner.size() + record.rdata.size() + 16;
    }
    return bytes;
}

/// What a file of the zone cannot say: sources and leases of records.
ZoneChange beyond_file(const Zone& zone) {
    ZoneChange out{zone.apex(), zone.serial(), zone.serial(), {}, {}};
    for (zone::Cursor at = zone.first(); at; at.next()) {
        for (const zone::RrSetView rrset : at.node().rrsets()) {
            if (!rrset.has_provenance()) continue;
            for (int i = 0; i < rrset.count(); ++i) {
                const Bytes rdata = rrset.rdata(i);
                Record record{at.node().owner(zone.apex()),
                              rrset.type(),
                              rrset.record_ttl(rdata),
                              {rdata.begin(), rdata.end()},
                              {}};
                if (rrset.provenance(i) == record.provenance) continue;
                out.removed.push_back(record);
                record.provenance = rrset.provenance(i);
                out.added.push_back(std::move(record));
            }
        }
    }
    return out;
}

/// Faults that pass by themselves, or when somebody makes room.
bool is_locked(const store::StoreError& error) { return error.fault == store::StoreFault::locked; }

}  // namespace

/// A version ready to be kept.
struct ZoneKeeper::Sealed {
    Kept* kept = nullptr;
    ZonePtr zone;
    std::shared_ptr<const ZoneChange> change;
    bool is_nothing = false;  // what was staged changes nothing
    bool sets_base = false;   // nothing was stored of the zone before
};

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

Result<ZonePtr, std::string> ZoneKeeper::with_signatures(const Signer& sign, const ZonePtr& zone,
                                                         const ZoneChange* change,
                                                         std::span<const Name> due) {
    KITH_TRY(ZoneChange extra, upkeep_with(sign)(*zone, change, due));
    if (extra.removed.empty() && extra.added.empty()) return zone;
    extra.apex = zone->apex();
    extra.from_serial = extra.to_serial = zone->serial();
    auto signed_zone = zone::apply_change(zone, extra, zone::file_bounds);
    if (!signed_zone) return std::unexpected(misfit(signed_zone.error()));
    return std::move(*signed_zone);
}

/// Gives what is staged its serial and signatures.
Result<ZoneKeeper::Sealed, std::string> ZoneKeeper::seal(Kept& kept) const {
    Sealed sealed{&kept, kept.working, nullptr};
    std::vector<Name> owners = {kept.apex};
    std::vector<Name> due;
    bool is_resigned = false;
    for (const Part& part : kept.parts) {
        if (part.change) add_owners(*part.change, owners);
        due.insert(due.end(), part.due.begin(), part.due.end());
        is_resigned = is_resigned || !part.change;
    }
    make_set(owners);
    ZoneChange change = zone::difference_at(*kept.serving, *kept.working, owners);
    const bool unseen = zone::is_provenance_only(change) && !is_resigned;
    if (unseen && change.added.empty()) {
        sealed.zone = kept.serving;
        sealed.is_nothing = true;
        return sealed;
    }
    if (!unseen && !kept.is_given) {
        std::uint32_t serial = kept.working->serial();
        if (!dns::is_newer(serial, kept.serving->serial())) {
            serial = zone::next_serial(kept.settings.serial, kept.serving->serial(), now_());
            const ZoneChange step{kept.apex, kept.working->serial(), serial, {}, {}};
            auto next = zone::apply_change(kept.working, step, kept.settings.bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            sealed.zone = std::move(*next);
            change = zone::difference_at(*kept.serving, *sealed.zone, owners);
        }
        const ZonePtr plain = sealed.zone;
        KITH_TRY(ZoneChange extra, upkeep_with(kept.settings.sign)(*plain, &change, due));
        if (!extra.removed.empty() || !extra.added.empty()) {
            extra.apex = kept.apex;
            extra.from_serial = extra.to_serial = serial;
            auto next = zone::apply_change(plain, extra, zone::file_bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            sealed.zone = std::move(*next);
            add_owners(extra, owners);
            make_set(owners);
            change = zone::difference_at(*kept.serving, *sealed.zone, owners);
        }
    }
    sealed.change = std::make_shared<const ZoneChange>(std::move(change));
    return sealed;
}

/// One part of what is staged cannot be signed, or makes a zone that cannot be: finds which, by
/// signing them one after the other, and stages the rest anew.
void ZoneKeeper::sift(Kept& kept, std::vector<Ended>& ended) {
    std::vector<Part> good;
    ZonePtr trial = kept.serving;
    for (Part& part : std::exchange(kept.parts, {})) {
        const auto signed_trial = [&]() -> Result<ZonePtr, std::string> {
            ZoneChange change = part.change.value_or(ZoneChange{kept.apex, 0, 0, {}, {}});
            fit_serials(change, *trial);
            auto next = zone::apply_change(trial, change, kept.settings.bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            return with_signatures(kept.settings.sign, *next, &change, part.due);
        }();
        if (signed_trial) {
            trial = *signed_trial;
            good.push_back(std::move(part));
            continue;
        }
        refuse(std::move(part), signed_trial.error(), ended);
    }
    trial = nullptr;
    restage(kept, std::move(good),
            ended);  // what fails was about signatures that only the trial had
}

/// Stages these parts once more, on the version that serves; what does not fit it is refused.
void ZoneKeeper::restage(Kept& kept, std::vector<Part> parts, std::vector<Ended>& ended) {
    kept.working = kept.serving;
    for (Part& part : parts) {
        if (part.change) {
            fit_serials(*part.change, *kept.working);
            auto next = zone::apply_change(kept.working, *part.change, kept.settings.bounds);
            if (!next) {
                refuse(std::move(part), misfit(next.error()), ended);
                continue;
            }
            kept.working = std::move(*next);
        }
        kept.parts.push_back(std::move(part));
    }
}

void ZoneKeeper::refuse(Part&& part, std::string text, std::vector<Ended>& ended) {
    ended.push_back({{}, {Outcome::Kind::refused, 0, std::move(text)}});
    ended.back().parts.push_back(std::move(part));
    ++counters_.refused;
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

/// The next version of each zone for which something is staged; what cannot be is ended.
std::vector<ZoneKeeper::Sealed> ZoneKeeper::seal_all(std::vector<Ended>& ended) {
    std::vector<Sealed> sealed;
    for (const auto& [key, kept] : zones_) {
        if (kept->parts.empty()) continue;
        auto one = seal(*kept);
        if (!one) {
            log::write(log::Level::error, "change.refused", log::kv("zone", kept->apex.to_text()),
                       log::kv("text", one.error()));
            kept->working = kept->serving;
            if (kept->parts.size() > 1) {
                sift(*kept, ended);
                if (kept->parts.empty()) continue;
                one = seal(*kept);
            }
        }
        if (one) {
            sealed.push_back(std::move(*one));
            continue;
        }
        kept->working = kept->serving;
        ended.push_back(end(*kept, {Outcome::Kind::refused, 0, one.error()}));
    }
    return sealed;
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

/// What follows from a change that is kept, when there is time for it.
void ZoneKeeper::after_change(Kept& kept, const ZoneChange& change) {
    kept.wants_writing = !kept.settings.write_file.empty();
    if (kept.wants_writing && !write_timer_.armed()) write_timer_.arm(loop_.now() + write_wait);
    // Counted here, as the store would have to read its whole journal to know.
    kept.change_bytes += journal_bytes(change);
    if (kept.change_bytes <= kept.settings.journal_bytes_max) return;
    kept.wants_compaction = true;
    if (!compact_timer_.armed()) compact_timer_.arm(loop_.now() + compact_interval);
}

/// One step for each zone that may need it. What goes wrong is no harm: the journal is longer.
void ZoneKeeper::compact() {
    bool more = false;
    for (const auto& [key, kept] : zones_) {
        if (!kept->wants_compaction || !kept->base) continue;
        const auto step = store_.compact(kept->apex, kept->settings.journal_bytes_max);
        kept->wants_compaction = step && *step;
        more = more || kept->wants_compaction;
        if (const auto known = store_.find(kept->apex); known && *known)
            kept->change_bytes = (*known)->change_bytes;
        if (!step)
            log::write(log::Level::warning, "journal.compaction_failed",
                       log::kv("zone", kept->apex.to_text()), log::kv("text", step.error().text));
    }
    if (more) compact_timer_.arm(loop_.now() + compact_interval);
}

void ZoneKeeper::write_files() {
    bool failed = false;
    for (const auto& [key, kept] : zones_) {
        if (!kept->wants_writing || kept->serving == nullptr) continue;
        kept->wants_writing = !write_back(*kept);
        failed = failed || kept->wants_writing;
    }
    if (failed) write_timer_.arm(loop_.now() + write_retry);
}

/// Makes the file what is served; from then on it is the base of the journal.
bool ZoneKeeper::write_back(Kept& kept) {
    // Somebody is editing it: what they wrote is read first, and then all of it is written.
    if (file_state(kept.settings.write_file) != kept.settings.file_state) return true;
    const auto written = write_zone_file(kept.settings.write_file, *kept.serving);
    if (!written) {
        log::write(log::Level::error, "zone.not_written", log::kv("zone", kept.apex.to_text()),
                   log::kv("text", written.error()));
        return false;
    }
    kept.settings.file_state = file_state(kept.settings.write_file);
    const Base base{Base::Kind::file, *written, kept.serving->serial()};
    const auto stored = store_.set_base(kept.apex, base, beyond_file(*kept.serving),
                                        kept.serving->serial(), Store::History::keep, {}, now_());
    if (stored) {
        kept.base = base;
    } else {
        // The file has all there is: at the next start it counts as an edit that changes nothing.
        note_failure(stored.error(), kept.apex);
    }
    log::write(log::Level::debug, "zone.written", log::kv("zone", kept.apex.to_text()),
               log::kv("serial", kept.serving->serial()));
    return true;
}

}  // namespace kith::server
