#include "dns/edns.hpp"

#include <algorithm>

#include "dns/limits.hpp"

namespace kith::dns {

std::size_t Edns::usable_payload(std::size_t ours) const {
    return std::max<std::size_t>(udp_bytes_plain, std::min<std::size_t>(payload_bytes, ours));
}

std::optional<Bytes> Edns::option(OptionCode code) const {
    std::optional<Bytes> found;
    for_each([&](const Option& option) {
        if (option.code == code && !found) found = option.value;
    });
    return found;
}

Wire<Edns> read_edns(std::uint16_t klass, std::uint32_t ttl, Bytes rdata, std::uint16_t offset) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < rdata.size(); ++count) {
        const auto place = static_cast<std::uint16_t>(offset + at);
        if (count == edns_options_max)
            return std::unexpected(WireError{WireFault::too_many_options, place});
        if (rdata.size() - at < 4) return std::unexpected(WireError{WireFault::truncated, place});
        at += 4U + load_u16(rdata.data() + at + 2);
        if (at > rdata.size()) return std::unexpected(WireError{WireFault::truncated, place});
    }
    return Edns{klass, static_cast<std::uint8_t>(ttl >> 16), static_cast<std::uint8_t>(ttl >> 24),
                (ttl & 0x8000) != 0, rdata};
}

}  // namespace kith::dns
