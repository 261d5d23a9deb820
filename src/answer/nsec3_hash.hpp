#pragma once
// The hash of a name as the owner of its NSEC3 (RFC 5155 §5).

#include <array>
#include <cstdint>
#include <optional>

#include "crypto/digest.hpp"
#include "dns/name.hpp"

namespace kith::answer {

inline constexpr std::size_t nsec3_hash_bytes = 20;  // SHA-1, the only algorithm there is
inline constexpr std::uint8_t nsec3_algorithm = 1;

/// A hash and what it is called: `owner` is the name below the apex, in lower case.
struct HashedName {
    static constexpr std::size_t owner_bytes = 1 + 32;

    std::array<std::uint8_t, nsec3_hash_bytes> hash;
    // Its length, the 32 characters of base32hex, and 7 bytes that lookups may read.
    std::array<std::uint8_t, owner_bytes + 7> label{};

    Bytes owner() const KITH_LIFETIMEBOUND { return Bytes(label).first(owner_bytes); }
};

/// The hash in an owner of 33 bytes, in any case; false when it is not one.
bool read_nsec3_owner(Bytes owner, std::array<std::uint8_t, nsec3_hash_bytes>& hash);

/// Hashes names with one context that is used again and again; only the first name allocates, for a
/// server without NSEC3 never needs the library's two megabytes. Not thread-safe.
class Nsec3Hasher {
public:
    /// `name` is in lower case. Costs iterations + 1 times SHA-1.
    void hash(dns::NameView name, Bytes salt, int iterations, HashedName& out);

private:
    std::optional<crypto::Digest> digest_;
};

}  // namespace kith::answer
