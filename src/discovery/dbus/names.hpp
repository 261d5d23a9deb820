#pragma once
// Domain names and records as the daemons write them in D-Bus messages, and what both back-ends do
// with published records.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/dnssd/service.hpp"
#include "dns/name.hpp"

namespace kith::discovery::dbus {

/// No final dot; letters, digits, `-` and `_` as they are, dots and backslashes of a label with a
/// backslash, every other byte as \DDD, which both daemons read. nullopt for a label with a zero byte,
/// which neither takes; the root is `.`.
std::optional<std::string> name_to_bus(dns::NameView name);

/// The reverse, of any bytes: labels may also hold UTF-8 and blanks as they are. nullopt: an empty
/// label, a broken escape, a label over 63 or a name over 255 bytes, a zero byte.
std::optional<dns::Name> name_from_bus(std::string_view text);

/// The name that all unique records of a publication have; the root when it has none.
dns::Name unique_name(const std::vector<dnssd::ServiceRecord>& records);

/// Puts `to` where records are owned by `from` or point to it.
void rename_records(std::vector<dnssd::ServiceRecord>& records, dns::NameView from,
                    dns::NameView to);

/// What mdns::next_name() makes of an instance; nullopt for the root, and when there is no room for another.
std::optional<dns::Name> next_name(dns::NameView name);

}  // namespace kith::discovery::dbus
