#pragma once
// For tests of this module: keys, messages and hexadecimal.

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "auth/key_text.hpp"
#include "auth/tsig.hpp"
#include "dns/message_builder.hpp"

namespace kith::auth::test {

using Message = std::vector<std::uint8_t>;

inline constexpr UnixTime some_time = 1'700'000'000;

inline Name name(std::string_view text) {
    const auto parsed = Name::from_text(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Name();
}

inline Message from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Message out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        out.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
    }
    return out;
}

inline std::string to_hex(Bytes bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

/// A key from the words of `-y`.
inline TsigKey key(std::string_view words) {
    auto parsed = parse_key_word(words);
    EXPECT_TRUE(parsed.has_value()) << words << ": " << (parsed ? "" : parsed.error().text);
    return parsed ? *std::move(parsed) : TsigKey();
}

inline constexpr std::string_view usual_key =
    "hmac-sha256:key.example:c2VjcmV0IG9mIHRoZSB0ZXN0cw==";

inline KeyRing ring(std::string_view words = usual_key) {
    KeyRing out;
    EXPECT_TRUE(out.add(key(words)).has_value());
    return out;
}

/// A question, in a buffer with room behind it.
struct Written {
    Message buffer;
    std::size_t size = 0;
    Bytes bytes() const { return Bytes(buffer).first(size); }
};
inline Written query(std::string_view owner = "host.example", std::uint16_t id = 0x1234) {
    Written out;
    out.buffer.resize(2048);
    dns::MessageBuilder builder;
    builder.start_query(out.buffer, id, name(owner), dns::RrType::SOA, dns::RrClass::IN);
    out.size = builder.finish().size();
    return out;
}

/// The same, signed.
inline Written signed_query(const TsigKey& key, UnixTime now, TsigMac& mac) {
    Written out = query();
    out.size = sign_tsig_request(key, out.buffer, out.size, now, mac);
    return out;
}

/// A response to it without records, in a buffer with room behind it.
inline Written response(Bytes request, dns::Rcode rcode = dns::Rcode::NOERROR) {
    Written out = query();
    const auto read = dns::read_query(request);
    EXPECT_TRUE(read.has_value());
    if (!read) return out;
    dns::MessageBuilder builder;
    builder.start_response(out.buffer, out.buffer.size(), request, *read);
    builder.set_rcode(rcode);
    out.size = builder.finish().size();
    return out;
}

}  // namespace kith::auth::test
