#pragma once
// ZoneChange: the step from one version of a zone to the next, as a value. The same object is the
// journal entry, the IXFR difference, the event and the message to subscribers.

#include <vector>

#include "base/result.hpp"
#include "zone/fault.hpp"
#include "zone/limits.hpp"
#include "zone/zone.hpp"

namespace kith::zone {

struct Record {
    Name owner;
    RrType type{};
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;  // checked wire form without compression
    Provenance provenance;

    friend bool operator==(const Record&, const Record&) = default;
};

struct ZoneChange {
    Name apex;
    std::uint32_t from_serial = 0;
    std::uint32_t to_serial = 0;
    std::vector<Record> removed;  // by owner, type and RDATA; TTL and provenance do not matter
    std::vector<Record> added;    // a record that is there already gets this TTL and provenance
};

struct ChangeError {
    ZoneFault fault{};
    Name owner;
    RrType type{};
};

/// The version after `base`, which stays as it is; they share all nodes that did not change.
/// Removals come first. An RRset takes the TTL of the record added to it last. The SOA gets
/// `to_serial`, unless the change brings a SOA, whose serial must be that. Fails, and changes
/// nothing, with wrong_zone, wrong_serial, not_there, or a fault of the zone that would result;
/// `bounds` hold for names and RRsets that grow.
///
/// Cost: per changed record a few pages of about 500 bytes and its node. Two exceptions: putting a
/// cut or DNAME above names marks each of them; and when `base` is not the newest living version
/// of its lineage, or more than half of the lineage's memory is free, the zone is copied first.
Result<ZonePtr, ChangeError> apply_change(const ZonePtr& base, const ZoneChange& change,
                                          const Bounds& bounds = change_bounds);

/// The change that leads from one version to another, in canonical order. Records differ when
/// RDATA, TTL or provenance do. Fast when both are of one lineage: shared pages are skipped.
/// Requires the same apex.
ZoneChange difference(const Zone& from, const Zone& to);

}  // namespace kith::zone
