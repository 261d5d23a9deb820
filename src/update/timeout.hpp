#pragma once
// TIMEOUT records (draft-ietf-dnsop-update-timeout-01): the ends of leases as records, so that they
// are stored and transferred like everything else. Their type has no number: it is configured.
//
//   type 16 | count 8 | method 8 | expiry 64 | count x 16 bytes of hash
//
// Count 0 (method 0): all records of that owner and type. Method 1: the first 128 bits of SHA-256 of
// each record's RDATA in canonical form.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/wire_error.hpp"
#include "zone/change.hpp"

namespace kith::update {

class Scratch;

using TimeoutHash = std::array<std::uint8_t, 16>;

struct Timeout {
    dns::RrType covered{};
    std::uint64_t expiry = 0;         // seconds since 1970
    std::vector<TimeoutHash> hashes;  // none: all records of that type

    friend bool operator==(const Timeout&, const Timeout&) = default;
};

/// Nullopt: sizes that do not fit, a method we do not know, or a covered type that is never stored.
std::optional<Timeout> read_timeout(Bytes rdata);
std::vector<std::uint8_t> write_timeout(const Timeout& timeout);
/// "PTR 1 1 20261121120000 ( 69D6... )" (§8 of the draft).
std::string timeout_text(const Timeout& timeout);
dns::Text<Timeout> parse_timeout(std::string_view text);

/// Method 1: of RDATA in wire form, made canonical here.
TimeoutHash timeout_hash(dns::RrType type, Bytes rdata);

/// The TIMEOUT RDATA that say what the leases of these records of one name are, in canonical order.
/// Types whose records have all the same lease get one record without hashes.
std::vector<std::vector<std::uint8_t>> timeouts_of(const std::vector<zone::Record>& records,
                                                   dns::RrType timeout_type);

/// Gives every name of `scratch` the TIMEOUT records that its leases ask for, and no others. Their TTL
/// is that of the SOA, which stands for the zone's default.
void write_timeouts(Scratch& scratch, dns::RrType timeout_type);

/// For a zone that was loaded or transferred and is ours to expire: the change that gives its
/// records the leases that its TIMEOUT records tell. Records without one keep what they have.
zone::ZoneChange adopt_timeouts(const zone::Zone& zone, dns::RrType timeout_type);

}  // namespace kith::update
