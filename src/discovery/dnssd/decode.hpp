#pragma once
// Base64 and base16 values of service files. Internal to dnssd.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/encoding.hpp"

namespace kith::discovery::dnssd {

/// The bytes that `text` means; nullopt when it is no such text.
inline std::optional<std::vector<std::uint8_t>> decode(dns::Decoder::Base base, std::string_view text) {
    std::vector<std::uint8_t> out(text.size());
    dns::Writer writer(out);
    dns::Decoder decoder(base, writer);
    if (!decoder.feed(text) || !decoder.finish() || writer.overflow()) return std::nullopt;
    out.resize(writer.size());
    return out;
}

}  // namespace kith::discovery::dnssd
