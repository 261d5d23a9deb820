#pragma once
// Serial numbers of zones and the numbers of a SOA.

#include "base/bytes.hpp"
#include "dns/serial.hpp"

namespace kith::transfer {

using dns::compare_serials;
using dns::is_newer;
using dns::SerialOrder;

/// The five numbers at the end of a SOA's RDATA (RFC 1035 §3.3.13), in seconds but for the serial.
struct SoaNumbers {
    std::uint32_t serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0;

    friend bool operator==(const SoaNumbers&, const SoaNumbers&) = default;
};

/// Requires checked RDATA of a SOA (dns::check_rdata), uncompressed.
inline SoaNumbers read_soa_numbers(Bytes rdata) {
    const std::uint8_t* at = rdata.data() + rdata.size() - 20;
    return {load_u32(at), load_u32(at + 4), load_u32(at + 8), load_u32(at + 12), load_u32(at + 16)};
}

}  // namespace kith::transfer
