#pragma once
// Keys whose signing of the DNSKEY, CDS and CDNSKEY RRsets is done elsewhere and ahead of time: the key
// signing key stays in a safe, and the server has signatures for a time to come, in which the keys that
// sign the zone may come and go by their times. The safe needs the DNSKEY records of all of them, and no
// other private half. Other servers call such a bundle a signed key response.

#include <span>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dnssec/key_file.hpp"

namespace kith::dnssec {

/// What the keys do at `now` where those with SEP are elsewhere: as use_by_times(), but only keys with SEP
/// sign the keys, and they are announced by their times. So it is in the safe and at the server.
KeySet use_presigned(std::span<const TimedKey> keys, UnixTime now);

struct PresignPlan {
    Name zone;  // in lower case
    UnixTime from = 0, until = 0;
    UnixTime every = 0;     // at most so long from one signature to the next; above 0
    UnixTime validity = 0;  // of each; above `every`
    std::uint32_t ttl = 0;  // of DNSKEY, CDS and CDNSKEY
};

enum class PresignFault : std::uint8_t {
    no_signing_key,  // at this time no key with SEP has its private half and is active
    no_zone_key,     // at this time no key without SEP is active
    too_many,        // over presigned_max
    library,
};
struct PresignError {
    PresignFault fault{};
    UnixTime at = 0;
};

/// RDATA of RRSIGs for all of the plan's time, by each active key with SEP whose private half is in `keys`.
/// Where the records change, signatures over the new ones begin at that moment, whatever `every` says.
Result<std::vector<std::vector<std::uint8_t>>, PresignError> presign(std::span<const TimedKey> keys,
                                                                     const PresignPlan& plan);

/// Times of keys that follow each other, each active for `lifetime` from `from` on. Each is published for
/// `overlap` before that, and stays as long after it, in which the zone is signed by the next: longer
/// than the TTLs of the DNSKEY RRset and of the zone's data. Requires 0 < overlap < lifetime.
std::vector<KeyTimes> succession(UnixTime from, UnixTime lifetime, UnixTime overlap, int count);

}  // namespace kith::dnssec
