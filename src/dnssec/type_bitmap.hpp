#pragma once
// Type bitmaps of NSEC, NSEC3 and CSYNC (RFC 4034 §4.1.2).

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "dns/rr_type.hpp"

namespace kith::dnssec {

using dns::RrType;

/// Appends the bitmap of these types, which are in ascending order.
void append_type_bitmap(std::span<const RrType> types, std::vector<std::uint8_t>& out);

/// The types of a well-formed bitmap (dns::check_rdata), in ascending order.
std::vector<RrType> read_type_bitmap(Bytes bitmap);

}  // namespace kith::dnssec
