#include "server/record_zones.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/log.hpp"
#include "net/system.hpp"
#include "server/control_socket.hpp"
#include "server/hickory_import.hpp"
#include "server/kept_keys.hpp"
#include "server/key_commands.hpp"
#include "server/key_ring.hpp"
#include "server/limits.hpp"
#include "server/record_checks.hpp"
#include "transfer/catalog.hpp"

namespace kith::server {
namespace {

using config::Config;
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

UpdateRulesPtr rules_of(const config::Zone& zone, const Name& apex, const auth::KeyRing& ring,
                        LoadedSnapshot& loaded) {
    if (zone.update.empty()) return nullptr;
    std::vector<update::Grant> grants;
    for (const config::TextAt& line : zone.update) {
        auto grant = update::parse_grant(line.text, apex);
        if (grant) {
            check_grant(*grant, line.at, apex, ring, loaded);
            grants.push_back(std::move(*grant));
        } else {
            loaded.problems.push_back(
                loaded.config.problem(line.at, fmt::format("update: {}", grant.error().text)));
        }
    }
    auto rules = std::make_shared<update::UpdateRules>();
    rules->policy = update::Policy(std::move(grants));
    rules->leases.seconds_max = static_cast<std::uint32_t>(zone.lease_max.count() / 1000);
    rules->timeout_type = dns::RrType{zone.timeout_type};
    rules->is_signed_here = zone.dnssec.has_value();
    rules->takes_zone_keys = zone.dnssec && zone.dnssec->authorizes_updates;
    return rules;
}

/// What goes wrong may pass when all of it does.
void complain(LoadedSnapshot& loaded, config::Offset at, std::string_view where,
              const Failure& failure) {
    loaded.may_pass = failure.may_pass && (loaded.may_pass || !has_errors(loaded.problems));
    loaded.problems.push_back(
        loaded.config.problem(at, fmt::format("{}: {}", where, failure.text)));
}

/// Whatever is wrong with a zone, at its name.
void complain(LoadedSnapshot& loaded, const config::Zone& zone, const Name& apex,
              const Failure& failure) {
    complain(loaded, zone.name.at, fmt::format("zone {}", apex.to_text()), failure);
}

void complain_of_state(LoadedSnapshot& loaded, const Failure& failure) {
    complain(loaded, loaded.config.server.place_of("state_directory"), "state_directory", failure);
}

}  // namespace

std::string state_folder(const Config& config) {
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

struct RecordZones::Parts {
    Parts(net::Loop& loop, Rng& rng, store::Store&& opened, ZoneKeeper::Publish publish,
          UpdateDesk::Deliver deliver, SecondaryZones::Hooks secondary_hooks,
          NotifySender::Hooks notify_hooks)
        : store(std::move(opened)),
          keeper(loop, store, std::move(publish), net::unix_now),
          signing(loop, keeper, store, rng, net::unix_now),
          desk(loop, keeper, store, std::move(deliver), net::unix_now),
          secondaries(loop, keeper, store, rng, std::move(secondary_hooks)),
          notify(loop, rng, std::move(notify_hooks)) {}
    store::Store store;
    ZoneKeeper keeper;
    ZoneSigning signing;
    UpdateDesk desk;
    SecondaryZones secondaries;
    std::optional<CatalogZones> catalogs;
    NotifySender notify;
    std::unique_ptr<ControlSocket> control;
};

struct RecordZones::Planned {
    Name apex;
    const config::Zone* settings = nullptr;
    ZonePtr from_file;
    Zone zone;
    // While it is taken over:
    bool is_new = false;
    ZoneKeeper::TakeoverPtr takeover;
    std::optional<ZoneSigning::Prepared> signing;
};

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
    port.give_back = [this](ZonePtr zone) { loop_.post([kept = std::move(zone)] {}); };
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

void RecordZones::watch_keys(const config::Dnssec& settings, LoadedSnapshot& loaded) {
    const fs::path base = fs::path(loaded.config.file).parent_path();
    const auto watch = [&](const std::string& path) {
        if (path.empty()) return;
        const std::string file = (base / path).string();
        loaded.files[file] = file_state(file);
    };
    watch(settings.key_directory);
    watch(settings.key_signatures);
}

std::vector<RecordZones::Planned> RecordZones::plan(LoadedSnapshot& loaded,
                                                    const auth::KeyRing& ring) {
    std::vector<Planned> out;
    for (const LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (!settings.is_of_record()) continue;
        Planned planned;
        planned.apex = each.apex;
        planned.settings = &settings;
        planned.from_file = each.zone;
        if (settings.dnssec) watch_keys(*settings.dnssec, loaded);
        if (settings.transfer) check_catalog(settings, loaded);
        if (settings.transfer && settings.transfer->catalog && !settings.is_secondary()) {
            planned.from_file = make_catalog(each.apex, loaded);
        }
        planned.zone.updates = rules_of(settings, each.apex, ring, loaded);
        const config::Transfer texts = settings.transfer.value_or(config::Transfer{});
        planned.zone.transfer = std::make_shared<const TransferPolicy>(
            make_transfer_policy(texts, ring, loaded.config, loaded.problems));
        check_record_zone(settings, *planned.zone.transfer, loaded);
        out.push_back(std::move(planned));
    }
    return out;
}

void RecordZones::check(LoadedSnapshot& loaded) {
    if (loaded.snapshot == nullptr) return;
    const auto ring = make_key_ring(loaded.config, loaded.files, loaded.problems);
    for (const Planned& each : plan(loaded, *ring))
        check_key_folder(*each.settings, each.apex, loaded);
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

void RecordZones::complete(LoadedSnapshot& loaded) {
    if (loaded.snapshot == nullptr) return;
    const auto ring = make_key_ring(loaded.config, loaded.files, loaded.problems);
    std::vector<Planned> planned = plan(loaded, *ring);
    bool good = !has_errors(loaded.problems);
    if (good && !planned.empty()) good = open(loaded);
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
        zones_[each.apex] = each.zone;
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
        if (each.zone.transfer->is_secondary())
            parts_->secondaries.keep(each.apex, each.zone.transfer, ring);
        zones_[each.apex].expires_at = parts_->secondaries.expires_at(each.apex);
        transfers.push_back(transfer_zone(each.apex, zones_[each.apex]));
        std::vector<Endpoint> primaries;
        for (const ServerAndKey& primary : each.zone.transfer->primaries)
            primaries.push_back(primary.endpoint);
        parts_->desk.set_rules(each.apex, each.zone.updates, std::move(primaries));
    }
    snapshot.transfers = TransferZones(std::move(transfers));
    set_catalogs(planned, ring);
    add_members(snapshot);
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

/// What does not go together in the settings about catalogs.
void RecordZones::check_catalog(const config::Zone& zone, LoadedSnapshot& loaded) {
    const config::Transfer& transfer = *zone.transfer;
    const auto complain = [&](config::Offset at, std::string text) {
        loaded.problems.push_back(loaded.config.problem(at, std::move(text)));
    };
    if (transfer.catalog && !zone.file.text.empty()) {
        complain(
            zone.file.at,
            "file: expected none beside 'catalog', whose records are made; remove one of them");
    }
    if (transfer.member_of.text.empty()) return;
    const auto name = Name::from_text(transfer.member_of.text);
    const bool is_there = name && std::ranges::any_of(loaded.zones, [&](const LoadedZone& each) {
                              const config::Zone& other = loaded.config.zones[each.index];
                              return each.apex == *name && other.transfer &&
                                     other.transfer->catalog && !other.is_secondary();
                          });
    if (is_there) return;
    complain(
        transfer.member_of.at,
        fmt::format(
            "member_of: expected a zone of this server with \"catalog\": true and without 'primaries', found '{}'",
            transfer.member_of.text));
}

/// The catalog that lists the zones of the configuration that name it.
ZonePtr RecordZones::make_catalog(const Name& apex, LoadedSnapshot& loaded) {
    transfer::CatalogMembers members;
    for (const LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (!settings.transfer || settings.transfer->member_of.text.empty()) continue;
        const auto catalog = Name::from_text(settings.transfer->member_of.text);
        if (!catalog || *catalog != apex) continue;
        transfer::CatalogMember member{each.apex, transfer::member_id(each.apex, 0), {}, {}};
        if (!settings.transfer->group.empty())
            member.groups.push_back(transfer::group_rdata(settings.transfer->group));
        members.emplace(each.apex, std::move(member));
    }
    zone::ZoneBuilder builder(apex);
    for (const zone::Record& record : transfer::write_catalog(apex, 1, members)) {
        static_cast<void>(builder.add(record.owner, record.type, record.ttl, record.rdata));
    }
    return builder.finish().zone;
}

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
