#pragma once
// UpdateDesk: the control thread's part of dynamic update: takes what workers hand over, works out what
// each message does to the zone as it will be, has the keeper commit what came together, and replies.
// Also ends leases (RFC 9664 §7).

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/bounded_queue.hpp"
#include "net/loop.hpp"
#include "server/update_forwarder.hpp"
#include "server/update_request.hpp"
#include "server/zone_keeper.hpp"
#include "update/lease.hpp"
#include "update/update.hpp"

namespace kith::server {

using UpdateRulesPtr = std::shared_ptr<const update::UpdateRules>;

class UpdateDesk {
public:
    /// Sends replies to a worker.
    using Deliver = std::function<void(std::size_t worker, std::vector<UpdateReply>&& replies)>;

    /// All but `deliver` must outlive it.
    UpdateDesk(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Deliver deliver,
               ZoneKeeper::Clock now);

    /// Any thread. False: too much waits; the request is untouched.
    bool post(UpdateRequest&& request, std::size_t cost);

    /// The rules of a zone that is kept, from now on; null: it takes no updates. `primaries`: of a
    /// secondary's zone, where updates are handed on to.
    void set_rules(NameView apex, UpdateRulesPtr rules, std::vector<Endpoint> primaries);
    void release(NameView apex);

    struct Counters {
        std::uint64_t batches = 0, requests = 0, expired = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    struct Zone {
        UpdateRulesPtr rules;
        std::vector<Endpoint> primaries;
        update::LeaseIndex leases;
        bool is_indexed = false;
    };
    void drain();
    void work(const UpdateRequest& request);
    void forward(UpdateRequest& request);
    void reply(std::size_t worker, UpdateReply reply);
    std::uint16_t owner_number(const Name& key);
    void on_event(const FeedEvent& event);
    void end_leases();
    void lease_failed(const Name& apex, std::string_view why);
    void arm_leases();
    void flush();
    Zone* find(NameView apex);

    net::Loop& loop_;
    ZoneKeeper& keeper_;
    store::Store& store_;
    Deliver deliver_;
    ZoneKeeper::Clock now_;
    BoundedQueue<UpdateRequest> queue_;
    std::map<std::string, Zone> zones_;                        // by apex, lower case, wire form
    std::map<std::size_t, std::vector<UpdateReply>> replies_;  // of this batch, by worker
    std::unordered_map<std::string, std::uint16_t> owners_;    // keys by name
    bool owners_read_ = false;
    net::Timer lease_timer_;
    std::optional<Time> leases_failed_;  // the end of some could not be kept
    bool is_draining_ = false;
    net::Timer flush_timer_;
    UpdateForwarder forwarder_;
    Counters counters_;
};

}  // namespace kith::server
