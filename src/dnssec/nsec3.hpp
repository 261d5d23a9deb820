#pragma once
// Hashed names of NSEC3 (RFC 5155 §5) and its parameters.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "crypto/digest.hpp"
#include "dns/name.hpp"

namespace kith::dnssec {

using dns::Name;
using dns::NameView;

enum class OptOut : std::uint8_t { no, yes };

/// How names are hashed; hash algorithm 1, SHA-1, is the only one there is.
struct Nsec3Parameters {
    std::uint16_t iterations = 0;    // RFC 9276 §3.1
    std::vector<std::uint8_t> salt;  // RFC 9276 §3.1: none

    friend bool operator==(const Nsec3Parameters&, const Nsec3Parameters&) = default;
};

using Nsec3Hash = std::array<std::uint8_t, 20>;
/// What a hash is called in its owner: 32 characters of base32hex.
using Nsec3Label = std::array<std::uint8_t, 32>;

/// The hash of a name in lower case (RFC 5155 §5) with a SHA-1 context, which is as new afterwards.
/// Costs iterations + 1 times SHA-1 and allocates nothing.
Nsec3Hash nsec3_hash(crypto::Digest& sha1, NameView lower, Bytes salt, int iterations);
/// In lower case, as all servers print it.
Nsec3Label nsec3_label(const Nsec3Hash& hash);
/// The hash that a label of an owner, without its length, means in any case; nullopt when it is none.
std::optional<Nsec3Hash> read_nsec3_label(Bytes label);

/// RDATA of NSEC3 (RFC 5155 §3.2) and of NSEC3PARAM (§4.2), read in place.
struct Nsec3Head {
    std::uint8_t algorithm = 0;
    std::uint8_t flags = 0;
    std::uint16_t iterations = 0;
    Bytes salt;
    Bytes rest;  // NSEC3: hash length, next hashed owner, bitmap; NSEC3PARAM: nothing

    static std::optional<Nsec3Head> read(Bytes rdata);
};
inline constexpr std::uint8_t nsec3_sha1 = 1;
inline constexpr std::uint8_t nsec3_opt_out = 1;

/// Hashes names; keeps its digest context. Not thread-safe. A hash costs about 0.2 us.
class Nsec3Hasher {
public:
    explicit Nsec3Hasher(Nsec3Parameters parameters);
    const Nsec3Parameters& parameters() const { return parameters_; }
    /// `name` in any case (RFC 5155 §5: it is hashed in lower case).
    Nsec3Hash hash(NameView name);

private:
    Nsec3Parameters parameters_;
    crypto::Digest digest_;
};

/// Whether names below this apex can own NSEC3: their label needs 33 bytes of the 255.
bool has_room_for_nsec3(NameView apex);
/// The owner of an NSEC3: its label in front of the apex. Requires has_room_for_nsec3().
Name nsec3_owner(const Nsec3Hash& hash, NameView apex);
/// The hash in the first label of an NSEC3's owner; nullopt when it is not one.
std::optional<Nsec3Hash> nsec3_hash_of(NameView owner, NameView apex);
/// RDATA of NSEC3PARAM; its flags are always 0 (RFC 5155 §4.1.2).
std::vector<std::uint8_t> make_nsec3param(const Nsec3Parameters& parameters);

}  // namespace kith::dnssec
