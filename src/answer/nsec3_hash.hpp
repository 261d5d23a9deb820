#pragma once
// The hash of a name as the owner of its NSEC3 (RFC 5155 §5).

#include <array>
#include <cstdint>
#include <optional>

#include "dnssec/nsec3.hpp"

namespace kith::answer {

inline constexpr std::size_t nsec3_hash_bytes = std::tuple_size_v<dnssec::Nsec3Hash>;

/// A hash and what it is called: `owner` is the name below the apex, in lower case.
struct HashedName {
    static constexpr std::size_t owner_bytes = 1 + std::tuple_size_v<dnssec::Nsec3Label>;

    dnssec::Nsec3Hash hash;
    // Its length, the 32 characters of base32hex, and 7 bytes that lookups may read.
    std::array<std::uint8_t, owner_bytes + 7> label{};

    Bytes owner() const KITH_LIFETIMEBOUND { return Bytes(label).first(owner_bytes); }
};

/// The hash in an owner of 33 bytes, in any case; false when it is not one.
bool read_nsec3_owner(Bytes owner, dnssec::Nsec3Hash& hash);

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
