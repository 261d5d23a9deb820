#pragma once
// Names that must not leave this network. The answering stages treat them before forwarding is
// even asked; this is the second line, for when those are configured away.

#include "dns/name_hash.hpp"

namespace kith::resolve {

/// Label count of the longest special-use domain (RFC 6761, 6762, 7686, 8375, 6303, 9462 and their
/// successors) that `name` is at or under; 0 for ordinary names. A route at or below that domain
/// says that forwarding it is meant.
int special_name_labels(const dns::LookupName& name);

}  // namespace kith::resolve
