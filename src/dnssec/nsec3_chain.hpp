#pragma once
// Nsec3Chain: which NSEC3 records a zone has, in the order of their hashes, found by searches that do not
// walk over the names in between. Private to this module.

#include <optional>

#include "dnssec/nsec3.hpp"
#include "zone/zone.hpp"

namespace kith::dnssec {

/// Looks at a zone, which must outlive it. Each call costs a few searches in order, whatever the zone holds
/// between two hashes; a walk only where the records do not name each other in a ring.
class Nsec3Chain {
public:
    explicit Nsec3Chain(const zone::Zone& zone) : zone_(zone) {}

    /// The node with the NSEC3 of this hash; none: there is none.
    zone::NodeView find(const Nsec3Hash& hash) const;
    /// The nearest hash that has an NSEC3; nullopt: none before, none after, none at all.
    std::optional<Nsec3Hash> before(const Nsec3Hash& hash) const;
    std::optional<Nsec3Hash> after(const Nsec3Hash& hash) const;
    std::optional<Nsec3Hash> last() const { return hash_of(zone_.last_nsec3()); }

private:
    std::optional<Nsec3Hash> hash_of(zone::NodeView node) const;
    std::optional<Nsec3Hash> next_in(const Nsec3Hash& hash) const;
    std::optional<Nsec3Hash> walk_after(const Nsec3Hash& hash) const;

    const zone::Zone& zone_;
};

}  // namespace kith::dnssec
