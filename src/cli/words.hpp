#pragma once
// Words that several commands take. A complaint says what was expected and what was found; the
// command puts its name before it.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"

namespace kith::cli {

template <class T>
using Read = Result<T, std::string>;

/// A domain name. The complaint begins with `what`: the option or argument that it is.
Read<dns::Name> read_name(std::string_view what, std::string_view text);

/// A record type by name or as TYPE65280; those that only questions have (ANY, AXFR) too.
Read<dns::RrType> read_type(std::string_view text);

/// The address of a server, with `port` where it is written without one.
Read<Endpoint> read_server(std::string_view text, std::uint16_t port);

/// A time as zone files have it: `3600`, `1h`, `1w2d`. The complaint begins with `what`.
Read<std::uint32_t> read_seconds(std::string_view what, std::string_view text);

/// `--from`: when something is to begin, YYYYMMDDHHMMSS in UTC; empty: now.
Read<UnixTime> read_begin(std::string_view text);

}  // namespace kith::cli
