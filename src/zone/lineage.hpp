#pragma once
// Lineage: the versions of one zone that share memory, and what may be freed when one of them dies.
//
// A change makes new nodes and pages beside the old ones; each carries the number of the version
// that made it. What the change replaced is noted with the version it came from ("retired"). So an
// object made by version b and retired from version v is visible in b..v and nowhere else:
//
// - A version dies between two that live: objects retired from it that were made after the one
//   before it are freed; the rest are from now on retired from the one before it.
// - The newest dies before an older one (a change was refused): what it made is reached from its
//   roots, since a page is never older than what it points to, and freed; what was retired from
//   the one before it is in use again.
// - The last dies: the whole slab goes.
//
// Nothing here is thread-safe: all of it happens where changes are applied.

#include <cstdint>
#include <vector>

#include "zone/slab.hpp"

namespace kith::zone {

class NameIndex;
class OrderTree;

class Lineage {
public:
    /// Number of the first version; what a builder makes carries it.
    static constexpr std::uint32_t first_version = 1;

    Slab& slab() { return slab_; }
    const Slab& slab() const { return slab_; }

    /// Starts the version after the newest one and returns its number.
    std::uint32_t begin_version();
    /// True when a change may build on `version`: it is the newest living one.
    bool is_newest(std::uint32_t version) const;
    /// `version` died; these are its roots. Call it once for each version begun.
    void release(std::uint32_t version, const NameIndex& index, const OrderTree& order);

    /// An object made by `made_by`, visible up to the version before the newest, is replaced.
    void retire(std::uint8_t* at, std::size_t bytes, Slab::Align align, std::uint32_t made_by);

    /// True when copying the zone is better than going on: half the memory waits in free lists, or
    /// version numbers run out.
    bool is_worn() const;

private:
    struct Retired {
        std::uint8_t* at;
        std::uint32_t bytes;
        std::uint32_t made_by : 31;
        std::uint32_t is_page : 1;
    };
    struct Version {
        std::uint32_t number;
        std::vector<Retired> retired;  // visible in it and not in the next
    };
    void free(const Retired& object);

    Slab slab_;
    std::vector<Version> versions_;  // those alive, oldest first
    std::uint32_t last_number_ = 0;
};

/// How a change or a builder makes and replaces the parts of one version.
class Edit {
public:
    Edit(Lineage& lineage, std::uint32_t version) : lineage_(lineage), version_(version) {}

    std::uint32_t version() const { return version_; }
    std::uint8_t* allocate(std::size_t bytes, Slab::Align align) {
        return lineage_.slab().allocate(bytes, align);
    }
    /// `at` is no longer part of this version: freed at once when this version made it.
    void discard(std::uint8_t* at, std::size_t bytes, Slab::Align align, std::uint32_t made_by) {
        if (made_by == version_) return lineage_.slab().free(at, bytes, align);
        lineage_.retire(at, bytes, align, made_by);
    }

private:
    Lineage& lineage_;
    std::uint32_t version_;
};

}  // namespace kith::zone
