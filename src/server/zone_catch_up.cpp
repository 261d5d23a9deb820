// How ZoneKeeper learns what became of a transaction that failed when its files had gone: they may have
// gone after it was written, and come back with it.

#include "base/log.hpp"
#include "server/change_fit.hpp"
#include "server/reconcile.hpp"
#include "server/zone_keeper_parts.hpp"

namespace kith::server {
namespace {

/// Changes that the journal has and the version with this serial has not. What keeps the serial (sources
/// and leases) may be among them although it has it: done again, it changes nothing.
Result<std::vector<store::JournalEntry>, Failure> changes_after(const store::Store& store,
                                                                const store::KeptZone& known,
                                                                std::uint32_t serial) {
    std::vector<store::JournalEntry> out;
    KITH_TRY_VOID(store.read_changes(known.apex, 0, [&](store::JournalEntry&& entry) {
        const bool leads_here =
            entry.change.to_serial == serial && entry.change.from_serial != serial;
        out.push_back(std::move(entry));
        if (leads_here) out.clear();
        return true;
    }));
    return out;
}

}  // namespace

/// Before anything is written again: takes up what is durable although it was said to have failed.
void ZoneKeeper::catch_up(std::vector<Ended>& ended) {
    if (!is_uncertain_ || !store_.begin_batch()) return;  // not back yet
    is_uncertain_ = false;
    std::vector<FeedEvent> events;
    for (const auto& [key, kept] : zones_) {
        auto ahead = catch_up(*kept);
        if (!ahead) {
            log::write(
                log::Level::error, "journal.ahead", log::kv("zone", kept->apex.to_text()),
                log::kv("why", ahead.error().text),
                log::kv("effect", std::string_view("changes are refused; restart the server")));
            continue;
        }
        if (!*ahead) continue;
        log::write(log::Level::warning, "journal.ahead", log::kv("zone", kept->apex.to_text()),
                   log::kv("serial", kept->serving->serial()),
                   log::kv("effect", std::string_view("a change that was said to have failed had "
                                                      "been kept, and is served")));
        events.push_back(std::move(**ahead));
        if (kept->is_given) {
            ended.push_back(end(*kept, {Outcome::Kind::not_kept, 0, "another version came first"}));
        } else {
            restage(*kept, std::exchange(kept->parts, {}), ended);
        }
    }
    for (const FeedEvent& event : events) {
        publish_(std::span(&event.zone, 1));
        for (const Consumer& consumer : consumers_) consumer(event);
    }
}

/// What has happened to the zone; nothing, when the store has what serves.
Result<std::optional<FeedEvent>, Failure> ZoneKeeper::catch_up(Kept& kept) {
    using Found = std::optional<FeedEvent>;
    KITH_TRY(const auto known, store_.find(kept.apex));
    if (!known) return Found();
    kept.base = known->base;
    if (kept.serving != nullptr && known->serial == kept.serving->serial()) return Found();
    FeedEvent event{nullptr, nullptr, {}, now_()};
    if (known->base.kind == store::Base::Kind::nothing) {
        KITH_TRY(event.zone, restore_zone(store_, *known, kept.apex, nullptr));
        kept.history = ChangeHistory(kept.settings.history_bytes_max);
    } else {
        if (kept.serving == nullptr) return Found();
        KITH_TRY(const auto entries, changes_after(store_, *known, kept.serving->serial()));
        event.zone = kept.serving;
        for (const store::JournalEntry& entry : entries) {
            auto next = zone::apply_change(event.zone, entry.change, zone::file_bounds);
            if (!next) return std::unexpected(misfit(next.error()));
            event.zone = std::move(*next);
            event.origin = entry.origin;
        }
        if (event.zone->serial() != known->serial)
            return std::unexpected("its journal does not go on from what is served");
        event.change =
            std::make_shared<const ZoneChange>(zone::difference(*kept.serving, *event.zone));
        kept.history.add(event.change);
    }
    kept.serving = kept.working = event.zone;
    return Found(std::move(event));
}

}  // namespace kith::server
