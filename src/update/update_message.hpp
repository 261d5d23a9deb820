#pragma once
// An UPDATE message (RFC 2136 §2) as a value: its zone, prerequisites and updates, and the lease
// asked for (RFC 9664 §4).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dns/message.hpp"

namespace kith::update {

using dns::Name;
using dns::NameView;
using dns::Rcode;
using dns::RrClass;
using dns::RrType;

/// Why an update is not done: what the client gets, and what the log and the client's person get
/// to read (as an Extended DNS Error).
struct Refusal {
    Rcode rcode = Rcode::NOERROR;
    std::string reason;  // what was expected, what was found, in which record; no full stop
    dns::EdeCode ede = dns::EdeCode::other;
};

/// One record of the prerequisite or update section. The class says what it means (§2.4, §2.5).
struct UpdateRecord {
    Name owner;
    RrType type{};
    RrClass klass{};
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;  // uncompressed and checked; empty: RDLENGTH 0

    friend bool operator==(const UpdateRecord&, const UpdateRecord&) = default;
};

/// The lease a client asks for, or a server grants, in seconds.
struct Lease {
    std::uint32_t seconds = 0;
    std::optional<std::uint32_t> key_seconds;  // of KEY records; none: the 4-byte form

    friend bool operator==(const Lease&, const Lease&) = default;
};

/// Reads the value of option 2; nullopt when it is not 4 or 8 bytes.
std::optional<Lease> read_lease(Bytes option);
/// The value of option 2: 4 bytes, or 8 when there is a lease of keys.
std::vector<std::uint8_t> write_lease(const Lease& lease);

struct UpdateMessage {
    std::uint16_t id = 0;
    Name zone;
    RrClass zone_class = RrClass::IN;
    std::vector<UpdateRecord> prerequisites;
    std::vector<UpdateRecord> updates;
    std::optional<Lease> lease;
};

/// The zone an UPDATE is for, without reading the rest: for routing it to the thread that owns the
/// zone, and forwarding. FORMERR as read_update() for what it looks at.
Result<dns::Question, Refusal> read_update_zone(Bytes message);

/// Reads an UPDATE as it came. Fails with FORMERR: not a message, QR set or another opcode, a zone
/// section that is not exactly one SOA question (§3.1.1), RDATA that does not fit its type, a lease
/// option of a wrong size, or more than limits.hpp allows. Rules that need the zone are apply's.
/// What stands in the additional section is passed over: TSIG and SIG(0) belong to auth/.
Result<UpdateMessage, Refusal> read_update(Bytes message);

/// "add host.example. 300 A 192.0.2.1", "delete host.example. A", "prereq nxdomain host.example.":
/// as the language of `kith update` has it, for logs.
std::string update_text(const UpdateRecord& record, RrClass zone_class);
std::string prerequisite_text(const UpdateRecord& record, RrClass zone_class);

}  // namespace kith::update
