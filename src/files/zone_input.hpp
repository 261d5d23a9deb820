#pragma once
// Zone files that the subcommands of `kith zone` read.

#include <string>

#include "zone/zone_file_load.hpp"

namespace kith::files {

/// Loads a zone file as the server would. Its apex: the origin given, or the owner of its SOA; names
/// before any $ORIGIN are then relative to the root.
zone::LoadResult load_zone_input(const std::string& file, const std::string& origin,
                                 zone::Advice advice);

}  // namespace kith::files
