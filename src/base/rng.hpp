#pragma once
// Randomness as an argument: engines are handed an Rng, tests hand in a seeded one.

#include <cstdint>

namespace kith {

/// A source of uniformly distributed bits. What an attacker must not guess (message ids, ports,
/// 0x20 case) takes a cryptographic implementation, which net/ provides.
class Rng {
public:
    virtual ~Rng() = default;
    virtual std::uint64_t next() = 0;

    /// Uniform in 0..bound-1; `bound` is not 0.
    std::uint32_t below(std::uint32_t bound) {
        // Multiply-shift keeps the bias under 2^-32, which no caller here can notice.
        return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
    }
};

/// A fast seeded generator (SplitMix64): rotation of answers, tests, simulations. Predictable.
class SeededRng final : public Rng {
public:
    explicit SeededRng(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

}  // namespace kith
