#pragma once
// The escapes of presentation format (RFC 1035 §5.1): \X is the byte X, \DDD the byte numbered DDD.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace kith::dns {

/// The byte or escape at text[at], `at` moved past it; nullopt (at unspecified): a broken escape.
/// Requires at < text.size().
std::optional<std::uint8_t> read_escaped(std::string_view text, std::size_t& at);

/// Appends `bytes` as the inside of a quoted string: quote and backslash escaped with a backslash,
/// bytes outside printable ASCII as \DDD.
void append_escaped(std::string& out, Bytes bytes);
/// The same with the quotes around it.
void append_quoted(std::string& out, Bytes bytes);

}  // namespace kith::dns
