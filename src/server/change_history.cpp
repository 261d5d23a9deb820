#include "server/change_history.hpp"

#include <algorithm>

namespace kith::server {
namespace {

/// About what a change takes in memory.
std::size_t bytes_of(const zone::ZoneChange& change) {
    std::size_t bytes = sizeof change;
    for (const auto* records : {&change.removed, &change.added}) {
        for (const zone::Record& record : *records) bytes += sizeof record + record.rdata.size();
    }
    return bytes;
}

}  // namespace

std::optional<std::size_t> ChangeHistory::find(std::uint32_t serial) const {
    // Serials go round, but never so far within a history: each is after the one before it.
    for (std::size_t i = changes_.size(); i > 0; --i) {
        if (changes_[i - 1].change->from_serial == serial) return i - 1;
    }
    return std::nullopt;
}

std::vector<std::shared_ptr<const zone::ZoneChange>> ChangeHistory::since(
    std::uint32_t serial) const {
    std::vector<std::shared_ptr<const zone::ZoneChange>> out;
    const auto first = find(serial);
    if (!first) return out;
    for (std::size_t i = *first; i < changes_.size(); ++i) out.push_back(changes_[i].change);
    return out;
}

void ChangeHistory::add(std::shared_ptr<const zone::ZoneChange> change) {
    if (!changes_.empty() && changes_[changes_.size() - 1].change->to_serial != change->from_serial)
        changes_ = {};
    const std::size_t bytes = bytes_of(*change);
    changes_.push_back({std::move(change), bytes_});
    bytes_ += bytes;
    // The chunks in which it forgets may hold much: it may keep less than it could, never more.
    std::size_t drop = 0;
    while (drop < changes_.size() && bytes_ - changes_[drop].bytes_before > bytes_max_) ++drop;
    if (drop == 0) return;
    if (drop == changes_.size()) {
        changes_ = {};
        return;
    }
    const std::size_t chunk = decltype(changes_)::chunk_items;
    changes_.drop_front((drop + chunk - 1) / chunk * chunk);
}

}  // namespace kith::server
