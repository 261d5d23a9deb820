#pragma once
// What engines must be handed from outside: randomness and the wall clock.

#include <array>
#include <cstddef>

#include "base/rng.hpp"
#include "base/time.hpp"

namespace kith::net {

/// Cryptographic randomness from the kernel, fetched in blocks. One per thread.
class SystemRng final : public Rng {
public:
    std::uint64_t next() override;

private:
    std::array<std::uint64_t, 32> block_{};
    std::size_t left_ = 0;
};

/// Seconds since 1970-01-01 UTC now.
UnixTime unix_now();

}  // namespace kith::net
