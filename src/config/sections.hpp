#pragma once
// The sections of a configuration and their tables, in the order of the manual.

#include "config/settings.hpp"

namespace kith::config {

/// Calls `action` with each section: where it stands, such as `zones.<name>.soa` (empty: the top
/// level), its name in the JSON Schema, a sentence about it, and its table of settings.
template <class Action>
void each_section(const Action& action) {
    action("", "document", "The file is one JSON object with these keys, all optional.",
           document_fields);
    action("server", "server", "What the server does.", server_fields);
    action(
        "zones.<name>", "zone",
        "One zone; its key is the zone's name. `{}` is enough: SOA and NS are made from defaults.",
        zone_fields);
    action("zones.<name>.soa", "soa", "The SOA record of a zone (RFC 1035 §3.3.13).", soa_fields);
    action("zones.<name>.transfer", "transfer",
           "Zone transfers (RFC 5936, RFC 1995) and notifications (RFC 1996).", transfer_fields);
    action("zones.<name>.dnssec", "dnssec", "Signing (RFC 4035).", dnssec_fields);
    action("keys.<name>", "key", "One TSIG key; its key is the name both sides use.", key_fields);
    action("discovery", "discovery",
           "Service discovery on the machine's links (RFC 6762, RFC 6763).", discovery_fields);
    action("discovery.services[]", "service", "One service each.", service_fields);
    action("discovery.reflect[]", "reflect", "One rule each.", reflection_fields);
    action("records[]", "record", "One record each.", record_fields);
    action("rewrites[]", "rewrite", "One rule each.", rewrite_fields);
}

/// `zones.<name>.transfer` and `primaries` as one path.
inline std::string path_of(std::string_view section, std::string_view key) {
    return section.empty() ? std::string(key) : std::string(section) + '.' + std::string(key);
}

}  // namespace kith::config
