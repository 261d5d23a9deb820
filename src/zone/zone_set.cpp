#include "zone/zone_set.hpp"

#include <algorithm>
#include <bit>

#include "dns/name_hash.hpp"

namespace kith::zone {

ZoneSet::ZoneSet(std::vector<ZonePtr> zones) {
    if (zones.empty()) return;
    Index index;
    index.slots.resize(std::bit_ceil(zones.size() * 2));
    const std::size_t mask = index.slots.size() - 1;
    std::vector<ZonePtr> kept;
    for (ZonePtr& zone : zones) {
        const std::uint64_t hash = dns::name_hash(zone->apex());
        std::size_t at = hash & mask;
        while (index.slots[at].place != free_slot &&
               !(index.slots[at].hash == hash &&
                 kept[index.slots[at].place]->apex() == zone->apex())) {
            at = (at + 1) & mask;
        }
        const auto labels = static_cast<std::size_t>(zone->apex_labels());
        index.label_counts[labels / 64] |= std::uint64_t{1} << labels % 64;
        if (index.slots[at].place == free_slot) {
            index.slots[at] = {hash, static_cast<std::uint32_t>(kept.size())};
            kept.emplace_back();
        }
        kept[index.slots[at].place] = std::move(zone);
    }
    zones_ = SharedVector<ZonePtr>(std::move(kept));
    index_ = std::make_shared<const Index>(std::move(index));
}

bool ZoneSet::replace(ZonePtr zone) {
    const std::uint32_t place = place_of(dns::name_hash(zone->apex()), zone->apex());
    if (place == free_slot) return false;
    zones_.set(place, std::move(zone));
    return true;
}

std::vector<ZonePtr> ZoneSet::zones() const {
    std::vector<ZonePtr> out;
    for (std::size_t i = 0; i < zones_.size(); ++i) out.push_back(zones_[i]);
    return out;
}

std::uint32_t ZoneSet::place_of(std::uint64_t hash, NameView apex) const {
    if (!index_) return free_slot;
    const std::vector<Slot>& slots = index_->slots;
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = hash & mask; slots[at].place != free_slot; at = (at + 1) & mask) {
        if (slots[at].hash == hash && zones_[slots[at].place]->apex() == apex) {
            return slots[at].place;
        }
    }
    return free_slot;
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
    const std::vector<Slot>& slots = index_->slots;
    const std::uint64_t hash = name.hash(labels);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = hash & mask; slots[at].place != free_slot; at = (at + 1) & mask) {
        if (slots[at].hash != hash) continue;
        const Zone* const zone = zones_[slots[at].place].get();
        if (same_apex(zone->apex(), name.suffix(labels))) return zone;
    }
    return nullptr;
}

const Zone* ZoneSet::find_above(const dns::LookupName& name, int labels) const {
    if (!index_) return nullptr;
    labels = std::min(labels - 1, name.label_count());
    while (labels > 0) {
        // The most labels that some zone has, up to `labels`; counts below 64 share one word.
        const auto word = static_cast<std::size_t>(labels) / 64;
        const std::uint64_t bits = index_->label_counts[word] << (63 - labels % 64);
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
    return index_ ? probe(apex, apex.label_count()) : nullptr;
}

}  // namespace kith::zone
