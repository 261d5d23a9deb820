#pragma once
// Taking over what a journal of trust-dns or hickory-dns holds.

#include <string>

#include "zone/change.hpp"

namespace kith::server {

/// What leads from the zone as its file has it to the zone as the journal at `path` has it; nothing to
/// add and remove when there is no such file. The error says what is wrong with the journal, or with
/// the zone that it makes.
Result<zone::ZoneChange, std::string> hickory_import(const zone::Zone& from_file,
                                                     const std::string& path);

}  // namespace kith::server
