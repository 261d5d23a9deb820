#include "zone/order_key.hpp"

#include "dns/name.hpp"

namespace kith::zone {

OrderKey::OrderKey(Bytes relative_owner) {
    std::array<std::uint8_t, dns::labels_max> starts;
    std::size_t labels = 0;
    for (std::size_t at = 0; at < relative_owner.size(); at += relative_owner[at] + 1U) {
        starts[labels++] = static_cast<std::uint8_t>(at);
    }
    std::uint8_t* out = bytes_.data();
    while (labels > 0) {
        const std::uint8_t* label = relative_owner.data() + starts[--labels];
        for (std::size_t left = *label++; left > 0; --left) {
            const std::uint8_t byte = dns::lower(*label++);
            if (byte <= 1) [[unlikely]]
                *out++ = 1;
            *out++ = byte <= 1 ? static_cast<std::uint8_t>(byte + 1) : byte;
        }
        *out++ = 0;
    }
    size_ = static_cast<std::size_t>(out - bytes_.data());
    std::memset(out, 0, 8);
}

std::strong_ordering OrderKey::compare(Bytes relative_owner, const OrderKey& key) {
    std::array<std::uint8_t, dns::labels_max> starts;
    std::size_t labels = 0;
    for (std::size_t at = 0; at < relative_owner.size(); at += relative_owner[at] + 1U) {
        starts[labels++] = static_cast<std::uint8_t>(at);
    }
    // Behind the end of the key are zeros, and no byte of a label is written as 0.
    const std::uint8_t* other = key.bytes_.data();
    while (labels > 0) {
        const std::uint8_t* label = relative_owner.data() + starts[--labels];
        for (std::size_t left = *label++; left > 0; --left) {
            std::uint8_t byte = dns::lower(*label++);
            if (byte <= 1) [[unlikely]] {
                if (*other != 1) return 1 <=> *other;
                ++other;
                ++byte;
            }
            if (byte != *other) return byte <=> *other;
            ++other;
        }
        if (*other != 0) return std::strong_ordering::less;
        ++other;
    }
    return other == key.bytes_.data() + key.size_ ? std::strong_ordering::equal
                                                  : std::strong_ordering::less;
}

}  // namespace kith::zone
