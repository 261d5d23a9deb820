#pragma once
// What is done with each new version of a zone of record before it is kept, besides its serial.

#include "server/zone_keeper.hpp"

namespace kith::server {

/// `sign`, or for a zone that is not signed here (`sign` is empty) what takes a ZONEMD away that is
/// not right (any more): it came with the zone's file and digests the version there, and whoever
/// checks it refuses the zone (RFC 8976 §4). Lives as long as `sign`.
const Signer& upkeep_with(const Signer& sign);

}  // namespace kith::server
