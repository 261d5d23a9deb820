#pragma once
// Message digests (FIPS 180-4). A Digest is made once and used for many messages: making one costs as
// much as digesting a kilobyte.
//
// One thread at a time may use a Digest; any number of Digests may be used at the same time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "crypto/algorithm.hpp"

namespace kith::crypto {

inline constexpr std::size_t digest_bytes_max = 64;
/// 20, 32, 48 or 64.
std::size_t digest_bytes(DigestKind kind);

class Digest {
public:
    explicit Digest(DigestKind kind);
    ~Digest();
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;

    DigestKind kind() const { return kind_; }
    void update(Bytes bytes);
    /// Writes digest_bytes(kind()) bytes, which must fit, and begins the next message. Returns them.
    Bytes finish(MutableBytes out);

private:
    struct Context;
    DigestKind kind_;
    std::unique_ptr<Context> context_;
};

}  // namespace kith::crypto
