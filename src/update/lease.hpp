#pragma once
// The end of leases (RFC 9664 §7): records whose time is over become a change that removes them.

#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "zone/change.hpp"

namespace kith::update {

struct Expiry {
    /// Removes what is over; no SOA, `to_serial` is the caller's. Empty: nothing is over.
    zone::ZoneChange change;
    /// When to ask again; nullopt: no record has a lease. Not after `now`: there is more that is
    /// over than one change removes (expired_per_change_max).
    std::optional<UnixTime> next;
};

/// Walks the whole zone: for start and tests. `timeout_type` as in UpdateRules.
Expiry expired(const zone::Zone& zone, UnixTime now, dns::RrType timeout_type = {});

/// The leases of one zone in order of their end, so that nobody has to walk it: about 200 bytes for
/// each name with leases. An index that knows too much (a lease that was renewed or deleted since)
/// is right all the same: it looks at the zone before anything is removed.
class LeaseIndex {
public:
    LeaseIndex() = default;
    explicit LeaseIndex(const zone::Zone& zone);

    /// Call with every change that was applied.
    void on_change(const zone::ZoneChange& change);
    /// The earliest end known; nullopt: none.
    std::optional<UnixTime> next() const;
    /// What is over at `now` in `zone`, the newest version.
    Expiry expired(const zone::Zone& zone, UnixTime now, dns::RrType timeout_type = {});
    /// Names with leases, as far as known.
    std::size_t size() const { return earliest_.size(); }

private:
    struct End {
        std::uint32_t at;
        std::string owner;  // wire form in lower case
        friend bool operator>(const End& a, const End& b) { return a.at > b.at; }
    };
    void note(dns::NameView owner, std::uint32_t end);

    // Of each owner the earliest end known; what else the queue has of it is out of date.
    std::unordered_map<std::string, std::uint32_t> earliest_;
    std::priority_queue<End, std::vector<End>, std::greater<>> ends_;
};

}  // namespace kith::update
