#pragma once
// Names of Multicast DNS: which ones are asked there, and what a name becomes that another host has.

#include <span>

#include "discovery/mdns/types.hpp"

namespace kith::discovery::mdns {

/// `local` first, then the reverse names of link-local addresses (RFC 6762 §3, §4).
std::span<const dns::Name> multicast_domains();

/// Under one of multicast_domains() or of `extra`.
bool is_multicast_name(dns::NameView name, std::span<const dns::Name> extra);

/// Under in-addr.arpa or ip6.arpa.
bool is_reverse_name(dns::NameView name);

/// The reverse name of an address (RFC 1035 §3.5, RFC 3596 §2.5).
dns::Name reverse_name(const IpAddress& address);

/// What to try after `name`: `name-2`, `name-3` or `name (2)`, `name (3)` in the first label, which is
/// cut between characters of UTF-8 where it would pass 63 bytes. Requires a style that renames and
/// a name that is not the root.
dns::Name next_name(dns::NameView name, RenameStyle style);

}  // namespace kith::discovery::mdns
