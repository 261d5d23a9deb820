#pragma once
// A configuration as canonical JSON: every setting with its value, in the order of the tables.

#include <string>

#include "config/config.hpp"

namespace kith::config {

/// Loading it gives the same configuration, except for places and comments. Ends with a line end.
std::string dump_config(const Config& config);

}  // namespace kith::config
