#pragma once
// The well-known names of DNS-SD (RFC 6763 §9, §11): which types are there, which domains to browse
// and register in.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/name.hpp"
#include "dns/wire_error.hpp"

namespace kith::discovery::dnssd {

/// RFC 6763 §11, with the label that asks for each.
enum class DomainKind : std::uint8_t {
    browse,            // b
    browse_default,    // db
    registering,       // r
    register_default,  // dr
    legacy_browse,     // lb: for clients that know no other way
};

/// `b`, `db`, `r`, `dr`, `lb`.
std::string_view domain_kind_label(DomainKind kind);
std::optional<DomainKind> parse_domain_kind(std::string_view label);

/// `_services._dns-sd._udp.<domain>`: PTR records to the types there (§9). Error: over 255 bytes.
dns::Text<dns::Name> type_enumeration_name(dns::NameView domain);
/// `b._dns-sd._udp.<domain>` and its like (§11).
dns::Text<dns::Name> domain_enumeration_name(DomainKind kind, dns::NameView domain);

/// The domain under which domains are found for machines of this network: the reverse name of its
/// base address, host bits zero (§11). nullopt for link-local networks, where nobody could
/// answer for the name (§11), and for an empty prefix.
std::optional<dns::Name> address_domain(const IpPrefix& network);

/// `4.3.2.1.in-addr.arpa.`, `...ip6.arpa.`; requires an address.
dns::Name reverse_name(const IpAddress& address);

/// True for names that are asked by multicast: under `local`, and the reverse names of link-local
/// addresses (RFC 6762 §3, §4).
bool is_link_local_name(dns::NameView name);

/// The domains that is_link_local_name() is about.
std::vector<dns::NameView> link_local_domains();

/// `local.`
dns::NameView local_domain();

}  // namespace kith::discovery::dnssd
