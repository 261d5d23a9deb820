#pragma once
// RecordZones: everything the control thread has for zones of record (zones that change while they
// serve): their store, the change feed and who produces for it and consumes it, in one place. A
// configuration without such zones makes none of it, and touches no disk.
//
// Control thread only, but for what port() gives.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/bounded_queue.hpp"
#include "server/loader.hpp"
#include "server/notify_sender.hpp"
#include "server/secondary_catalog.hpp"
#include "server/secondary_zones.hpp"
#include "server/update_desk.hpp"
#include "server/worker.hpp"
#include "server/zone_keeper.hpp"
#include "server/zone_signing.hpp"

namespace kith::server {

/// The folder for what must not be lost: what the configuration says, else the service manager's
/// (STATE_DIRECTORY, systemd.exec(5)), else `kith-state` beside the configuration.
std::string state_folder(const config::Config& config);

class RecordZones {
public:
    struct Hooks {
        std::function<SnapshotPtr()> current;  // what is served now; null before that
        std::function<void(SnapshotPtr snapshot)> publish;
        UpdateDesk::Deliver deliver;                  // replies to a worker
        std::function<bool(const Endpoint&)> is_own;  // this server listens there
    };
    /// `loop` and `rng` must outlive it.
    RecordZones(net::Loop& loop, Rng& rng, Hooks hooks);
    ~RecordZones();

    /// Completes what was loaded, at start and with each reload: checks what the configuration says of
    /// zones of record, opens the store, and puts their newest versions, keys and policies into the
    /// snapshot. Problems are added to the loaded ones; with an error among them the snapshot is null
    /// and all zones are as they were.
    void complete(LoadedSnapshot& loaded);
    /// The completed snapshot is published: tells others what has changed with it.
    void announce();

    /// The checks of complete(), without opening what the state directory holds: for `kith check`.
    static void check(LoadedSnapshot& loaded);

    /// How a worker hands things over.
    ControlPort port(std::size_t worker);

    /// Null while there are no zones of record.
    const ZoneKeeper* keeper() const;
    const UpdateDesk* desk() const;

private:
    struct Parts;    // what there is once there are zones of record
    struct Planned;  // what a configuration says of one
    struct Zone {
        TransferPolicyPtr transfer;
        UpdateRulesPtr updates;
        ExpiresAt expires_at;
    };

    bool open(LoadedSnapshot& loaded);
    bool check_ends(LoadedSnapshot& loaded);
    bool read(LoadedSnapshot& loaded, std::vector<Planned>& planned);
    bool prepare(LoadedSnapshot& loaded, std::vector<Planned>& planned);
    bool take(LoadedSnapshot& loaded, std::vector<Planned>& planned);
    Result<KeeperSettings, Failure> keeper_settings(const LoadedSnapshot& loaded,
                                                    const Planned& planned) const;
    void put_zones(Snapshot& snapshot, const std::vector<Planned>& planned,
                   const std::shared_ptr<const auth::KeyRing>& ring);
    void release_others(const std::vector<Planned>& planned);
    void set_catalogs(const std::vector<Planned>& planned,
                      const std::shared_ptr<const auth::KeyRing>& ring);
    void add_member(const dns::Name& apex, const dns::Name& catalog);
    void remove_member(const dns::Name& apex);
    void add_members(Snapshot& snapshot) const;
    void publish(std::span<const zone::ZonePtr> zones);
    void on_health(const dns::Name& apex);
    TransferZone transfer_zone(const dns::Name& apex, const Zone& zone) const;
    void set_availability(Snapshot& snapshot) const;
    std::vector<IpAddress> addresses_of(dns::NameView server) const;
    void on_notifies();

    net::Loop& loop_;
    Rng& rng_;
    Hooks hooks_;
    BoundedQueue<HeardNotify> notifies_;
    std::map<dns::Name, Zone> zones_;
    std::set<dns::Name> configured_;  // zones of record of the configuration, not members
    std::vector<dns::Name> came_;     // with the last complete(), for announce()
    std::shared_ptr<const auth::KeyRing> ring_;  // for members that come while serving
    std::unique_ptr<Parts> parts_;
    // Outlives the parts: workers post to it, whether there are zones of record or not.
    std::atomic<UpdateDesk*> desk_ = nullptr;
};

}  // namespace kith::server
