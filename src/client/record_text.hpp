#pragma once
// Between the texts of zones.hpp and the values of zone. Internal to client.

#include "client/zones.hpp"
#include "dns/name.hpp"
#include "dns/rr_type.hpp"
#include "zone/change.hpp"

namespace kith::client {

std::unexpected<Error> error_of(ErrorKind kind, std::string text);
/// `what` says whose name it is.
Expected<dns::Name> read_name(std::string_view what, const std::string& text);
/// A type that zones hold.
Expected<dns::RrType> read_type(const std::string& text);
Expected<zone::Record> read_record(const Record& record);
/// Records of one owner and type, at least one.
Expected<std::vector<zone::Record>> read_rrset(const std::vector<Record>& rrset);

Record from(dns::NameView owner, dns::RrType type, std::uint32_t ttl, Bytes rdata);
ZoneDifference from(const zone::ZoneChange& change);

}  // namespace kith::client
