#pragma once
// SecondaryZones: keeps the zones this server takes from primaries up to date: their timers, the
// refreshes under way with their sockets, and what must survive a restart. New versions go into the
// change feed (zone_keeper.hpp), which makes them durable and publishes them.
//
// Control thread only.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/loop.hpp"
#include "server/transfer_policy.hpp"
#include "server/transfer_service.hpp"
#include "server/transfer_zones.hpp"
#include "server/zone_keeper.hpp"
#include "transfer/secondary_timers.hpp"
#include "transfer/tsig_security.hpp"

namespace kith::server {

// Refreshes at once, of all zones; the next ones wait. Each may hold a zone that is being built.
inline constexpr std::size_t refreshes_max = 16;

/// How one secondary zone is doing, for people.
struct SecondaryStatus {
    dns::Name zone;
    transfer::ZoneHealth health{};
    std::uint32_t serial = 0;
    UnixTime verified_at = 0;  // a primary last confirmed it; 0: never
    UnixTime expires_at = 0;
    bool is_refreshing = false;
    std::string last_error;  // empty: the last refresh worked
};

class SecondaryZones {
public:
    struct Hooks {
        /// A zone that was good has expired, or one that had expired is good again without a new
        /// version: answers for it change.
        std::function<void(const dns::Name& zone, transfer::ZoneHealth health)> health_changed;
        transfer::UnixClock now;
    };
    struct Counters {
        std::uint64_t refreshes = 0, up_to_date = 0, whole = 0, differences = 0, failed = 0,
                      expired = 0;
    };

    /// `loop`, `keeper`, `store` and `rng` must outlive it.
    SecondaryZones(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng, Hooks hooks);
    ~SecondaryZones();

    /// Starts to keep a zone up to date, or takes other settings for it. The keeper has the zone
    /// already (ZoneKeeper::keep()), perhaps without a version. `ring` has the policy's keys.
    void keep(const dns::Name& zone, TransferPolicyPtr policy,
              std::shared_ptr<const auth::KeyRing> ring);
    /// Stops; `forget_state` also drops what is kept of it over restarts.
    enum class State : std::uint8_t { stays, goes };
    void release(const dns::Name& zone, State state);

    /// A worker heard a NOTIFY and found it good.
    void on_notify(const HeardNotify& heard);
    /// Looks for a new version now; `whole`: takes the whole zone whatever its serial.
    enum class Want : std::uint8_t { newer, whole };
    bool refresh(const dns::Name& zone, Want want);

    transfer::ZoneHealth health(const dns::Name& zone) const;
    /// For TransferZone::expires_at; null for zones that are not kept here.
    ExpiresAt expires_at(const dns::Name& zone) const;
    std::vector<SecondaryStatus> status() const;
    const Counters& counters() const { return counters_; }

private:
    struct Entry;
    Entry* find(const dns::Name& zone) const;
    void pump(Entry& entry);
    void start_waiting();
    void start(Entry& entry);
    void drive(Entry& entry);
    void act(Entry& entry, const transfer::Refresh::Action& action);
    void finish(Entry& entry);
    bool commit(Entry& entry, transfer::Refresh::Result& result);
    void settle(Entry& entry);
    void load_state(Entry& entry);
    void save_state(const Entry& entry);
    void arm(Entry& entry);

    net::Loop& loop_;
    ZoneKeeper& keeper_;
    store::Store& store_;
    Rng& rng_;
    Hooks hooks_;
    Counters counters_;
    std::map<dns::Name, std::unique_ptr<Entry>> entries_;
    std::deque<dns::Name> waiting_;  // for a place among refreshes_max
    std::size_t running_ = 0;
    net::Timer start_timer_;
};

}  // namespace kith::server
