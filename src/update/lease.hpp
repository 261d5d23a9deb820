#pragma once
// The end of leases (RFC 9664 §7): records whose time is over become a change that removes them.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

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
/// is right all the same: it looks at the zone before anything is removed. What is over stays in it
/// until a version of the zone shows that it is gone: a change that comes to nothing is asked for again.
class LeaseIndex {
public:
    LeaseIndex() = default;
    explicit LeaseIndex(const zone::Zone& zone);
    LeaseIndex(LeaseIndex&&) = default;
    LeaseIndex& operator=(LeaseIndex&&) = default;

    /// Call with every change that was applied.
    void on_change(const zone::ZoneChange& change);
    /// The earliest end known; nullopt: none.
    std::optional<UnixTime> next() const;
    /// What is over at `now` in `zone`, the newest version, of which nothing can be undone any more:
    /// what it does not have is forgotten. `next` is not after `now` while the change is not in the zone.
    Expiry expired(const zone::Zone& zone, UnixTime now, dns::RrType timeout_type = {});
    /// Names with leases, as far as known.
    std::size_t size() const { return earliest_.size(); }

private:
    // When, and of which owner: wire form in lower case, a key of earliest_.
    using End = std::pair<std::uint32_t, std::string_view>;
    using Ends = std::set<End>;
    void note(dns::NameView owner, std::uint32_t end);
    Ends::iterator forget(Ends::iterator at);

    // Of each owner the earliest end known.
    std::unordered_map<std::string, std::uint32_t> earliest_;
    Ends ends_;
};

}  // namespace kith::update
