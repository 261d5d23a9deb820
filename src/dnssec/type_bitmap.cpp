#include "dnssec/type_bitmap.hpp"

namespace kith::dnssec {

void append_type_bitmap(std::span<const RrType> types, std::vector<std::uint8_t>& out) {
    std::size_t window_at = 0;  // of the window's length byte
    int window = -1;
    for (const RrType type : types) {
        const auto number = static_cast<std::uint16_t>(type);
        if (number >> 8 != window) {
            window = number >> 8;
            out.push_back(static_cast<std::uint8_t>(window));
            window_at = out.size();
            out.push_back(0);
        }
        const std::size_t byte = (number & 0xff) / 8U;
        out.resize(window_at + 1 + byte + 1);
        out[window_at] = static_cast<std::uint8_t>(byte + 1);
        out.back() = static_cast<std::uint8_t>(out.back() | 0x80 >> (number & 7));
    }
}

std::vector<RrType> read_type_bitmap(Bytes bitmap) {
    std::vector<RrType> types;
    while (bitmap.size() >= 2 && bitmap.size() >= 2U + bitmap[1]) {
        for (unsigned bit = 0; bit < bitmap[1] * 8U; ++bit) {
            if ((bitmap[2 + bit / 8] & 0x80 >> (bit & 7)) == 0) continue;
            types.push_back(static_cast<RrType>(bitmap[0] << 8 | static_cast<int>(bit)));
        }
        bitmap = bitmap.subspan(2U + bitmap[1]);
    }
    return types;
}

}  // namespace kith::dnssec
