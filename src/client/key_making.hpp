#pragma once
// What a new key is, for the library and `kith key`. Internal to client and cli.

#include <optional>
#include <string_view>

#include "files/key_files.hpp"

namespace kith::client {

inline constexpr std::uint16_t host_flags =
    0x0200;  // RFC 2535 §3.1.2: a key of a host, as SIG(0) uses it

/// A key that is published and signs from `now` on; with host_flags a KEY record, without such times.
files::StoredKey new_stored_key(const dns::Name& owner, std::uint32_t ttl, dnssec::ZoneKey key,
                                UnixTime now);

/// "sha256", "2" and so on.
std::optional<dnssec::DsDigest> parse_digest(std::string_view text);

}  // namespace kith::client
