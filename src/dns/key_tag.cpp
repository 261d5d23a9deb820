#include "dns/key_tag.hpp"

namespace kith::dns {

std::uint16_t key_tag(Bytes rdata) {
    constexpr std::size_t head_bytes = 4;
    constexpr std::uint8_t rsamd5 = 1;
    const std::size_t size = rdata.size();
    if (size >= head_bytes + 3 && rdata[3] == rsamd5) {
        return load_u16(rdata.data() + size - 3);  // RFC 4034 appendix B.1
    }
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
        sum += (i & 1) != 0 ? rdata[i] : std::uint32_t{rdata[i]} << 8;
    }
    sum += sum >> 16 & 0xffff;
    return static_cast<std::uint16_t>(sum);
}

}  // namespace kith::dns
