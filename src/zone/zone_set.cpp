#include "zone/zone_set.hpp"

#include <algorithm>
#include <bit>

#include "dns/name_hash.hpp"

namespace kith::zone {

ZoneSet::ZoneSet(std::vector<ZonePtr> zones) {
    if (zones.empty()) return;
    slots_.resize(std::bit_ceil(zones.size() * 2));
    const std::size_t mask = slots_.size() - 1;
    std::vector<std::size_t> places(slots_.size());  // of each slot's zone in zones_
    for (ZonePtr& zone : zones) {
        const std::uint64_t hash = dns::name_hash(zone->apex());
        std::size_t at = hash & mask;
        while (slots_[at].zone != nullptr &&
               !(slots_[at].hash == hash && slots_[at].zone->apex() == zone->apex())) {
            at = (at + 1) & mask;
        }
        const auto labels = static_cast<std::size_t>(zone->apex_labels());
        label_counts_[labels / 64] |= std::uint64_t{1} << labels % 64;
        if (slots_[at].zone == nullptr) {
            places[at] = zones_.size();
            zones_.emplace_back();
        }
        slots_[at] = {hash, zone.get()};
        zones_[places[at]] = std::move(zone);
    }
}

namespace {

/// `name` is in lower case, as LookupName has it, with bytes to spare after it.
bool same_apex(NameView apex, NameView name) {
    if (apex.size() != name.size()) return false;
    // Read in words, which may end 7 bytes past the end: still inside a Name, but for the longest.
    if (apex.size() + 7 > sizeof(Name)) return apex == name;
    return same_lower(apex.wire().data(), name.wire().data(), apex.size());
}

}  // namespace

const Zone* ZoneSet::probe(const dns::LookupName& name, int labels) const {
    const std::uint64_t hash = name.hash(labels);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_[at].zone != nullptr; at = (at + 1) & mask) {
        if (slots_[at].hash != hash) continue;
        if (same_apex(slots_[at].zone->apex(), name.suffix(labels))) return slots_[at].zone;
    }
    return nullptr;
}

const Zone* ZoneSet::find_above(const dns::LookupName& name, int labels) const {
    labels = std::min(labels - 1, name.label_count());
    while (labels > 0) {
        // The most labels that some zone has, up to `labels`; counts below 64 share one word.
        const auto word = static_cast<std::size_t>(labels) / 64;
        const std::uint64_t bits = label_counts_[word] << (63 - labels % 64);
        if (bits == 0) {
            labels = static_cast<int>(word * 64) - 1;
            continue;
        }
        labels -= std::countl_zero(bits);
        if (const Zone* const zone = probe(name, labels)) return zone;
        --labels;
    }
    return nullptr;
}

const Zone* ZoneSet::find(const dns::LookupName& name) const {
    return find_above(name, name.label_count() + 1);
}

const Zone* ZoneSet::find_apex(const dns::LookupName& apex) const {
    return slots_.empty() ? nullptr : probe(apex, apex.label_count());
}

}  // namespace kith::zone
