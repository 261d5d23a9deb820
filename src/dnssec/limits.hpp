#pragma once
// Bounds of signing and of checking signed zones.

#include <cstddef>
#include <cstdint>

namespace kith::dnssec {

// Extra iterations of NSEC3 that we sign with: RFC 9276 §3.1 says 0, and validators begin to refuse
// at 50 to 150. More is SignFault::iterations.
inline constexpr std::uint16_t nsec3_iterations_signed_max = 100;
// Iterations up to which verify_zone() hashes: what RFC 5155 §10.3 allowed for 2048-bit keys. More is
// reported as a flaw and not computed.
inline constexpr std::uint16_t nsec3_iterations_checked_max = 500;
// A salt has a length byte; more than this buys nothing (RFC 9276 §3.1 says none at all).
inline constexpr std::size_t nsec3_salt_bytes_max = 32;

// Keys of one zone: two algorithms in the middle of both rolls need eight. Each publishes a DNSKEY of
// up to 520 bytes, and 32 of them still fit an answer over TCP many times.
inline constexpr std::size_t keys_max = 32;

// Signatures made ahead of time for a server that lacks the key: two years of weekly ones over three RRsets by
// two keys, and those where keys come and go.
inline constexpr std::size_t presigned_max = 1000;

// Pairs of RRSIG and DNSKEY that verify_zone() tries for one RRset: key tags collide, and whoever
// writes the zone could make every signature try every key (CVE-2023-50387).
inline constexpr std::size_t verifications_per_rrset_max = 16;

// Flaws verify_zone() keeps in words; the rest is counted.
inline constexpr std::size_t flaws_max = 1000;

}  // namespace kith::dnssec
