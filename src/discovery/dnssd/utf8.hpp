#pragma once
// UTF-8 (RFC 3629), as instance names and TXT values carry it.

#include <cstddef>
#include <string_view>

namespace kith::discovery::dnssd {

/// Bytes of the well-formed character at text[at]: 1..4; 0 when there is none (overlong forms,
/// surrogates and numbers above U+10FFFF are not). Requires at < text.size().
std::size_t utf8_length(std::string_view text, std::size_t at);

/// True when all of `text` is well-formed.
bool is_utf8(std::string_view text);

/// The longest prefix of `text` of at most `bytes_max` bytes that ends at the end of a character.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace kith::discovery::dnssd
