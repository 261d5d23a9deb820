#pragma once
// ASCII letters in lower case, eight bytes at a time: for comparing and hashing names in words.

#include <cstdint>

namespace kith::dns {

/// Lower-cases the ASCII letters of eight bytes at once.
inline std::uint64_t lower_word(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    const std::uint64_t low7 = word & (ones * 0x7f);
    const std::uint64_t from_a = low7 + ones * (0x80 - 'A');        // high bit: >= 'A'
    const std::uint64_t past_z = low7 + ones * (0x80 - ('Z' + 1));  // high bit: > 'Z'
    const std::uint64_t letters = (from_a ^ past_z) & ~word & (ones * 0x80);
    return word | letters >> 2;
}

}  // namespace kith::dns
