#pragma once
// The difference of two versions where it is known which names were touched.

#include <span>

#include "zone/change.hpp"

namespace kith::zone {

/// As difference() (change.hpp), but looks at these names only, which must be in canonical order and
/// without repetition: what it costs does not depend on how large the zone is. Exact when the
/// versions differ nowhere else.
ZoneChange difference_at(const Zone& from, const Zone& to, std::span<const Name> owners);

/// True when nothing but provenance differs: a lease was renewed, and nobody who reads the zone can
/// tell.
bool is_provenance_only(const ZoneChange& change);

}  // namespace kith::zone
