#pragma once
// SRV records: where a service runs, and which of several is tried first (RFC 2782).

#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "dns/name.hpp"

namespace kith::discovery::dnssd {

struct Srv {
    std::uint16_t priority = 0;  // smaller is tried first
    std::uint16_t weight = 0;    // share among those of equal priority
    std::uint16_t port = 0;
    dns::Name target;  // the root: decidedly not available (RFC 2782)

    /// From uncompressed RDATA; nullopt when it is none.
    static std::optional<Srv> from_rdata(Bytes rdata);
    std::vector<std::uint8_t> to_rdata() const;
    friend bool operator==(const Srv&, const Srv&) = default;
};

/// Puts them into the order in which they are to be tried: by priority, and at random by weight
/// among equals (RFC 2782, "Weight"). Targets that say "not available" are taken out when they stand
/// with others.
void order_targets(std::vector<Srv>& records, Rng& rng);

}  // namespace kith::discovery::dnssd
