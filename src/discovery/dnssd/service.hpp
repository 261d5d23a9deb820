#pragma once
// A service to register, and the records that say it (RFC 6763 §4 to §9).

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "discovery/dnssd/service_name.hpp"
#include "dns/rr_type.hpp"

namespace kith::discovery::dnssd {

enum class Presence : std::uint8_t {
    offered,  // found by browsing
    name_only,  // the name is claimed and nobody finds it (RFC 6763 §8); port, priority and weight are 0
};

/// A service as its owner describes it.
struct Service {
    std::string instance;  // UTF-8; renamed when another owns it
    ServiceType type;
    std::vector<std::string> subtypes;  // labels, such as `_printer`
    dns::Name domain;                   // the root: local.
    dns::Name host;                     // where it runs; the root: this machine
    Presence presence = Presence::offered;
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::vector<std::vector<std::uint8_t>>
        txt;                           // RDATA of each TXT record; none: one without pairs
    IpFamily family = IpFamily::none;  // of the links it is registered on; none: both
    std::uint32_t ifindex = 0;         // 0: all

    InstanceName name() const;
};

/// Several hosts may say the same name of a shared record; a unique one has one owner, who probes
/// for it (RFC 6762 §2).
enum class Sharing : std::uint8_t { shared, unique };

/// One record to publish.
struct ServiceRecord {
    dns::Name owner;
    dns::RrType type{};
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;  // uncompressed
    Sharing sharing = Sharing::shared;
    friend bool operator==(const ServiceRecord&, const ServiceRecord&) = default;
};

// RFC 6762 §10: records that name a host live two minutes, others 75.
inline constexpr std::uint32_t host_ttl = 120;
inline constexpr std::uint32_t other_ttl = 4'500;

/// What is wrong with it, for its owner: instance, type, subtypes, TXT; all that the RFCs ask of
/// whoever registers.
dns::Text<void> check_service(const Service& service);

/// SRV and TXT (unique), PTR of type and subtypes and the type's own PTR for enumeration (shared).
/// `host` is used where the service names none. Of name_only only the placeholder SRV 0 0 0 and TXT.
/// NSEC is the responder's. Errors: check_service()'s, and names over 255 bytes.
dns::Text<std::vector<ServiceRecord>> make_records(const Service& service, dns::NameView host);

}  // namespace kith::discovery::dnssd
