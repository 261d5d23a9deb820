#pragma once
// Bounds of DNS-SD. Each has a defined behavior at the bound and a test.

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace kith::discovery::dnssd {

inline constexpr std::size_t instance_bytes_max = 63;     // one label, RFC 6763 §4.1.1
inline constexpr std::size_t service_chars_max = 15;      // RFC 6335 §5.1, without the underscore
inline constexpr std::size_t txt_string_bytes_max = 255;  // one length byte, RFC 6763 §6.1

// A TXT record longer than this does not fit a packet with the rest (RFC 6763 §6.2); registering
// one is refused. What others send is read up to the 65,535 bytes of RDATA.
inline constexpr std::size_t txt_bytes_register_max = 8'900;
// From here on `kith check` and the tools advise to say less (RFC 6763 §6.2).
inline constexpr std::size_t txt_bytes_advised_max = 1'300;
// Pairs of one TXT record that are kept; what follows is not looked at. Real ones have under forty.
inline constexpr std::size_t txt_entries_max = 1'024;

// Subtypes and TXT records of one registered service; more is refused.
inline constexpr std::size_t subtypes_max = 32;
inline constexpr std::size_t txt_records_max = 8;

// Operations (browse, resolve, register, query ...) of one session; start_...() refuses more. A
// network browser shows a few hundred services, each with a resolve.
inline constexpr std::size_t operations_max = 8'192;

// Instances one browse reports per session; a flood of made-up names stops here. Those beyond are
// counted and not reported.
inline constexpr std::size_t instances_per_browse_max = 16'384;

// SRV records, TXT records and addresses per target of one instance on one interface that a resolve
// keeps; more is ignored. RFC 2782 lists of real services have under ten, hosts under twenty addresses.
inline constexpr std::size_t srv_per_instance_max = 16;
inline constexpr std::size_t addresses_per_target_max = 32;
// Interfaces one resolve keeps apart.
inline constexpr std::size_t interfaces_per_resolve_max = 64;

// How long a resolve waits for a TXT record and for the other address family before it reports what
// it has: servers that add nothing are legal (RFC 6763 §12), and so is a missing TXT (§6.1).
inline constexpr Duration resolve_patience = 1s;

// Names tried for one service before registration is given up. RFC 6762 §9 asks for an error to the
// operator after a minute of trying; each attempt takes 0.75 s.
inline constexpr int rename_tries_max = 80;

// A service file, and how deep its XML may nest (Avahi's has three levels).
inline constexpr std::size_t service_file_bytes_max = 256 << 10;
inline constexpr int service_file_depth_max = 8;
inline constexpr std::size_t services_per_file_max = 64;
inline constexpr std::size_t service_files_max =
    1'024;  // per folder; later names are reported and left out

// ---- unicast DNS-SD
// Questions to one server at once; start_query() refuses more.
inline constexpr std::size_t unicast_queries_max = 4'096;
// Records of one answer that are kept; browsing a large site gives hundreds. More is ignored.
inline constexpr std::size_t unicast_records_max = 4'096;
// Aliases followed inside one answer.
inline constexpr int unicast_aliases_max = 8;
// The first try waits this long for a reply, each further one twice as long; then it is reported that
// the server says nothing, and asked again after `unicast_failed_wait`.
inline constexpr Duration unicast_wait_first = 1s;
inline constexpr int unicast_tries = 3;
inline constexpr Duration unicast_failed_wait = 30s;
// Answers are asked for again when nine tenths of the shortest TTL have gone, within these bounds:
// below, a TTL of 0 would be a flood; above, a new printer would be seen tomorrow. What needs to be
// seen at once takes DNS Push (RFC 8765).
inline constexpr Duration unicast_poll_min = 5s;
inline constexpr Duration unicast_poll_max = 15min;

}  // namespace kith::discovery::dnssd
