// A name without escapes is nearly in wire form already: put one byte in front of the text, and
// every dot stands where the next label's length octet belongs. So a word is copied in blocks of
// 16 bytes while the dots of each block are found as a bit mask, and each dot is overwritten with
// a length. Without SSE2 the same is done byte by byte.

#include "zone/zone_file_owner.hpp"

#include <algorithm>
#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "zone/scanner.hpp"

namespace kith::zone {
namespace {

struct BlockMasks {
    std::uint32_t stops = 0;  // bit i: byte i ends the word
    std::uint32_t dots = 0;
};

#ifdef __SSE2__
BlockMasks copy_block(const char* from, std::uint8_t* to) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    const auto equal = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const __m128i blank = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes);
    const __m128i special = _mm_or_si128(_mm_or_si128(equal('"'), equal('(')),
                                         _mm_or_si128(_mm_or_si128(equal(')'), equal(';')),
                                                      _mm_or_si128(equal('\\'), equal('\x7f'))));
    return {static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(blank, special))),
            static_cast<std::uint32_t>(_mm_movemask_epi8(equal('.')))};
}
#else
BlockMasks copy_block(const char* from, std::uint8_t* to) {
    BlockMasks out;
    std::memcpy(to, from, 16);
    for (unsigned i = 0; i < 16; ++i) {
        if (find_word_end(from + i, from + i + 1) == from + i) out.stops |= 1U << i;
        if (from[i] == '.') out.dots |= 1U << i;
    }
    return out;
}
#endif

}  // namespace

void Owner::set(dns::NameView name) {
    std::memcpy(bytes_.data(), name.wire().data(), name.size());
    size_ = name.size();
    state_ = OwnerState::known;
}

const char* Owner::read_plain(const char* at, const char* end, dns::NameView origin) {
    state_ = OwnerState::broken;
    std::size_t length = 0;  // of the word so far
    std::size_t label = 0;   // where in the word the current label begins
    while (true) {
        if (static_cast<std::size_t>(end - at) < length + block || length > dns::name_bytes_max)
            return nullptr;
        BlockMasks masks = copy_block(at + length, bytes_.data() + length + 1);
        if (masks.stops != 0) masks.dots &= (masks.stops & -masks.stops) - 1;
        for (; masks.dots != 0; masks.dots &= masks.dots - 1) {
            const std::size_t dot = length + static_cast<std::size_t>(std::countr_zero(masks.dots));
            const std::size_t size = dot - label;
            if (size == 0 || size > dns::label_bytes_max) return nullptr;
            bytes_[label] = static_cast<std::uint8_t>(size);
            label = dot + 1;
        }
        if (masks.stops != 0) {
            length += static_cast<std::size_t>(std::countr_zero(masks.stops));
            return finish_plain(at, length, label, origin);
        }
        length += block;
    }
}

const char* Owner::finish_plain(const char* at, std::size_t length, std::size_t label,
                                dns::NameView origin) {
    if (length == 0) return nullptr;
    if (length == 1 && *at == '@') {
        set(origin);
        return at + length;
    }
    if (label == length) {
        bytes_[length] = 0;
        size_ = length + 1;
    } else {
        if (length - label > dns::label_bytes_max) return nullptr;
        bytes_[label] = static_cast<std::uint8_t>(length - label);
        std::memcpy(bytes_.data() + length + 1, origin.wire().data(), origin.size());
        size_ = length + 1 + origin.size();
    }
    if (size_ > dns::name_bytes_max) return nullptr;
    state_ = OwnerState::known;
    return at + length;
}

}  // namespace kith::zone
