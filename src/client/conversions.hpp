#pragma once
// Between the values of the public header, which stands alone, and those of dnssd. Internal to client.

#include "client/discovery.hpp"
#include "discovery/dnssd/session.hpp"

namespace kith::client {

std::string without_dot(std::string text);
/// An empty text is `local`.
dns::Text<dns::Name> read_domain(std::string_view text);
dns::Text<discovery::dnssd::InstanceName> read_name(const ServiceName& name);
dns::Text<std::vector<std::uint8_t>> txt_rdata(const std::vector<TxtPair>& pairs);
IpAddress to_ip(const Address& address);

ServiceName from(const discovery::dnssd::InstanceName& name);
Address from(const discovery::dnssd::ScopedAddress& at);
Target from(const discovery::dnssd::Srv& srv);
std::vector<TxtPair> from(const discovery::dnssd::Txt& txt);
discovery::dnssd::Scope from(Scope scope);
Change from(discovery::dnssd::Change change);

}  // namespace kith::client
