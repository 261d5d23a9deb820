#pragma once
// Writes a zone over its master file, all or nothing.

#include <string>

#include "base/result.hpp"
#include "zone/zone.hpp"

namespace kith::server {

/// Replaces `path` (the file a symbolic link points to) by the zone in canonical order: written beside
/// it, synced, renamed. The file keeps its mode. On failure it is as it was, and the error says why.
Result<void, std::string> write_zone_file(const std::string& path, const zone::Zone& zone);

}  // namespace kith::server
