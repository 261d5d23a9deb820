#pragma once
// A zone as a master file (RFC 1035 §5): what this prints, load_zone() reads back as the same zone.

#include <functional>
#include <string>
#include <string_view>

#include "zone/zone.hpp"

namespace kith::zone {

enum class NameStyle : std::uint8_t {
    absolute,  // every owner in full with its final dot
    relative,  // owners below $ORIGIN without it, `@` for the apex
};

struct ZoneTextOptions {
    NameStyle owners = NameStyle::absolute;  // names inside RDATA are always absolute
};

/// Hands the text to `write` in pieces of some ten kilobytes: $ORIGIN, $TTL (that of the SOA), the
/// SOA, then every record on its line in canonical order (RFC 4034 §6.1; types in ascending order
/// within a name), owner, TTL and class always stated.
void print_zone(const Zone& zone, const ZoneTextOptions& options,
                const std::function<void(std::string_view)>& write);

/// The same in one string.
std::string zone_to_text(const Zone& zone, const ZoneTextOptions& options = {});

}  // namespace kith::zone
