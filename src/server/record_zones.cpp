#include "server/record_zones.hpp"

#include <cstdlib>
#include <filesystem>

#include "base/log.hpp"
#include "server/key_commands.hpp"
#include "server/key_ring.hpp"
#include "server/limits.hpp"
#include "server/record_checks.hpp"
#include "server/record_zones_parts.hpp"
#include "server/short_turns.hpp"

namespace kith::server {

using dns::Name;
using zone::ZonePtr;

namespace fs = std::filesystem;

std::string state_folder(const config::Config& config) {
    const fs::path beside = fs::path(config.file).parent_path();
    if (!config.server.state_directory.empty())
        return (beside / config.server.state_directory).string();
    if (const char* const given = std::getenv("STATE_DIRECTORY");
        given != nullptr && *given != '\0') {
        const std::string_view folders(given);
        return std::string(folders.substr(0, folders.find(':')));
    }
    return (beside / "kith-state").string();
}

RecordZones::RecordZones(net::Loop& loop, Rng& rng, Hooks hooks)
    : loop_(loop),
      rng_(rng),
      hooks_(std::move(hooks)),
      notifies_(notifies_queued_max, notifies_queued_max) {}

RecordZones::~RecordZones() { desk_ = nullptr; }

const ZoneKeeper* RecordZones::keeper() const {
    return parts_ == nullptr ? nullptr : &parts_->keeper;
}
const UpdateDesk* RecordZones::desk() const { return desk_; }

ControlPort RecordZones::port(std::size_t worker) {
    ControlPort port;
    port.give_back = [this](ZonePtr zone) {
        loop_.post([kept = std::move(zone)]() mutable {
            const ShortTurns short_turns;  // it may be the last to have it
            kept = nullptr;
        });
    };
    port.on_notify = [this](HeardNotify heard) {
        if (notifies_.put(std::move(heard), 1) == BoundedQueue<HeardNotify>::Put::first)
            loop_.post([this] { on_notifies(); });
    };
    port.on_update = [this, worker](UpdateRequest&& request, std::size_t cost) {
        UpdateDesk* const desk = desk_;
        request.worker = worker;
        return desk != nullptr && desk->post(std::move(request), cost);
    };
    return port;
}

void RecordZones::on_notifies() {
    for (const HeardNotify& heard : notifies_.take()) {
        if (parts_ != nullptr) parts_->secondaries.on_notify(heard);
    }
}

void RecordZones::check(LoadedSnapshot& loaded) {
    if (loaded.snapshot == nullptr) return;
    const auto ring = make_key_ring(loaded.config, loaded.files, loaded.problems);
    const std::vector<PlannedZone> planned = plan_record_zones(loaded, *ring);
    const UnixTime now = net::unix_now();
    for (const PlannedZone& each : planned) check_signing(*each.settings, each.apex, now, loaded);
    if (!planned.empty()) check_state_folder(loaded);
    if (has_errors(loaded.problems)) loaded.snapshot = nullptr;
}

bool RecordZones::open(LoadedSnapshot& loaded) {
    if (parts_ != nullptr) return true;
    auto store = store::Store::open(state_folder(loaded.config), store::Access::own);
    if (!store) {
        complain_of_state(loaded, store.error());
        return false;
    }
    SecondaryZones::Hooks secondary;
    secondary.health_changed = [this](const Name& zone, transfer::ZoneHealth) { on_health(zone); };
    secondary.now = net::unix_now;
    NotifySender::Hooks notify;
    notify.policy = [this](dns::NameView zone) {
        const auto found = zones_.find(Name(zone));
        return found == zones_.end() ? nullptr : found->second.transfer;
    };
    notify.addresses = [this](dns::NameView server) { return addresses_of(server); };
    notify.is_own = hooks_.is_own;
    notify.now = net::unix_now;
    parts_ = std::make_unique<Parts>(
        loop_, rng_, std::move(*store), [this](std::span<const ZonePtr> zones) { publish(zones); },
        hooks_.deliver, std::move(secondary), std::move(notify));
    CatalogZones::Hooks catalog;
    catalog.is_configured = [this](const Name& zone) { return configured_.contains(zone); };
    catalog.add = [this](const Name& zone, const Name& of) { add_member(zone, of); };
    catalog.remove = [this](const Name& zone) { remove_member(zone); };
    parts_->catalogs.emplace(loop_, parts_->keeper, parts_->store, std::move(catalog));
    parts_->keeper.subscribe([this](const FeedEvent& event) {
        const bool is_seen =
            event.change == nullptr || event.change->from_serial != event.change->to_serial;
        if (is_seen) parts_->notify.on_version(*event.zone);
        parts_->catalogs->on_version(event.zone->apex());
    });
    auto control = ControlSocket::open(
        loop_, state_folder(loaded.config),
        [this](std::string_view request) { return run_key_command(parts_->signing, request); });
    if (control) {
        parts_->control = std::move(*control);
    } else {
        log::write(log::Level::warning, "control.not_open", log::kv("why", control.error()));
    }
    desk_ = &parts_->desk;
    return true;
}

void RecordZones::announce() {
    if (parts_ == nullptr) return;
    parts_->store.serve_from_now();
    parts_->keeper.announce();
    for (const Name& apex : std::exchange(came_, {})) {
        // What changed while this server was stopped is news too.
        if (const ZonePtr zone = parts_->keeper.serving(apex)) parts_->notify.on_version(*zone);
    }
    for (const Name& apex : configured_) parts_->signing.watch(apex);
}

// --- catalogs --------------------------------------------------------------------------------------

void RecordZones::set_catalogs(const std::vector<Planned>& planned,
                               const std::shared_ptr<const auth::KeyRing>& ring) {
    ring_ = ring;
    configured_.clear();
    std::vector<Name> catalogs;
    for (const Planned& each : planned) {
        configured_.insert(each.apex);
        const auto& texts = each.settings->transfer;
        if (texts && texts->catalog && each.settings->is_secondary()) catalogs.push_back(each.apex);
    }
    parts_->catalogs->set_catalogs(catalogs);
    // Members take what their catalog's settings say now.
    for (const Name& member : parts_->catalogs->members()) {
        const auto catalog = zones_.find(*parts_->catalogs->catalog_of(member));
        if (catalog == zones_.end()) continue;
        zones_[member].transfer = catalog->second.transfer;
        parts_->secondaries.keep(member, catalog->second.transfer, ring_);
        zones_[member].expires_at = parts_->secondaries.expires_at(member);
    }
}

/// A member is a secondary's zone with the settings of its catalog.
void RecordZones::add_member(const Name& apex, const Name& catalog) {
    const auto found = zones_.find(catalog);
    if (found == zones_.end()) return;
    KeeperSettings settings;
    settings.bounds = zone::file_bounds;
    if (const auto kept = parts_->keeper.keep(apex, nullptr, std::move(settings)); !kept) {
        log::write(log::Level::error, "catalog.member_not_kept", log::kv("zone", apex.to_text()),
                   log::kv("text", kept.error()));
        return;
    }
    const TransferPolicyPtr policy = found->second.transfer;
    parts_->secondaries.keep(apex, policy, ring_);
    zones_[apex] = {policy, nullptr, parts_->secondaries.expires_at(apex)};
    const SnapshotPtr current = hooks_.current();
    if (current == nullptr) return;  // at start: complete() puts it in
    auto next = std::make_shared<Snapshot>(*current);
    if (const ZonePtr zone = parts_->keeper.serving(apex);
        zone != nullptr && !next->answer.zones.replace(zone)) {
        std::vector<ZonePtr> all = next->answer.zones.zones();
        all.push_back(zone);
        next->answer.zones = zone::ZoneSet(std::move(all));
    }
    next->transfers.put(transfer_zone(apex, zones_.at(apex)));
    set_availability(*next);
    hooks_.publish(std::move(next));
}

void RecordZones::remove_member(const Name& apex) {
    parts_->secondaries.release(apex, SecondaryZones::State::goes);
    parts_->notify.forget(apex);
    parts_->keeper.release(apex);
    if (const auto forgotten = parts_->store.forget(apex); !forgotten) {
        log::write(log::Level::warning, "catalog.member_not_forgotten",
                   log::kv("zone", apex.to_text()), log::kv("text", forgotten.error().text));
    }
    zones_.erase(apex);
    const SnapshotPtr current = hooks_.current();
    if (current == nullptr) return;
    auto next = std::make_shared<Snapshot>(*current);
    std::vector<ZonePtr> left = next->answer.zones.zones();
    std::erase_if(left, [&apex](const ZonePtr& zone) { return zone->apex() == apex.view(); });
    next->answer.zones = zone::ZoneSet(std::move(left));
    next->transfers.erase(apex);
    set_availability(*next);
    hooks_.publish(std::move(next));
}

/// What a reload built knows nothing of members: they are put in as they are.
void RecordZones::add_members(Snapshot& snapshot) const {
    std::vector<ZonePtr> all = snapshot.answer.zones.zones();
    for (const Name& apex : parts_->catalogs->members()) {
        const auto found = zones_.find(apex);
        if (found == zones_.end()) continue;
        if (const ZonePtr zone = parts_->keeper.serving(apex)) all.push_back(zone);
        snapshot.transfers.put(transfer_zone(apex, found->second));
    }
    snapshot.answer.zones = zone::ZoneSet(std::move(all));
}

TransferZone RecordZones::transfer_zone(const Name& apex, const Zone& zone) const {
    return {apex,
            parts_->keeper.serving(apex),
            parts_->keeper.history(apex),
            zone.transfer,
            zone.expires_at,
            zone.updates};
}

/// Names of zones that have not come, or that are too old to be told, are answered SERVFAIL; of the
/// others it is known when they will be.
void RecordZones::set_availability(Snapshot& snapshot) const {
    auto unavailable = std::make_shared<answer::NameTable<char>>();
    auto expires = std::make_shared<answer::NameTable<ExpiresAt>>();
    for (const auto& [apex, zone] : zones_) {
        if (!zone.transfer->is_secondary()) continue;
        if (zone.expires_at != nullptr) (*expires)[apex] = zone.expires_at;
        if (parts_->secondaries.health(apex) == transfer::ZoneHealth::good &&
            parts_->keeper.serving(apex) != nullptr)
            continue;
        (*unavailable)[apex] = 1;
    }
    snapshot.answer.unavailable = unavailable->empty() ? nullptr : std::move(unavailable);
    snapshot.answer.expires = expires->empty() ? nullptr : std::move(expires);
}

void RecordZones::publish(std::span<const ZonePtr> zones) {
    const SnapshotPtr current = hooks_.current();
    if (current == nullptr) return;  // at start: complete() puts them in
    auto next = std::make_shared<Snapshot>(*current);
    bool availability_changes = false;
    for (const ZonePtr& zone : zones) {
        const Name apex = zone->apex();
        if (!next->answer.zones.replace(zone)) {
            std::vector<ZonePtr> all = next->answer.zones.zones();
            all.push_back(zone);
            next->answer.zones = zone::ZoneSet(std::move(all));
        }
        const auto found = zones_.find(apex);
        if (found == zones_.end()) continue;
        availability_changes = availability_changes || found->second.transfer->is_secondary();
        next->transfers.put(transfer_zone(apex, found->second));
    }
    if (availability_changes) set_availability(*next);
    hooks_.publish(std::move(next));
}

void RecordZones::on_health(const Name& apex) {
    const SnapshotPtr current = hooks_.current();
    if (current == nullptr) return;
    auto next = std::make_shared<Snapshot>(*current);
    set_availability(*next);
    if (const auto found = zones_.find(apex); found != zones_.end())
        next->transfers.put(transfer_zone(apex, found->second));
    hooks_.publish(std::move(next));
}

std::vector<IpAddress> RecordZones::addresses_of(dns::NameView server) const {
    std::vector<IpAddress> out;
    const SnapshotPtr current = hooks_.current();
    if (current == nullptr) return out;
    const dns::LookupName name(server);
    const zone::Zone* const zone = current->answer.zones.find(name);
    const zone::NodeView node = zone == nullptr ? zone::NodeView() : zone->find_node(name);
    if (!node) return out;
    for (const dns::RrType type : {dns::RrType::A, dns::RrType::AAAA}) {
        const zone::RrSetView rrset = node.find(type);
        if (!rrset) continue;
        for (const Bytes rdata : rrset) {
            if (const auto address = IpAddress::from_bytes(rdata)) out.push_back(*address);
        }
    }
    return out;
}

}  // namespace kith::server
