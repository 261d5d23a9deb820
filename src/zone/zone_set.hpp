#pragma once
// ZoneSet: the zones a server answers for; finds the one a name belongs to. Immutable, part of the
// snapshot, read by any number of threads.

#include <array>
#include <vector>

#include "zone/zone.hpp"

namespace kith::zone {

class ZoneSet {
public:
    ZoneSet() = default;
    /// Of several zones with one apex the last counts.
    explicit ZoneSet(std::vector<ZonePtr> zones);

    /// The zone with the longest apex at or above `name`, or null. One probe per number of labels
    /// that zones have, longest first.
    const Zone* find(const dns::LookupName& name) const;
    /// As find(), of zones with fewer than `labels` labels: the parent side of a zone's apex (DS,
    /// RFC 4035 §3.1.4.1).
    const Zone* find_above(const dns::LookupName& name, int labels) const;
    /// The zone with exactly this apex, or null pointer.
    const Zone* find_apex(const dns::LookupName& apex) const;

    const std::vector<ZonePtr>& zones() const KITH_LIFETIMEBOUND { return zones_; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        const Zone* zone = nullptr;  // null: free
    };
    const Zone* probe(const dns::LookupName& name, int labels) const;

    std::vector<ZonePtr> zones_;
    std::vector<Slot> slots_;  // a power of two, at most half full; empty without zones
    std::array<std::uint64_t, 3> label_counts_{};  // bit n: some apex has n labels
};

}  // namespace kith::zone
