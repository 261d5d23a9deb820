#pragma once
// The loops over fields that wire, text and JSON share. Inside the dns module only.

#include <span>

#include "dns/rdata_table.hpp"
#include "dns/registry.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

/// The fields of a type in a class; empty when its RDATA is opaque there.
std::span<const Field> fields_of(RrType type, RrClass klass);

/// Checks RDATA that may not be empty; offsets count from its first byte.
Wire<void> check_fields(std::span<const Field> fields, Bytes rdata);

}  // namespace kith::dns
