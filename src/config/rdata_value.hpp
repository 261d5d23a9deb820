#pragma once
// A record's `value` into RDATA: NanoDNS's plain forms (an address, a name, the text itself), the
// presentation form of a master file for every other type.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"

namespace kith::config {

/// The RDATA of `record` in wire form, or what is wrong with its value. Names in it are whole
/// names, with or without the final dot.
Result<std::vector<std::uint8_t>, std::string> rdata_of(const Record& record);

}  // namespace kith::config
