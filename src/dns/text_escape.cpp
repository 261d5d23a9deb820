#include "dns/text_escape.hpp"

#include <iterator>

#include <fmt/format.h>

namespace kith::dns {

std::optional<std::uint8_t> read_escaped(std::string_view text, std::size_t& at) {
    if (text[at] != '\\') return static_cast<std::uint8_t>(text[at++]);
    ++at;
    if (at == text.size()) return std::nullopt;
    const auto digit = [&](std::size_t i) {
        return i < text.size() && text[i] >= '0' && text[i] <= '9';
    };
    if (!digit(at)) return static_cast<std::uint8_t>(text[at++]);
    if (!digit(at + 1) || !digit(at + 2)) return std::nullopt;
    const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
    if (value > 255) return std::nullopt;
    at += 3;
    return static_cast<std::uint8_t>(value);
}

void append_escaped(std::string& out, Bytes bytes) {
    for (const std::uint8_t byte : bytes) {
        if (byte < ' ' || byte >= 127) {
            fmt::format_to(std::back_inserter(out), "\\{:03}", byte);
        } else {
            if (byte == '"' || byte == '\\') out += '\\';
            out += static_cast<char>(byte);
        }
    }
}

void append_quoted(std::string& out, Bytes bytes) {
    out += '"';
    append_escaped(out, bytes);
    out += '"';
}

}  // namespace kith::dns
