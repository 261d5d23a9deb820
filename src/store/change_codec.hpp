#pragma once
// A ZoneChange as bytes, the form it has in the journal.
//
//   1   format, 1
//   n   apex, wire form
//   4   from_serial
//   4   to_serial
//   4   number of removed records
//   4   number of added records
//       each: 1  flags: 1 same owner as the record before, 2 same TTL as it, 4 with provenance
//             n  owner below the apex: bytes, then labels without the root; not with flag 1
//             2  type
//             4  TTL; not with flag 2
//             8  source, owner, end of lease; only with flag 4
//             2  bytes of RDATA, and the RDATA
//   4   CRC-32 (IEEE 802.3) of all before
//
// Numbers in network order. Decoding trusts nothing: a disk may lie.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "zone/change.hpp"

namespace kith::store {

/// Requires owners under the apex. The result may be larger than change_bytes_max: the caller's to
/// refuse.
std::vector<std::uint8_t> encode_change(const zone::ZoneChange& change);

enum class CodecFault : std::uint8_t {
    truncated,  // ends too early, or counts say more than there can be
    format,     // of a version we do not know
    checksum,   // the bytes have changed since they were written
    name,       // an apex or owner that is none
    rdata,      // RDATA that its type cannot have
    left_over,  // bytes behind the end
};
std::string_view fault_text(CodecFault fault);

/// Memory is at most some 40 times the blob's, for records without RDATA.
Result<zone::ZoneChange, CodecFault> decode_change(Bytes blob);

/// What a zone has of one RRset more and less than its base.
struct NetRrSet {
    std::vector<zone::Record> removed;
    std::vector<zone::Record> added;
    bool empty() const { return removed.empty() && added.empty(); }
};
/// The same without apex and serials, which the reader knows: numbers of both, records, CRC-32.
std::vector<std::uint8_t> encode_net(const NetRrSet& net, dns::NameView apex);
Result<NetRrSet, CodecFault> decode_net(Bytes blob, dns::NameView apex);

}  // namespace kith::store
