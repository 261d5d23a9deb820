#include "discovery/dnssd/service.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "discovery/dnssd/enumeration.hpp"
#include "discovery/dnssd/limits.hpp"
#include "dns/message_text.hpp"

namespace kith::discovery::dnssd {
namespace {

dns::Name name(std::string_view text) { return *dns::Name::from_text(text); }

Service web() {
    Service out;
    out.instance = "Web";
    out.type = *ServiceType::from_text("_http._tcp");
    out.port = 80;
    return out;
}

std::vector<std::string> lines(const Service& service) {
    std::vector<std::string> out;
    const auto records = make_records(service, name("nas.local."));
    if (!records) return {records.error().text};
    for (const ServiceRecord& record : *records) {
        std::string line =
            dns::to_text(record.owner, record.type, dns::RrClass::IN, record.ttl, record.rdata);
        std::ranges::replace(line, '\t', ' ');
        out.push_back(line + (record.sharing == Sharing::unique ? " unique" : " shared"));
    }
    return out;
}

// 6763-05, -06, -13, -15: SRV, a TXT always, PTRs of type, subtypes and the type's own.
TEST(Service, Records6763_05_13_15) {
    Service service = web();
    service.subtypes = {"_printer"};
    const std::vector<std::string> expected = {
        "Web._http._tcp.local. 120 IN SRV 0 0 80 nas.local. unique",
        "Web._http._tcp.local. 4500 IN TXT \"\" unique",
        "_http._tcp.local. 4500 IN PTR Web._http._tcp.local. shared",
        "_printer._sub._http._tcp.local. 4500 IN PTR Web._http._tcp.local. shared",
        "_services._dns-sd._udp.local. 4500 IN PTR _http._tcp.local. shared",
    };
    EXPECT_EQ(lines(service), expected);
}

// 6763-04: a single SRV says 0 0 unless its owner says otherwise.
TEST(Service, SrvNumbers6763_04) {
    Service service = web();
    service.priority = 1;
    service.weight = 5;
    service.host = name("other.example.");
    EXPECT_EQ(lines(service)[0], "Web._http._tcp.local. 120 IN SRV 1 5 80 other.example. unique");
}

// 6763-14: only the name is claimed, and nobody finds it.
TEST(Service, PlaceholderHasNoPtr6763_14) {
    Service service = web();
    service.presence = Presence::name_only;
    service.priority = 7;
    const std::vector<std::string> expected = {
        "Web._http._tcp.local. 120 IN SRV 0 0 0 nas.local. unique",
        "Web._http._tcp.local. 4500 IN TXT \"\" unique",
    };
    EXPECT_EQ(lines(service), expected);
}

TEST(Service, RefusesWhatItsOwnerGotWrong) {
    Service service = web();
    service.instance = "a\nb";
    EXPECT_FALSE(check_service(service).has_value());
    service = web();
    service.type = *ServiceType::from_text("_amazonecho-remote._tcp");
    EXPECT_FALSE(check_service(service).has_value()) << "6763-12";
    service = web();
    service.subtypes.assign(subtypes_max + 1, "_x");
    EXPECT_FALSE(check_service(service).has_value());
    service.subtypes = {std::string(64, 'x')};
    EXPECT_FALSE(check_service(service).has_value()) << "6763-13";
    service = web();
    service.txt = {{}};
    EXPECT_FALSE(check_service(service).has_value()) << "6763-06: TXT without a string";
    service.txt = {{5, 'a'}};
    EXPECT_FALSE(check_service(service).has_value()) << "a string cut short";
    service.txt = {std::vector<std::uint8_t>(txt_bytes_register_max + 1, 0)};
    EXPECT_FALSE(check_service(service).has_value()) << "6763-10";
    service.txt.assign(txt_records_max + 1, {0});
    EXPECT_FALSE(check_service(service).has_value()) << "6763-11";
    service = web();
    std::string deep = "a";
    for (int i = 0; i < 60; ++i) deep += ".abc";
    service.domain = name(deep);
    EXPECT_FALSE(make_records(service, name("h.local.")).has_value()) << "over 255 bytes";
}

// 6763-15, -16: the names of enumeration.
TEST(Enumeration, Names6763_15_16) {
    EXPECT_EQ(type_enumeration_name(local_domain())->to_text(), "_services._dns-sd._udp.local.");
    EXPECT_EQ(domain_enumeration_name(DomainKind::browse, name("example."))->to_text(),
              "b._dns-sd._udp.example.");
    EXPECT_EQ(domain_enumeration_name(DomainKind::legacy_browse, name("example."))->to_text(),
              "lb._dns-sd._udp.example.");
    EXPECT_EQ(parse_domain_kind("DR"), DomainKind::register_default);
    EXPECT_EQ(parse_domain_kind("x"), std::nullopt);
}

// 6763-16, -17: the network's base address, and never a link-local one.
TEST(Enumeration, AddressDomains6763_16_17) {
    const auto domain = [](std::string_view prefix) {
        const auto out = address_domain(*IpPrefix::from_text(prefix));
        return out ? out->to_text() : std::string("none");
    };
    EXPECT_EQ(domain("192.0.2.77/24"), "0.2.0.192.in-addr.arpa.");
    EXPECT_EQ(domain("10.11.12.13/12"), "0.0.0.10.in-addr.arpa.");
    EXPECT_EQ(domain("2001:db8:1:2:3::9/64"),
              "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
    EXPECT_EQ(domain("169.254.3.4/16"), "none");
    EXPECT_EQ(domain("fe80::1/64"), "none");
}

// 6762-02 as we use it: which names are asked by multicast.
TEST(Enumeration, LinkLocalNames) {
    for (const char* text : {"local.", "a.LOCAL.", "1.0.254.169.in-addr.arpa.", "8.e.f.ip6.arpa.",
                             "1.b.e.f.ip6.arpa."}) {
        EXPECT_TRUE(is_link_local_name(name(text))) << text;
    }
    for (const char* text :
         {"localx.", "local.example.", "1.253.169.in-addr.arpa.", "c.e.f.ip6.arpa.", "."}) {
        EXPECT_FALSE(is_link_local_name(name(text))) << text;
    }
}

}  // namespace
}  // namespace kith::discovery::dnssd
