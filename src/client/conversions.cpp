#include "client/conversions.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "net/socket_address.hpp"

namespace kith::client {

namespace dnssd = discovery::dnssd;

std::string without_dot(std::string text) {
    if (text.size() > 1 && text.ends_with('.')) text.pop_back();
    return text;
}

dns::Text<dns::Name> read_domain(std::string_view text) {
    if (text.empty()) return dns::Name(dnssd::local_domain());
    auto name = dns::Name::from_text(text);
    if (!name)
        return std::unexpected(
            dns::TextError{fmt::format("'{}' is no domain: {}", printable(text), name.error().text),
                           name.error().position});
    return *name;
}

ServiceName from(const dnssd::InstanceName& name) {
    return {name.instance, name.type.to_text(), without_dot(name.domain.to_text())};
}

dns::Text<dnssd::InstanceName> read_name(const ServiceName& name) {
    dnssd::InstanceName out;
    out.instance = name.instance;
    KITH_TRY(out.type, dnssd::ServiceType::from_text(name.type));
    KITH_TRY(out.domain, read_domain(name.domain));
    return out;
}

Address from(const dnssd::ScopedAddress& at) {
    Address out;
    out.family = at.address.is_v4() ? Family::ipv4 : Family::ipv6;
    std::ranges::copy(at.address.bytes(), out.bytes.begin());
    if (at.address.is_v6() && at.address.is_link_local()) out.interface = at.ifindex;
    return out;
}

IpAddress to_ip(const Address& address) {
    return *IpAddress::from_bytes(
        {address.bytes.data(), address.family == Family::ipv4 ? 4U : 16U});
}

Target from(const dnssd::Srv& srv) {
    return {without_dot(srv.target.to_text()), srv.port, srv.priority, srv.weight};
}

std::vector<TxtPair> from(const dnssd::Txt& txt) {
    std::vector<TxtPair> out;
    for (const dnssd::TxtEntry& entry : txt.entries()) out.push_back({entry.key, entry.value});
    return out;
}

dns::Text<std::vector<std::uint8_t>> txt_rdata(const std::vector<TxtPair>& pairs) {
    dnssd::Txt txt;
    for (const TxtPair& pair : pairs) {
        std::optional<std::string_view> value;
        if (pair.value) value = *pair.value;
        KITH_TRY_VOID(txt.set(pair.key, value));
    }
    return txt.to_rdata();
}

dnssd::Scope from(Scope scope) {
    const IpFamily family = scope.family == Family::ipv4   ? IpFamily::v4
                            : scope.family == Family::ipv6 ? IpFamily::v6
                                                           : IpFamily::none;
    return {scope.interface, family};
}

Change from(dnssd::Change change) {
    switch (change) {
        case dnssd::Change::added: return Change::added;
        case dnssd::Change::changed: return Change::changed;
        case dnssd::Change::removed: return Change::removed;
    }
    return Change::added;
}

std::string ServiceName::to_text() const {
    const auto name = read_name(*this);
    if (name) return name->to_text();
    return fmt::format("{}.{}.{}", dnssd::escape_instance(instance), type, domain);
}

std::optional<ServiceName> ServiceName::from_text(std::string_view text) {
    const auto name = dnssd::InstanceName::from_text(text);
    if (!name) return std::nullopt;
    return from(*name);
}

std::string Address::to_text() const {
    const std::string text = to_ip(*this).to_text();
    return interface == 0 ? text : fmt::format("{}%{}", text, interface);
}

std::uint32_t Address::to_sockaddr(std::uint16_t port, sockaddr_storage& out) const {
    const net::SocketAddress address(Endpoint{to_ip(*this), port, interface});
    std::memset(&out, 0, sizeof out);
    std::memcpy(&out, &address, address.size());
    return address.size();
}

std::optional<std::vector<TxtPair>> parse_txt(const std::vector<std::string>& strings) {
    const auto txt = dnssd::Txt::from_strings(strings);
    if (!txt) return std::nullopt;
    return from(*txt);
}

std::string printable(std::string_view bytes) { return dnssd::printable(bytes); }

}  // namespace kith::client
