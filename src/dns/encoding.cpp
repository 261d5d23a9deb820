#include "dns/encoding.hpp"

namespace kith::dns {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::string_view base32_digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_bits(std::string& out, Bytes bytes, int width, std::string_view digits) {
    std::uint32_t bits = 0;
    int count = 0;
    const std::uint32_t mask = (1U << width) - 1;
    for (const std::uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        for (count += 8; count >= width; count -= width)
            out += digits[bits >> (count - width) & mask];
    }
    if (count > 0) out += digits[bits << (width - count) & mask];
}

}  // namespace

void append_base64(std::string& out, Bytes bytes) {
    out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
    append_bits(out, bytes, 6, base64_digits);
    out.append((3 - bytes.size() % 3) % 3, '=');
}

void append_base32hex(std::string& out, Bytes bytes) { append_bits(out, bytes, 5, base32_digits); }

void append_hex(std::string& out, Bytes bytes) {
    out.reserve(out.size() + bytes.size() * 2);
    append_bits(out, bytes, 4, hex_digits);
}

int Decoder::value_of(char c) const {
    if (base_ == Base::base64) {
        if (c >= 'A' && c <= 'Z') return c - 'A';
        if (c >= 'a' && c <= 'z') return c - 'a' + 26;
        if (c >= '0' && c <= '9') return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
    }
    const int letters = base_ == Base::base16 ? 6 : 22;
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c < 'A' + letters) return c - 'A' + 10;
    if (c >= 'a' && c < 'a' + letters) return c - 'a' + 10;
    return -1;
}

bool Decoder::feed(std::string_view text) {
    const int width = base_ == Base::base16 ? 4 : base_ == Base::base32hex ? 5 : 6;
    for (const char c : text) {
        if (base_ == Base::base64 && c == '=') {
            if (++padding_ > 2) return false;
            continue;
        }
        const int value = value_of(c);
        if (value < 0 || padding_ > 0) return false;
        ++chars_;
        bits_ = bits_ << width | static_cast<std::uint32_t>(value);
        bit_count_ += width;
        if (bit_count_ >= 8) {
            bit_count_ -= 8;
            out_.u8(static_cast<std::uint8_t>(bits_ >> bit_count_));
        }
        bits_ &= (1U << bit_count_) - 1;
    }
    return true;
}

bool Decoder::finish() const {
    if (bits_ != 0) return false;
    switch (base_) {
        case Base::base16: return bit_count_ == 0;
        case Base::base32hex: return bit_count_ < 5;
        case Base::base64: return bit_count_ < 6 && (chars_ + padding_) % 4 == 0;
    }
    return false;
}

}  // namespace kith::dns
