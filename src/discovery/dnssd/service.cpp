#include "discovery/dnssd/service.hpp"

#include <fmt/format.h>

#include "discovery/dnssd/enumeration.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/srv.hpp"

namespace kith::discovery::dnssd {
namespace {

using dns::RrType;
using dns::Text;

std::unexpected<dns::TextError> error(std::string text) {
    return std::unexpected(dns::TextError{std::move(text)});
}

std::vector<std::uint8_t> name_rdata(dns::NameView name) {
    return {name.wire().begin(), name.wire().end()};
}

/// Every string of a TXT record ends inside it, and there is at least one (RFC 6763 §6.1).
bool is_whole_txt(Bytes rdata) {
    if (rdata.empty()) return false;
    while (!rdata.empty()) {
        if (rdata.size() < 1U + rdata[0]) return false;
        rdata = rdata.subspan(1U + rdata[0]);
    }
    return true;
}

Text<void> check_txt(const Service& service) {
    if (service.txt.size() > txt_records_max)
        return error(fmt::format("a service has at most {} TXT records, found {}", txt_records_max,
                                 service.txt.size()));
    for (const auto& rdata : service.txt) {
        if (rdata.size() > txt_bytes_register_max) {
            return error(fmt::format(
                "a TXT record has at most {} bytes here, found {}; RFC 6763 §6.2 advises 1300",
                txt_bytes_register_max, rdata.size()));
        }
        if (!is_whole_txt(rdata))
            return error(
                "a TXT record is a row of strings, each behind its length; found bytes that are not");
    }
    return {};
}

}  // namespace

InstanceName Service::name() const {
    return {instance, type, domain.is_root() ? dns::Name(local_domain()) : domain};
}

Text<void> check_service(const Service& service) {
    KITH_TRY_VOID(check_instance(service.instance));
    KITH_TRY_VOID(service.type.check());
    if (service.subtypes.size() > subtypes_max)
        return error(fmt::format("a service has at most {} subtypes, found {}", subtypes_max,
                                 service.subtypes.size()));
    for (const std::string& subtype : service.subtypes) {
        if (subtype.empty() || subtype.size() > dns::label_bytes_max) {
            return error(fmt::format("a subtype has 1 to 63 bytes (RFC 6763 §7.2), '{}' has {}",
                                     printable(subtype), subtype.size()));
        }
    }
    return check_txt(service);
}

Text<std::vector<ServiceRecord>> make_records(const Service& service, dns::NameView this_host) {
    KITH_TRY_VOID(check_service(service));
    const InstanceName instance = service.name();
    KITH_TRY(const dns::Name owner, instance.to_name());
    const dns::Name host = service.host.is_root() ? dns::Name(this_host) : service.host;
    std::vector<ServiceRecord> out;
    const Srv srv = service.presence == Presence::name_only
                        ? Srv{0, 0, 0, host}
                        : Srv{service.priority, service.weight, service.port, host};
    out.push_back({owner, RrType::SRV, host_ttl, srv.to_rdata(), Sharing::unique});
    for (const auto& rdata : service.txt)
        out.push_back({owner, RrType::TXT, other_ttl, rdata, Sharing::unique});
    if (service.txt.empty()) out.push_back({owner, RrType::TXT, other_ttl, {0}, Sharing::unique});
    if (service.presence == Presence::name_only) return out;

    TypeSelector selector{{}, service.type};
    KITH_TRY(const dns::Name type_name, selector.browse_name(instance.domain));
    KITH_TRY(const dns::Name types_name, type_enumeration_name(instance.domain));
    out.push_back({type_name, RrType::PTR, other_ttl, name_rdata(owner), Sharing::shared});
    for (const std::string& subtype : service.subtypes) {
        selector.subtype = subtype;
        KITH_TRY(const dns::Name subtype_name, selector.browse_name(instance.domain));
        out.push_back({subtype_name, RrType::PTR, other_ttl, name_rdata(owner), Sharing::shared});
    }
    out.push_back({types_name, RrType::PTR, other_ttl, name_rdata(type_name), Sharing::shared});
    return out;
}

}  // namespace kith::discovery::dnssd
