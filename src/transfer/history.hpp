#pragma once
// History: the newest differences of a zone, ready to be sent as IXFR (RFC 1995).
//
// Immutable and shared: the control thread makes the next one from the last with each change, and
// publishes it together with the zone; workers read it. It holds no part of a zone's memory, so
// that it may be let go on any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "transfer/limits.hpp"
#include "zone/change.hpp"

namespace kith::transfer {

/// One step of a zone from one serial to the next, as IXFR sends it.
struct Difference {
    std::uint32_t from_serial = 0;
    std::uint32_t to_serial = 0;
    zone::Record soa_before;
    zone::Record soa_after;
    /// Without the SOA records, and without what a reader of the zone cannot see: a record removed
    /// and added again with another provenance.
    std::vector<zone::Record> removed;
    std::vector<zone::Record> added;

    /// Records on the wire, the two SOA records included.
    std::size_t record_count() const { return 2 + removed.size() + added.size(); }
    /// Memory it takes, about.
    std::size_t memory_bytes = 0;
};
using DifferencePtr = std::shared_ptr<const Difference>;

/// A change as a difference to send. Requires that it is exact, as zone::difference() makes them:
/// with the SOA records that it replaces, and every record whose TTL it changes both removed and
/// added. Null when a SOA is missing or does not fit the change's serials.
DifferencePtr make_difference(const zone::ZoneChange& change);

struct HistoryBounds {
    std::size_t differences_max = history_differences_max;
    std::size_t bytes_max = history_bytes_max;
};

class History;
using HistoryPtr = std::shared_ptr<const History>;

class History {
public:
    /// The history after one more difference; `before` may be null. Drops the oldest ones beyond
    /// `bounds`, and all of them when `next` does not begin where they end. Cost: that of copying
    /// 64 pointers.
    static HistoryPtr append(const HistoryPtr& before, DifferencePtr next,
                             const HistoryBounds& bounds = {});

    /// The serial the newest difference leads to.
    std::uint32_t serial() const { return serial_; }
    std::size_t size() const { return size_; }
    std::size_t memory_bytes() const { return bytes_; }
    /// Number of the difference that starts at `serial`, the newest if there are several (serials
    /// go round); nullopt when none is kept. Time grows with how far back it is.
    std::optional<std::size_t> find(std::uint32_t serial) const;
    /// Difference `index` < size(), oldest first.
    const Difference& at(std::size_t index) const;

private:
    using Page = std::vector<DifferencePtr>;
    static constexpr std::size_t page_size = 64;

    std::vector<std::shared_ptr<const Page>> pages_;  // all full but the last
    std::size_t first_ = 0;  // differences dropped from the front of the first page
    std::size_t size_ = 0;
    std::size_t bytes_ = 0;
    std::uint32_t serial_ = 0;
};

}  // namespace kith::transfer
