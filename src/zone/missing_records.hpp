#pragma once
// What one version of a node has and another has not; what differences are made of.

#include <vector>

#include "zone/change.hpp"

namespace kith::zone {

/// Appends to `out` the records of `node` that `other` lacks, with `owner`; either may be none.
/// Records differ when RDATA, TTL or provenance do. Linear for RRsets that are mostly the same.
void append_missing(const Name& owner, NodeView node, NodeView other, std::vector<Record>& out);

}  // namespace kith::zone
