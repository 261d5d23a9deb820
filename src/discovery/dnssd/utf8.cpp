#include "discovery/dnssd/utf8.hpp"

#include <cstdint>

namespace kith::discovery::dnssd {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0;
}

bool is_tail(std::uint8_t byte) { return (byte & 0xc0U) == 0x80; }

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
    // RFC 3629 §4, the table of well-formed sequences: only the second byte's range depends on the first.
    const std::uint8_t first = byte_at(text, at);
    if (first < 0x80) return 1;
    const std::uint8_t second = byte_at(text, at + 1);
    if (first >= 0xc2 && first <= 0xdf) return is_tail(second) ? 2 : 0;
    const std::uint8_t third = byte_at(text, at + 2);
    if (first >= 0xe0 && first <= 0xef) {
        const std::uint8_t least = first == 0xe0 ? 0xa0 : 0x80;
        const std::uint8_t most = first == 0xed ? 0x9f : 0xbf;
        return second >= least && second <= most && is_tail(third) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const std::uint8_t least = first == 0xf0 ? 0x90 : 0x80;
        const std::uint8_t most = first == 0xf4 ? 0x8f : 0xbf;
        return second >= least && second <= most && is_tail(third) && is_tail(byte_at(text, at + 3))
                   ? 4
                   : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
    std::size_t end = 0;
    while (end < text.size()) {
        const std::size_t length = utf8_length(text, end);
        const std::size_t step = length == 0 ? 1 : length;  // broken bytes are one each
        if (end + step > bytes_max) break;
        end += step;
    }
    return text.substr(0, end);
}

}  // namespace kith::discovery::dnssd
