#include "zone/fault.hpp"

#include <cstddef>
#include <iterator>

namespace kith::zone {
namespace {

struct FaultRow {
    ZoneFault fault;
    std::string_view name, text;
};

constexpr FaultRow rows[] = {
    {ZoneFault::out_of_zone, "out_of_zone", "the owner is not in the zone"},
    {ZoneFault::meta_type, "meta_type", "a type that cannot be stored in a zone"},
    {ZoneFault::rdata_size, "rdata_size",
     "RDATA that is longer than 65535 bytes or too short for its type"},
    {ZoneFault::no_soa, "no_soa", "expected one SOA record at the apex, found none"},
    {ZoneFault::second_soa, "second_soa", "a second SOA record that differs from the first"},
    {ZoneFault::soa_below_apex, "soa_below_apex", "a SOA record below the apex"},
    {ZoneFault::second_cname, "second_cname", "a second CNAME at the same name"},
    {ZoneFault::cname_and_other, "cname_and_other",
     "a CNAME beside other records of the same name"},
    {ZoneFault::second_dname, "second_dname", "a second DNAME at the same name"},
    {ZoneFault::dname_at_cut, "dname_at_cut", "a DNAME beside NS records below the apex"},
    {ZoneFault::too_many_types, "too_many_types", "too many record types at one name"},
    {ZoneFault::too_many_records, "too_many_records", "too many records of one name and type"},
    {ZoneFault::rrset_too_large, "rrset_too_large",
     "records of one name and type that do not fit in a message"},
    {ZoneFault::duplicate, "duplicate", "the same record again; kept once"},
    {ZoneFault::ttl_differs, "ttl_differs", "TTLs of one name and type differ; the lowest is used"},
    {ZoneFault::wrong_zone, "wrong_zone", "a change for another zone"},
    {ZoneFault::wrong_serial, "wrong_serial",
     "a change that does not follow the serial of the zone"},
    {ZoneFault::not_there, "not_there", "a change that removes a record the zone does not have"},
};

constexpr bool rows_are_in_order() {
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        if (static_cast<std::size_t>(rows[i].fault) != i) return false;
    }
    return std::size(rows) == static_cast<std::size_t>(ZoneFault::not_there) + 1;
}
static_assert(rows_are_in_order(), "every fault has its row, in the order of the enum");

}  // namespace

std::string_view fault_name(ZoneFault fault) { return rows[static_cast<std::size_t>(fault)].name; }
std::string_view fault_text(ZoneFault fault) { return rows[static_cast<std::size_t>(fault)].text; }

}  // namespace kith::zone
