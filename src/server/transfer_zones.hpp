#pragma once
// TransferZones: what workers need to answer transfers, NOTIFY and UPDATE, by zone. An immutable part of the
// snapshot; copies share what they have in common, so that the next version of one zone costs a few
// pointers.

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/shared_vector.hpp"
#include "server/change_history.hpp"
#include "server/transfer_policy.hpp"
#include "update/update.hpp"
#include "zone/zone.hpp"

namespace kith::server {

/// When a secondary's zone expires, as seconds since 1970; written by the control thread with every
/// refresh, read by workers. 0: it has expired, or never came.
using ExpiresAt = std::shared_ptr<const std::atomic<UnixTime>>;

struct TransferZone {
    dns::Name apex;
    zone::ZonePtr zone;     // null: a secondary's that is not there
    ChangeHistory history;  // up to `zone`
    TransferPolicyPtr policy;
    ExpiresAt expires_at;                                // null: not a secondary's
    std::shared_ptr<const update::UpdateRules> updates;  // null: it takes none
};

class TransferZones {
public:
    TransferZones() = default;
    explicit TransferZones(std::vector<TransferZone> zones);

    /// nullptr: not there. Good as long as this version.
    const TransferZone* find(dns::NameView apex) const;
    /// Adds or replaces one. Replacing is cheap; adding copies the index.
    void put(TransferZone zone);
    void erase(dns::NameView apex);
    std::size_t size() const { return index_ == nullptr ? 0 : index_->size(); }

private:
    using Index = std::unordered_map<std::string, std::size_t>;  // by apex, lower case, wire form
    SharedVector<std::shared_ptr<const TransferZone>> zones_;    // null: erased
    std::shared_ptr<const Index> index_;
};

}  // namespace kith::server
