#pragma once
// ASCII letters in lower case, eight bytes at a time: for comparing and hashing names in words.

#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

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

/// Eight bytes from `at`, the first the lowest.
inline std::uint64_t load_word(const std::uint8_t* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

/// The 1..7 bytes at `at` as a word whose other bytes are zero; reads nothing else.
inline std::uint64_t load_part(const std::uint8_t* at, std::size_t size) {
    if (size >= 4) {
        std::uint32_t first;
        std::uint32_t last;
        std::memcpy(&first, at, sizeof first);
        std::memcpy(&last, at + size - 4, sizeof last);
        return first | std::uint64_t{last} << (8 * (size - 4));
    }
    // One to three bytes: the first, the middle and the last, which may be the same.
    const std::uint64_t middle = at[size / 2];
    const std::uint64_t last = at[size - 1];
    return at[0] | middle << (8 * (size / 2)) | last << (8 * (size - 1));
}

/// True when both are the same but for the case of ASCII letters. Reads nothing past their ends.
inline bool same_without_case(Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    const std::size_t size = a.size();
    if (size == 0) return true;
    if (size < 8)
        return lower_word(load_part(a.data(), size)) == lower_word(load_part(b.data(), size));
    for (std::size_t at = 0; at + 8 < size; at += 8) {
        if (lower_word(load_word(a.data() + at)) != lower_word(load_word(b.data() + at)))
            return false;
    }
    // The last eight, some of them a second time.
    return lower_word(load_word(a.data() + size - 8)) == lower_word(load_word(b.data() + size - 8));
}

}  // namespace kith::dns
