#include "discovery/dnssd/enumeration.hpp"

#include <fmt/format.h>

#include <array>

#include "base/check.hpp"
#include "discovery/mdns/names.hpp"
#include "dns/registry.hpp"

namespace kith::discovery::dnssd {
namespace {

struct KindRow {
    DomainKind kind;
    std::string_view label;
};
constexpr KindRow kinds[] = {
    {DomainKind::browse, "b"},         {DomainKind::browse_default, "db"},
    {DomainKind::registering, "r"},    {DomainKind::register_default, "dr"},
    {DomainKind::legacy_browse, "lb"},
};

dns::Text<dns::Name> prefixed(std::string_view first, dns::NameView domain) {
    dns::NameBuilder name;
    if (!name.append(as_bytes(first)) || !name.append(as_bytes("_dns-sd")) ||
        !name.append(as_bytes("_udp")) || !name.append(domain)) {
        return std::unexpected(
            dns::TextError{fmt::format("'{}' is too long to ask what is in it", domain.to_text())});
    }
    return name.finish();
}

}  // namespace

std::string_view domain_kind_label(DomainKind kind) {
    for (const KindRow& row : kinds) {
        if (row.kind == kind) return row.label;
    }
    KITH_CHECK(false);
}

std::optional<DomainKind> parse_domain_kind(std::string_view label) {
    for (const KindRow& row : kinds) {
        if (dns::equal_ignoring_case(row.label, label)) return row.kind;
    }
    return std::nullopt;
}

dns::Text<dns::Name> type_enumeration_name(dns::NameView domain) {
    return prefixed("_services", domain);
}

dns::Text<dns::Name> domain_enumeration_name(DomainKind kind, dns::NameView domain) {
    return prefixed(domain_kind_label(kind), domain);
}

dns::Name reverse_name(const IpAddress& address) {
    KITH_CHECK(address.family() != IpFamily::none);
    return mdns::reverse_name(address);
}

std::optional<dns::Name> address_domain(const IpPrefix& network) {
    if (network.length == 0 || network.address.family() == IpFamily::none ||
        network.address.is_link_local())
        return std::nullopt;
    std::array<std::uint8_t, 16> base{};
    const Bytes bytes = network.address.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int bits = std::min(8, std::max(0, network.length - static_cast<int>(8 * i)));
        base[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> bits));
    }
    return reverse_name(*IpAddress::from_bytes({base.data(), bytes.size()}));
}

bool is_link_local_name(dns::NameView name) { return mdns::is_multicast_name(name, {}); }

std::vector<dns::NameView> link_local_domains() {
    return {mdns::multicast_domains().begin(), mdns::multicast_domains().end()};
}

dns::NameView local_domain() { return mdns::multicast_domains().front(); }

}  // namespace kith::discovery::dnssd
