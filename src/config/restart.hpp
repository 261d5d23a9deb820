#pragma once
// Which settings differ between two configurations and take effect only at the next start.

#include <string>
#include <vector>

#include "config/config.hpp"

namespace kith::config {

/// Keys of settings marked Reload::restart whose values differ, in the table's order.
std::vector<std::string> restart_needed(const ServerSection& running, const ServerSection& next);

}  // namespace kith::config
