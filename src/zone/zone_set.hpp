#pragma once
// ZoneSet: the zones a server answers for; finds the one a name belongs to. Immutable, part of the
// snapshot, read by any number of threads.

#include <array>
#include <vector>

#include "base/shared_vector.hpp"
#include "zone/zone.hpp"

namespace kith::zone {

class ZoneSet {
public:
    ZoneSet() = default;
    /// Of several zones with one apex the last counts.
    explicit ZoneSet(std::vector<ZonePtr> zones);

    /// Puts another version in the place of the zone with the same apex, in this copy of the set.
    /// Cheap however many zones there are: copies share all else. False: there is no such zone.
    bool replace(ZonePtr zone);

    /// The zone with the longest apex at or above `name`, or null. One probe per number of labels
    /// that zones have, longest first.
    const Zone* find(const dns::LookupName& name) const;
    /// As find(), of zones with fewer than `labels` labels: the parent side of a zone's apex (DS,
    /// RFC 4035 §3.1.4.1).
    const Zone* find_above(const dns::LookupName& name, int labels) const;
    /// The zone with exactly this apex, or null pointer.
    const Zone* find_apex(const dns::LookupName& apex) const;

    std::size_t size() const { return zones_.size(); }
    /// All of them.
    std::vector<ZonePtr> zones() const;

private:
    static constexpr std::uint32_t free_slot = ~std::uint32_t{0};
    struct Slot {
        std::uint64_t hash = 0;
        std::uint32_t place = free_slot;  // in zones_
    };
    /// Where the apexes are, which stays when a zone is replaced.
    struct Index {
        std::vector<Slot> slots;                      // a power of two, at most half full
        std::array<std::uint64_t, 3> label_counts{};  // bit n: some apex has n labels
    };
    std::uint32_t place_of(std::uint64_t hash, NameView apex) const;
    const Zone* probe(const dns::LookupName& name, int labels) const;

    SharedVector<ZonePtr> zones_;
    std::shared_ptr<const Index> index_;  // null without zones
};

}  // namespace kith::zone
