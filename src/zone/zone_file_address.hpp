#pragma once
// The short way for the lines that make up large zones:
//
//   owner [ttl] [IN] A|AAAA address [; comment]        owner may be left out after a blank
//
// It knows exactly these lines and reports nothing: anything else, right or wrong, is left to the
// careful way of zone_file.cpp, which must give the same record for the same line.

#include <array>
#include <cstdint>
#include <optional>

#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "zone/zone_file_owner.hpp"

namespace kith::zone {

struct AddressLine {
    std::optional<std::uint32_t> ttl;  // as written, in seconds
    dns::RrType type = dns::RrType::A;
    std::array<std::uint8_t, 16> address{};
    const char* next = nullptr;  // the first character of the next line

    Bytes rdata() const KITH_LIFETIMEBOUND {
        return {address.data(), type == dns::RrType::A ? 4U : 16U};
    }
};

/// Reads the line at `at` and sets `owner`, if the line names one. False: not such a line; then
/// `owner` is either unchanged or to be read again from this same line. Requires a line feed in
/// [at, end).
bool read_address_line(const char* at, const char* end, dns::NameView origin, Owner& owner,
                       AddressLine& line);

}  // namespace kith::zone
