#pragma once
// Why a record or a change is refused by a zone.

#include <cstdint>
#include <string_view>

namespace kith::zone {

enum class ZoneFault : std::uint8_t {
    out_of_zone,       // the owner is not under the apex
    meta_type,         // a type that is never stored (OPT, ANY, TSIG ...)
    rdata_size,        // over 65,535 bytes, or too short for the serial of a SOA
    no_soa,            // the apex has no SOA (RFC 1035 §5.2)
    second_soa,        // two different SOA records
    soa_below_apex,    // SOA elsewhere than at the apex
    second_cname,      // two different CNAME records at one name (RFC 1034 §3.6.2)
    cname_and_other,   // CNAME beside other types (RFC 1034 §3.6.2, RFC 4034 §3 and §4)
    second_dname,      // two different DNAME records at one name (RFC 6672 §2.4)
    dname_at_cut,      // DNAME beside NS below the apex (RFC 6672 §2.4)
    too_many_types,    // over Bounds::types_per_name
    too_many_records,  // over Bounds::records_per_rrset
    rrset_too_large,   // over rrset_bytes_max
    duplicate,         // the same record twice; kept once
    ttl_differs,       // TTLs of one RRset differ (RFC 2181 §5.2); the lowest is used
    wrong_zone,        // a change for another apex
    wrong_serial,      // a change that starts from another serial, or that disagrees with its SOA
    not_there,         // a change removes a record the zone does not have
};

/// Stable lower-case word of a fault, for messages and metrics.
std::string_view fault_name(ZoneFault fault);
/// The fault in words: what was found and what is expected.
std::string_view fault_text(ZoneFault fault);
/// True for duplicate and ttl_differs: the zone is used all the same.
constexpr bool is_harmless(ZoneFault fault) {
    return fault == ZoneFault::duplicate || fault == ZoneFault::ttl_differs;
}

}  // namespace kith::zone
