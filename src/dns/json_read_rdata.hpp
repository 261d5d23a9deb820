#pragma once

#include "dns/json_values.hpp"
#include "dns/registry.hpp"
#include "dns/rr_type.hpp"

namespace kith::dns {

/// RDATA out of its JSON form, a Buffer or null (no member): the form without any RDATA.
Read<std::vector<std::uint8_t>> read_data(RrType type, RrClass klass,
                                          const boost::json::value* value);

}  // namespace kith::dns
