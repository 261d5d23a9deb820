#pragma once
// The configuration of trust-dns and hickory-dns (TOML) as one of ours, so that its users change
// the program's name and nothing else. Both generations are read: that of 2016 (zone_type Master,
// allow_update, enable_dnssec) and today's (Primary, stores, keys).
//
// What has no counterpart here yet is an error that names it, where leaving it out would make the
// server do something else than its user asked for, and a warning where it would not.

#include <string>
#include <string_view>

#include "config/load.hpp"

namespace kith::config {

/// True for files that are read as this: those that end with ".toml".
bool is_hickory_config(std::string_view file);

/// Reads TOML. A syntax error ends the reading; of all else every problem is reported with its line
/// and column. Paths in the result are absolute, or relative to the folder of the file as the
/// config's own are.
Loaded load_hickory_config(std::string_view text, std::string file,
                           const HickoryOverrides& overrides = {});

/// "example.com.zone" -> "example.com" + `extension`: where the programs keep the journal (.jrnl) and
/// the key (.key) of a zone file.
std::string replace_extension(std::string_view path, std::string_view extension);

}  // namespace kith::config
