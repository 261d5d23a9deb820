#pragma once
// The prerequisite section (RFC 2136 §3.2). Inside update/ only.

#include "update/update_message.hpp"
#include "zone/zone.hpp"

namespace kith::update {

/// NOERROR, or what the first prerequisite that does not hold is answered with.
Refusal check_prerequisites(const zone::Zone& zone, const UpdateMessage& message);

}  // namespace kith::update
