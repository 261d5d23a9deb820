#pragma once
// Bounds of what one zone may hold. Reaching one refuses the record or the change that would pass
// it, with the fault of the same meaning (fault.hpp).

#include <cstddef>
#include <cstdint>

namespace kith::zone {

/// How much one name may hold. Every answer walks RRsets of its name and records of its RRset, so
/// whoever may add records decides what a query costs (CVE-2024-1737, CVE-2024-11187).
struct Bounds {
    std::size_t types_per_name;
    std::size_t records_per_rrset;
};

// For zones the operator writes. No larger RRset fits in a message: a record of a type as short as
// A takes 16 of its 65,535 bytes. Types: what one byte of a node counts.
inline constexpr Bounds file_bounds{.types_per_name = 255, .records_per_rrset = 4096};

// For changes that come from outside: dynamic update, transfers, learned names.
inline constexpr Bounds change_bounds{.types_per_name = 100, .records_per_rrset = 256};

// Wire size of an RRset with compressed owners, 12 bytes and RDATA per record: a message of 65,535
// bytes less its header and the largest question, so that any RRset here can be answered over TCP.
inline constexpr std::size_t rrset_bytes_max = 65535 - 12 - 259;

// Problems ZoneBuilder keeps in detail; the rest is counted. A person reads no more in one go.
inline constexpr std::size_t problems_max = 1000;

}  // namespace kith::zone
