#pragma once
// Base64, base32hex and base16 (RFC 4648), as record data uses them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "dns/wire.hpp"

namespace kith::dns {

void append_base64(std::string& out, Bytes bytes);     ///< §4, padded
void append_base32hex(std::string& out, Bytes bytes);  ///< §7, upper case, without padding
void append_hex(std::string& out, Bytes bytes);        ///< §8, upper case

/// Decodes text that may come in several pieces; the bytes go to the Writer at once.
class Decoder {
public:
    enum class Base : std::uint8_t { base16, base32hex, base64 };
    Decoder(Base base, Writer& out) : base_(base), out_(out) {}

    /// False at the first character that cannot stand here.
    bool feed(std::string_view text);
    /// False when the text stopped in the middle of a byte, padding is missing (base64) or the
    /// unused bits are not zero: one value has one spelling.
    bool finish() const;

private:
    int value_of(char c) const;

    Base base_;
    Writer& out_;
    std::uint32_t bits_ = 0;
    int bit_count_ = 0;
    std::size_t chars_ = 0;  // without padding
    std::size_t padding_ = 0;
};

}  // namespace kith::dns
