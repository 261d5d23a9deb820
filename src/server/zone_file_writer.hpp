#pragma once
// Writes a zone over its master file, all or nothing.

#include <string>

#include "base/result.hpp"
#include "zone/zone.hpp"

namespace kith::server {

/// Replaces `path` (the file a symbolic link points to) by the zone in canonical order: written beside
/// it, read back, synced, renamed. The file keeps its mode. The digest of the zone (store::digest_of()).
/// On failure the file is as it was, and the error says why.
Result<std::uint64_t, std::string> write_zone_file(const std::string& path, const zone::Zone& zone);

}  // namespace kith::server
