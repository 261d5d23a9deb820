#pragma once
// Where records cannot stand, however good they are by themselves. Inside update/ only.

#include "update/scratch.hpp"
#include "update/update_message.hpp"

namespace kith::update {

/// REFUSED when the update, done to its end, would add a record where it makes the zone one that
/// other servers do not take, or that means nothing: NS at a wildcard, DS at the apex or where
/// nothing is delegated, anything below a DNAME. What the zone had before may stay, be repeated and
/// get another TTL. A DNAME above names is added and hides them (RFC 6672 §5.2).
Refusal check_places(const Scratch& scratch);

}  // namespace kith::update
