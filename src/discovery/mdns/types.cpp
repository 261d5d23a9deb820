#include "discovery/mdns/types.hpp"

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/names.hpp"

namespace kith::discovery::mdns {

Endpoint group(IpFamily family, std::uint32_t interface) {
    if (family == IpFamily::v4) return {IpAddress::v4(224, 0, 0, 251), port, 0};
    constexpr std::uint8_t all[16] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb};
    return {*IpAddress::from_bytes(all), port, interface};
}

std::uint32_t default_ttl(dns::RrType type, dns::NameView name) {
    switch (type) {
        case dns::RrType::A:
        case dns::RrType::AAAA:
        case dns::RrType::SRV:
        case dns::RrType::HINFO: return host_ttl;
        case dns::RrType::PTR: return is_reverse_name(name) ? host_ttl : other_ttl;
        default: return other_ttl;
    }
}

std::string_view describe(RegisterFault fault) {
    switch (fault) {
        case RegisterFault::no_records: return "there are no records to register";
        case RegisterFault::several_unique_names: return "the unique records have several names";
        case RegisterFault::bad_rdata: return "the data of a record does not fit its type";
        case RegisterFault::bad_type: return "records of this type cannot be registered";
        case RegisterFault::name_taken: return "another registration here has this name";
        case RegisterFault::too_many: return "too many records are registered";
        case RegisterFault::unknown_id: return "there is no such registration or record";
    }
    return "";
}

}  // namespace kith::discovery::mdns
