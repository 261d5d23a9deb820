#pragma once
// What RecordZones has inside; private to its sources (record_zones.cpp, record_takeover.cpp).

#include <memory>
#include <optional>

#include "net/system.hpp"
#include "server/control_socket.hpp"
#include "server/record_plan.hpp"
#include "server/record_zones.hpp"

namespace kith::server {

/// What there is once there are zones of record.
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

/// A zone of record on its way to be taken over.
struct RecordZones::Planned : PlannedZone {
    bool is_new = false;
    ZoneKeeper::TakeoverPtr takeover;
    std::optional<ZoneSigning::Prepared> signing;
};

}  // namespace kith::server
