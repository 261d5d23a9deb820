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

}  // namespace kith::zone
