// How ZoneKeeper takes zones over, at start and with each reload: read, prepare, take.

#include "base/log.hpp"
#include "dns/serial.hpp"
#include "server/change_fit.hpp"
#include "server/reconcile.hpp"
#include "server/zone_keeper_parts.hpp"

namespace kith::server {

using store::Append;
using store::Base;
using store::Store;

Result<ZonePtr, std::string> ZoneKeeper::keep(NameView apex, ZonePtr from_file,
                                              KeeperSettings settings) {
    const Signer sign = settings.sign;
    KITH_TRY(const TakeoverPtr takeover, read(apex, std::move(from_file), std::move(settings)));
    KITH_TRY_VOID(prepare(*takeover, sign));
    if (const auto written = write(std::span(&takeover, 1)); !written)
        return std::unexpected(written.error().text);
    if (const std::optional<FeedEvent> event = settle(*takeover)) {
        publish_(std::span(&event->zone, 1));
        for (const Consumer& consumer : consumers_) consumer(*event);
    }
    return serving(apex);
}

// --- read ------------------------------------------------------------------------------------------

Result<ZoneKeeper::TakeoverPtr, Failure> ZoneKeeper::read(NameView apex, ZonePtr from_file,
                                                          KeeperSettings settings) {
    auto out = std::make_shared<Takeover>();
    out->apex = apex;
    out->settings = std::move(settings);
    out->from_file = std::move(from_file);
    out->kept = find(apex);
    if (out->kept != nullptr) {
        commit();
        std::vector<Ended> ended;  // nothing is staged now
        catch_up(ended);
        out->zone = out->kept->serving;
        KITH_TRY_VOID(read_edit(*out));
        return out;
    }
    KITH_TRY(out->known, store_.find(apex));
    KITH_TRY_VOID(out->known ? read_known(*out) : read_first(*out));
    return out;
}

/// The file of a zone that serves was read again.
Result<void, Failure> ZoneKeeper::read_edit(Takeover& takeover) const {
    const Kept& kept = *takeover.kept;
    if (takeover.from_file == nullptr) return {};
    const Base& base = takeover.base();
    if (kept.base ? *kept.base == base
                  : kept.serving != nullptr && file_base(*kept.serving) == base)
        return {};
    KITH_TRY(takeover.known, store_.find(kept.apex));
    takeover.zone = takeover.from_file;
    if (takeover.known && takeover.known->base.kind == Base::Kind::file) {
        KITH_TRY(takeover.zone, merge_edit(store_, *takeover.known, takeover.from_file));
    }
    takeover.is_step = true;
    takeover.last = kept.serving == nullptr ? takeover.zone->serial() - 1 : kept.serving->serial();
    return {};
}

/// A zone that the store knows, at start.
Result<void, Failure> ZoneKeeper::read_known(Takeover& takeover) const {
    const store::KeptZone& known = *takeover.known;
    const ZonePtr& from_file = takeover.from_file;
    if (from_file == nullptr && known.base.kind == Base::Kind::file) {
        // It had a file and is a secondary now: what its primary has counts.
        takeover.is_forgotten = true;
        return {};
    }
    const bool is_unchanged = from_file == nullptr || (known.base.kind == Base::Kind::file &&
                                                       known.base.digest == takeover.base().digest);
    if (is_unchanged) {
        KITH_TRY(takeover.zone, restore_zone(store_, known, takeover.apex, from_file));
        return {};
    }
    // Edited while nobody looked, so that the version before cannot be told: what follows starts a
    // new history. A zone that was a secondary's until now is what the file says.
    takeover.zone = from_file;
    if (known.base.kind == Base::Kind::file) {
        KITH_TRY(takeover.zone, merge_edit(store_, known, from_file));
    }
    takeover.is_step = true;
    takeover.last = known.serial;
    return {};
}

/// A zone that the store has never seen.
Result<void, Failure> ZoneKeeper::read_first(Takeover& takeover) const {
    takeover.zone = takeover.from_file;
    if (takeover.from_file == nullptr) return {};
    takeover.last = takeover.from_file->serial();
    auto& first = takeover.settings.first;
    if (!first) return {};
    first->apex = takeover.apex;
    fit_serials(*first, *takeover.from_file);
    auto next = zone::apply_change(takeover.from_file, *first, zone::file_bounds);
    if (!next) return std::unexpected(misfit(next.error()));
    takeover.zone = std::move(*next);
    takeover.is_step = true;
    return {};
}

// --- prepare ---------------------------------------------------------------------------------------

Result<void, std::string> ZoneKeeper::prepare(Takeover& takeover, Signer sign) const {
    takeover.settings.sign = std::move(sign);
    const Signer& signer = takeover.settings.sign;
    const bool is_first = takeover.kept == nullptr && !takeover.known;
    // Signatures are kept from the first one on: a secondary must not see others under one serial.
    if (is_first && takeover.zone != nullptr && signer) takeover.is_step = true;
    if (!takeover.is_step) return {};
    const std::uint32_t given = takeover.zone->serial();
    const std::uint32_t serial =
        dns::is_newer(given, takeover.last)
            ? given
            : zone::next_serial(takeover.settings.serial, takeover.last, now_());
    auto stepped = zone::apply_change(takeover.zone, {takeover.apex, given, serial, {}, {}},
                                      zone::file_bounds);
    if (!stepped) return std::unexpected(misfit(stepped.error()));
    const ZonePtr before = takeover.before();
    const bool knows_signed = before != nullptr && takeover.kept != nullptr;
    if (knows_signed) {
        const ZoneChange edit = zone::difference(*before, **stepped);
        KITH_TRY(takeover.zone, with_signatures(signer, *stepped, &edit, {}));
    } else {
        KITH_TRY(takeover.zone, with_signatures(signer, *stepped, nullptr, {}));
    }
    if (before != nullptr)
        takeover.change =
            std::make_shared<const ZoneChange>(zone::difference(*before, *takeover.zone));
    takeover.net = zone::difference(*takeover.from_file, *takeover.zone);
    return {};
}

// --- take ------------------------------------------------------------------------------------------

store::Stored<void> ZoneKeeper::take(std::span<const TakeoverPtr> all) {
    KITH_TRY_VOID(write(all));
    for (const TakeoverPtr& each : all) {
        if (std::optional<FeedEvent> event = settle(*each)) untold_.push_back(std::move(*event));
    }
    return {};
}

store::Stored<void> ZoneKeeper::write(std::span<const TakeoverPtr> all) {
    const bool writes = std::ranges::any_of(
        all, [](const TakeoverPtr& each) { return each->is_step || each->is_forgotten; });
    if (!writes) return {};
    const auto written = [&]() -> store::Stored<void> {
        const UnixTime now = now_();
        KITH_TRY(store::Store::Batch batch, store_.begin_batch());
        for (const TakeoverPtr& each : all) {
            KITH_TRY_VOID(write(*each, now));
        }
        return batch.commit();
    }();
    if (written) {
        note_success();
    } else {
        note_failure(written.error(), {});
    }
    return written;
}

store::Stored<void> ZoneKeeper::write(const Takeover& takeover, UnixTime now) {
    if (takeover.is_forgotten) return store_.forget(takeover.apex);
    if (!takeover.is_step) return {};
    const Origin origin = takeover.kept == nullptr
                              ? Origin{Origin::Kind::operator_, takeover.settings.first_from}
                              : Origin{Origin::Kind::file, {}};
    std::vector<Append> appends;
    if (takeover.change) appends.push_back({takeover.change.get(), origin});
    const bool has_base = takeover.known.has_value();
    if (takeover.change && !has_base) {
        // History needs something to start from.
        const Zone& before = *takeover.before();
        const ZoneChange nothing{takeover.apex, before.serial(), before.serial(), {}, {}};
        KITH_TRY_VOID(store_.set_base(takeover.apex, file_base(before), nothing, before.serial(),
                                      Store::History::forget, {}, now));
    }
    return store_.set_base(takeover.apex, takeover.base(), takeover.net, takeover.zone->serial(),
                           takeover.change ? Store::History::keep : Store::History::forget, appends,
                           now);
}

/// It is durable, as far as it must be: from now on it serves. What consumers are to be told, if anything.
std::optional<FeedEvent> ZoneKeeper::settle(Takeover& takeover) {
    const bool is_new = takeover.kept == nullptr;
    if (is_new) {
        auto fresh = std::make_unique<Kept>();
        fresh->apex = takeover.apex;
        fresh->history = ChangeHistory(takeover.settings.history_bytes_max);
        takeover.kept = fresh.get();
        zones_[key_of(takeover.apex)] = std::move(fresh);
    }
    Kept& kept = *takeover.kept;
    kept.settings = std::move(takeover.settings);
    if (is_new && takeover.is_step && kept.settings.first) {
        log::write(log::Level::info, "journal.imported", log::kv("zone", kept.apex.to_text()),
                   log::kv("file", kept.settings.first_from),
                   log::kv("added", kept.settings.first->added.size()),
                   log::kv("removed", kept.settings.first->removed.size()));
    }
    kept.settings.first.reset();
    kept.serving = kept.working = takeover.zone;
    if (takeover.is_step) kept.base = takeover.base();
    if (is_new && takeover.known && !takeover.is_step && !takeover.is_forgotten) {
        kept.base = takeover.known->base;
        kept.change_bytes = takeover.known->change_bytes;
        load_history(kept);
    }
    if (takeover.is_step) {
        ++counters_.changes;
        ++counters_.commits;
        if (takeover.change) {
            kept.history.add(takeover.change);
            after_change(kept, *takeover.change);
        }
    }
    if (is_new && takeover.is_step && takeover.known) {
        log::write(
            log::Level::info, "zone.reconciled", log::kv("zone", kept.apex.to_text()),
            log::kv("serial", kept.serving->serial()),
            log::kv("why", std::string_view("its file was edited while the server was stopped")));
    }
    // So that an edit of the file is noticed as one. Without a disk the zone is served all the same.
    if (is_new && kept.serving != nullptr && !kept.base) {
        if (const auto stored = write_base(kept); !stored) note_failure(stored.error(), kept.apex);
    }
    if (is_new || !takeover.is_step) return std::nullopt;
    return FeedEvent{takeover.change, takeover.zone, {Origin::Kind::file, {}}, now_()};
}

void ZoneKeeper::announce() {
    for (const FeedEvent& event : std::exchange(untold_, {})) {
        for (const Consumer& consumer : consumers_) consumer(event);
    }
}

void ZoneKeeper::load_history(Kept& kept) {
    auto changes = store_.newest_changes(kept.apex, kept.settings.history_bytes_max);
    if (!changes) return;
    for (store::JournalEntry& entry : *changes) {
        if (entry.change.from_serial == entry.change.to_serial) continue;
        kept.history.add(std::make_shared<const ZoneChange>(std::move(entry.change)));
    }
}

}  // namespace kith::server
