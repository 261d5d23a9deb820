// How RecordZones takes over what a configuration says, at start and with each reload.

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "server/hickory_import.hpp"
#include "server/kept_keys.hpp"
#include "server/key_ring.hpp"
#include "server/record_checks.hpp"
#include "server/record_zones_parts.hpp"

namespace kith::server {
namespace {

using dns::Name;
using zone::ZonePtr;

namespace fs = std::filesystem;

SerialPolicy policy_of(const config::Zone& zone) {
    switch (zone.serial.value_or(config::SerialRule::increment)) {
        case config::SerialRule::increment: return SerialPolicy::increment;
        case config::SerialRule::unixtime: return SerialPolicy::unixtime;
        case config::SerialRule::dateserial: return SerialPolicy::dateserial;
    }
    return SerialPolicy::increment;
}

}  // namespace

void RecordZones::complete(LoadedSnapshot& loaded) {
    if (loaded.snapshot == nullptr) return;
    const auto ring = make_key_ring(loaded.config, loaded.files, loaded.problems);
    std::vector<Planned> planned;
    for (PlannedZone& each : plan_record_zones(loaded, *ring))
        planned.push_back({std::move(each), false, nullptr, std::nullopt});
    bool good = !has_errors(loaded.problems);
    if (good && !planned.empty()) {
        check_state_folder(loaded);
        good = open(loaded);
    }
    if (good) good = check_ends(loaded);
    // All is read and checked before anything is taken, and no key is made before all was read.
    if (good && parts_ != nullptr)
        good = read(loaded, planned) && prepare(loaded, planned) && take(loaded, planned);
    if (!good) {
        loaded.snapshot = nullptr;
        return;
    }
    Snapshot& snapshot = *loaded.snapshot;
    if (!ring->empty() || !planned.empty()) snapshot.keys = ring;
    if (parts_ != nullptr) put_zones(snapshot, planned, ring);
    set_availability(snapshot);
}

/// What a zone's settings say to its keeper.
Result<KeeperSettings, Failure> RecordZones::keeper_settings(const LoadedSnapshot& loaded,
                                                             const Planned& planned) const {
    const config::Zone& zone = *planned.settings;
    KeeperSettings settings;
    settings.serial = policy_of(zone);
    if (zone.is_secondary()) settings.bounds = zone::file_bounds;  // what its primary says
    settings.journal_bytes_max = zone.journal_size.bytes;
    if (zone.write_file) {
        settings.write_file =
            (fs::path(loaded.config.file).parent_path() / zone.file.text).string();
        const auto state = loaded.files.find(settings.write_file);
        if (state != loaded.files.end()) settings.file_state = state->second;
    }
    if (!planned.is_new || zone.import_journal.text.empty() || planned.from_file == nullptr)
        return settings;
    KITH_TRY(const auto known, parts_->store.find(planned.apex));
    if (known) return settings;
    // New here, and trust-dns served it before: it begins as it was there.
    KITH_TRY(ZoneChange change, hickory_import(*planned.from_file, zone.import_journal.text));
    if (change.removed.empty() && change.added.empty()) return settings;
    settings.first = std::move(change);
    settings.first_from = zone.import_journal.text;
    return settings;
}

/// No zone that validators expect to be signed with keys that are kept here is served without: one
/// that is left from a reload, nor one that was signed when the server ran last.
bool RecordZones::check_ends(LoadedSnapshot& loaded) {
    std::optional<store::Store> kept;  // of an earlier configuration, when this one keeps nothing
    std::set<Name> signed_before;
    if (parts_ == nullptr) {
        const std::string folder = state_folder(loaded.config);
        std::error_code ignored;
        if (!fs::exists(fs::path(folder) / "kith.db", ignored)) return true;
        const auto with_state = [&]() -> Result<std::set<Name>, Failure> {
            KITH_TRY(kept, store::Store::open(folder, store::Access::read));
            return zones_with_key_state(*kept);
        }();
        if (!with_state) {
            loaded.problems.push_back(loaded.config.problem(
                loaded.config.server.place_of("state_directory"),
                fmt::format("state_directory: {}; whether a zone was signed here is not known",
                            with_state.error().text),
                Severity::warning));
            return true;
        }
        signed_before = *with_state;
    }
    for (const LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (settings.dnssec || (kept && !signed_before.contains(each.apex))) continue;
        const auto good =
            kept ? check_signing_end(*kept, each.apex) : parts_->signing.check_end(each.apex);
        if (!good) complain(loaded, settings, each.apex, good.error());
    }
    return !has_errors(loaded.problems);
}

/// Reads what is kept of the zones and puts it together with their files; nothing changes.
bool RecordZones::read(LoadedSnapshot& loaded, std::vector<Planned>& planned) {
    for (Planned& each : planned) {
        each.is_new = !parts_->keeper.keeps(each.apex);
        const auto takeover = [&]() -> Result<ZoneKeeper::TakeoverPtr, Failure> {
            KITH_TRY(KeeperSettings settings, keeper_settings(loaded, each));
            return parts_->keeper.read(each.apex, each.from_file, std::move(settings));
        }();
        if (takeover) {
            each.takeover = *takeover;
        } else {
            complain(loaded, *each.settings, each.apex, takeover.error());
        }
    }
    return !has_errors(loaded.problems);
}

/// Finds or makes the keys of signed zones, and signs what is new in them.
bool RecordZones::prepare(LoadedSnapshot& loaded, std::vector<Planned>& planned) {
    const std::string folder = fs::path(loaded.config.file).parent_path().string();
    for (Planned& each : planned) {
        Signer sign;
        if (each.settings->dnssec) {
            auto made = parts_->signing.prepare(each.apex, *each.settings->dnssec, folder);
            if (!made) {
                complain(loaded, *each.settings, each.apex, made.error());
                continue;
            }
            sign = made->sign;
            each.signing = std::move(*made);
        }
        const auto prepared = parts_->keeper.prepare(*each.takeover, std::move(sign));
        if (!prepared) complain(loaded, *each.settings, each.apex, prepared.error());
    }
    return !has_errors(loaded.problems);
}

/// Has all that is prepared take effect, or nothing of it.
bool RecordZones::take(LoadedSnapshot& loaded, std::vector<Planned>& planned) {
    std::vector<ZoneKeeper::TakeoverPtr> takeovers;
    for (const Planned& each : planned) takeovers.push_back(each.takeover);
    if (const auto taken = parts_->keeper.take(takeovers); !taken) {
        complain_of_state(loaded, taken.error());
        return false;
    }
    release_others(planned);
    came_.clear();
    for (Planned& each : planned) {
        zones_[each.apex] = {each.transfer, each.updates, nullptr};
        if (each.signing) {
            parts_->signing.take(each.apex, std::move(*each.signing));
        } else {
            parts_->signing.release(each.apex, ZoneSigning::Release::ends);
        }
        if (each.is_new) came_.push_back(each.apex);
    }
    return true;
}

/// Puts what the zones have become into the snapshot, and tells who looks after them.
void RecordZones::put_zones(Snapshot& snapshot, const std::vector<Planned>& planned,
                            const std::shared_ptr<const auth::KeyRing>& ring) {
    parts_->notify.set_keys(ring);
    std::vector<TransferZone> transfers;
    for (const Planned& each : planned) {
        if (const ZonePtr zone = parts_->keeper.serving(each.apex);
            zone != nullptr && !snapshot.answer.zones.replace(zone)) {
            std::vector<ZonePtr> all = snapshot.answer.zones.zones();
            all.push_back(zone);
            snapshot.answer.zones = zone::ZoneSet(std::move(all));
        }
        if (each.transfer->is_secondary()) parts_->secondaries.keep(each.apex, each.transfer, ring);
        zones_[each.apex].expires_at = parts_->secondaries.expires_at(each.apex);
        transfers.push_back(transfer_zone(each.apex, zones_[each.apex]));
        std::vector<Endpoint> primaries;
        for (const ServerAndKey& primary : each.transfer->primaries)
            primaries.push_back(primary.endpoint);
        parts_->desk.set_rules(each.apex, each.updates, std::move(primaries));
    }
    snapshot.transfers = TransferZones(std::move(transfers));
    set_catalogs(planned, ring);
    add_members(snapshot);
}

void RecordZones::release_others(const std::vector<Planned>& planned) {
    for (const Name& apex : parts_->keeper.zones()) {
        if (std::ranges::any_of(planned,
                                [&apex](const Planned& each) { return each.apex == apex; }))
            continue;
        if (parts_->catalogs->catalog_of(apex) != nullptr) continue;
        parts_->secondaries.release(apex, SecondaryZones::State::stays);
        parts_->notify.forget(apex);
        parts_->desk.release(apex);
        parts_->signing.release(apex);
        parts_->keeper.release(apex);
        zones_.erase(apex);
    }
}

}  // namespace kith::server
