#pragma once
// Changes of a zone made ready to be sent as IXFR (RFC 1995 §4): each between the SOA it starts from
// and the SOA it leads to.

#include <cstdint>
#include <memory>
#include <vector>

#include "zone/change.hpp"

namespace kith::transfer {

using ChangePtr = std::shared_ptr<const zone::ZoneChange>;

/// One change as it is sent. It points into the change it came from and keeps that alive.
struct Difference {
    ChangePtr change;
    zone::Record soa_before, soa_after;
    // Without the SOA records, and without what a reader of the zone cannot see: a record removed
    // and added again with another provenance.
    std::vector<const zone::Record*> removed, added;

    /// Records on the wire, the two SOA records included.
    std::size_t record_count() const { return 2 + removed.size() + added.size(); }
};

/// The differences that end in `zone`, out of changes in their order, each starting where the one
/// before it ends. Empty when they do not, or do not end in the zone's serial.
///
/// The changes must be exact: every record whose TTL changes is both removed and added, as
/// zone::difference() has it. SOA records that only get another serial may be left out.
std::vector<Difference> make_differences(const zone::Zone& zone,
                                         const std::vector<ChangePtr>& changes);

}  // namespace kith::transfer
