#pragma once
// Changes and zones that do not know of each other's serials yet.

#include <string>

#include "zone/change.hpp"

namespace kith::server {

/// Has the change start from the serial that `zone` has, and lead to that of the SOA it adds, if any.
void fit_serials(zone::ZoneChange& change, const zone::Zone& zone);

/// Why a change could not be applied, for a person.
std::string misfit(const zone::ChangeError& error);

}  // namespace kith::server
