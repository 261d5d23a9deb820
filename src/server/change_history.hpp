#pragma once
// ChangeHistory: the newest changes of one zone, as transfers (IXFR) hand them out. A value: copies
// share what they have in common, so each published version of a zone has its own.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/shared_vector.hpp"
#include "zone/change.hpp"

namespace kith::server {

class ChangeHistory {
public:
    /// Changes are forgotten, oldest first, when together they pass this many bytes.
    explicit ChangeHistory(std::size_t bytes_max = 0) : bytes_max_(bytes_max) {}

    std::size_t size() const { return changes_.size(); }
    /// Oldest first; requires `index` < size().
    const zone::ZoneChange& operator[](std::size_t index) const { return *changes_[index].change; }
    /// The index of the change that starts from `serial`; nullopt: not, or no longer, here. From
    /// there on each change starts where the one before it ends.
    std::optional<std::size_t> find(std::uint32_t serial) const;
    /// All from that one on; empty: not here.
    std::vector<std::shared_ptr<const zone::ZoneChange>> since(std::uint32_t serial) const;

    /// Adds the next change. One that does not start where the last one ended makes all before it
    /// worthless: they are forgotten.
    void add(std::shared_ptr<const zone::ZoneChange> change);

private:
    struct Item {
        std::shared_ptr<const zone::ZoneChange> change;
        std::uint64_t bytes_before = 0;  // of all that were ever added before it
    };
    SharedVector<Item> changes_;
    std::uint64_t bytes_ = 0;  // of all that were ever added
    std::size_t bytes_max_ = 0;
};

}  // namespace kith::server
