#pragma once
// Whole values in base16, base32hex or base64.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/encoding.hpp"

namespace kith::dns {

/// The bytes that `text` means; nullopt when it is no such text.
inline std::optional<std::vector<std::uint8_t>> decode(Decoder::Base base, std::string_view text) {
    std::vector<std::uint8_t> out(text.size());
    Writer writer(out);
    Decoder decoder(base, writer);
    if (!decoder.feed(text) || !decoder.finish() || writer.overflow()) return std::nullopt;
    out.resize(writer.size());
    return out;
}

}  // namespace kith::dns
