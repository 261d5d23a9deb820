#pragma once
// OrderKey: a name below an apex as bytes that memcmp puts in canonical order (RFC 4034 §6.1).
//
// Labels from the root side on, in lower case, each ended by 0. So that the end sorts before every
// byte a label may hold, 0 and 1 inside labels are written as 1 1 and 1 2.

#include <array>
#include <bit>
#include <compare>
#include <cstdint>

#include "base/bytes.hpp"
#include "dns/limits.hpp"

namespace kith::zone {

class OrderKey {
public:
    /// `relative_owner`: labels without the root label, any case.
    explicit OrderKey(Bytes relative_owner);

    Bytes bytes() const { return {bytes_.data(), size_}; }
    /// The 8 bytes at `offset` as a number that compares as they do; zeros after the end.
    std::uint64_t word(std::size_t offset) const {
        if (offset >= size_) return 0;
        std::uint64_t word;
        std::memcpy(&word, bytes_.data() + offset, sizeof word);
        return __builtin_bswap64(word);
    }
    /// As comparing OrderKey(relative_owner) with `key`, without making it: done at the first byte that
    /// differs.
    static std::strong_ordering compare(Bytes relative_owner, const OrderKey& key);
    /// True when `ancestor` is this name or above it.
    bool starts_with(const OrderKey& ancestor) const {
        return ancestor.size_ <= size_ &&
               std::memcmp(bytes_.data(), ancestor.bytes_.data(), ancestor.size_) == 0;
    }
    friend std::strong_ordering operator<=>(const OrderKey& a, const OrderKey& b) {
        const std::size_t common = a.size_ < b.size_ ? a.size_ : b.size_;
        if (const int order = std::memcmp(a.bytes_.data(), b.bytes_.data(), common); order != 0) {
            return order <=> 0;
        }
        return a.size_ <=> b.size_;
    }
    friend bool operator==(const OrderKey& a, const OrderKey& b) { return (a <=> b) == 0; }

private:
    std::size_t size_ = 0;
    // Every byte may take two; 8 zeros follow the end.
    std::array<std::uint8_t, 2 * dns::name_bytes_max + 8> bytes_;
};

}  // namespace kith::zone
