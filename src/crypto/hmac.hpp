#pragma once
// HMAC (RFC 2104) over the digests that TSIG knows, and a comparison that takes the same time
// wherever two values differ.
//
// The algorithms and contexts of the library are fetched once and used again, by each thread for
// itself. Any thread may use everything here; one Hmac belongs to one thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace kith::crypto {

enum class HmacDigest : std::uint8_t { md5, sha1, sha224, sha256, sha384, sha512 };

inline constexpr std::size_t hmac_bytes_max = 64;  // SHA-512

/// Size of a MAC, in bytes: 16, 20, 28, 32, 48, 64.
std::size_t hmac_bytes(HmacDigest digest);

/// True when the library computes HMAC with `digest`: one that runs in FIPS mode refuses MD5.
bool hmac_is_available(HmacDigest digest);

/// One computation over bytes that come in pieces.
class Hmac {
public:
    /// Requires hmac_is_available(digest). The secret may have any size, also none.
    Hmac(HmacDigest digest, Bytes secret);
    ~Hmac();
    Hmac(const Hmac&) = delete;
    Hmac& operator=(const Hmac&) = delete;

    void update(Bytes bytes);
    /// The MAC is the first hmac_bytes(digest) bytes. Call once, last.
    std::array<std::uint8_t, hmac_bytes_max> finish();

private:
    HmacDigest digest_;
    void* context_;  // of the library
};

/// True when both have the same size and bytes; the time it takes tells the size only.
bool equal_in_constant_time(Bytes a, Bytes b);

}  // namespace kith::crypto
