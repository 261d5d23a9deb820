#pragma once
// Dynamic update (RFC 2136, 3007) as a function: a zone, a message, who sent it and what they may
// do give an RCODE and a change. Nothing is written: the caller applies the change, journals it,
// publishes it and then answers (§3.5).
//
// Order of work: prerequisites (§3.2), permissions (§3.3), prescan (§3.4.1), update (§3.4.2). Who has
// no rule at all is refused before the prerequisites, which would tell them what is in the zone.

#include <optional>

#include "base/time.hpp"
#include "update/limits.hpp"
#include "update/policy.hpp"
#include "update/update_message.hpp"
#include "zone/change.hpp"

namespace kith::update {

struct LeaseBounds {
    std::uint32_t seconds_min = lease_seconds_min;
    std::uint32_t seconds_max = lease_seconds_max;
    std::uint32_t key_seconds_max = key_lease_seconds_max;
    /// Without a lease in the message, records get this one; 0: they stay until they are deleted.
    std::uint32_t default_seconds = 0;
};

/// What an operator decides for a zone.
struct UpdateRules {
    Policy policy;
    LeaseBounds leases;
    /// Type of TIMEOUT records (draft-ietf-dnsop-update-timeout), which has no number assigned: one
    /// of 65280..65534; 0: leases are kept by us only, and clients cannot set TIMEOUT records.
    RrType timeout_type{};
    zone::Bounds bounds = zone::change_bounds;
    std::size_t zone_records_max = update::zone_records_max;
    /// Records of the DNSSEC signer may be written by clients that a rule names them to: for zones
    /// that are signed elsewhere. Otherwise rules that name them have no effect.
    bool is_signed_here = false;
    /// The signer makes CSYNC too (RFC 7477), or sees to it that there is none.
    bool makes_csync = false;
    /// SIG(0) by a key of the zone's DNSKEY RRset speaks for the zone's name.
    bool takes_zone_keys = false;
};

struct UpdateOutcome {
    /// NOERROR, also when nothing had to change; else why not.
    Refusal refusal;
    /// What changes, from the zone's serial on. `to_serial` equals `from_serial` and is the
    /// caller's to choose, unless has_serial: then the client gave it (§3.4.2.2, §3.6), a SOA with
    /// it is among the added, and it lies above the zone's.
    zone::ZoneChange change;
    bool has_serial = false;
    /// Leases were renewed and nothing else changed: the serial must stay (RFC 9664 §5.3).
    bool only_leases = false;
    std::optional<Lease> granted;  // for the response (RFC 9664 §4.3)

    bool is_good() const { return refusal.rcode == Rcode::NOERROR; }
    bool changes() const { return !change.removed.empty() || !change.added.empty(); }
};

/// Works out what `message` does to `zone`, whose apex and class are the message's (else NOTAUTH).
/// `now` is for leases. Costs about the size of the names it touches.
UpdateOutcome run_update(const zone::Zone& zone, const UpdateMessage& message,
                         const Requester& requester, const UpdateRules& rules, UnixTime now);

/// Writes the response to an UPDATE: header, zone section, and in OPT, when the request had one,
/// the lease granted and the reason as an Extended DNS Error. `reserve` bytes stay free for a TSIG.
/// `buffer` has at least 512 bytes. `request` need not be a good message; when it has no header
/// there is no answer: empty.
Bytes write_update_response(MutableBytes buffer, std::size_t limit, Bytes request, Rcode rcode,
                            const Refusal* refusal, const std::optional<Lease>& granted,
                            std::size_t reserve);

}  // namespace kith::update
