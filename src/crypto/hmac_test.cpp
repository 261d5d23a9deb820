// Against the test vectors of RFC 2202 (MD5, SHA-1) and RFC 4231 (SHA-2).

#include "crypto/hmac.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kith::crypto {
namespace {

std::string hex(Bytes bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string hmac(HmacDigest digest, std::string_view key, std::string_view text) {
    Hmac mac(digest, as_bytes(key));
    mac.update(as_bytes(text));
    return hex(Bytes(mac.finish()).first(hmac_bytes(digest)));
}

struct Vector {
    const char* why;
    HmacDigest digest;
    std::string key, text;
    const char* mac;
};

TEST(Hmac, GivesWhatItsRfcsSay) {
    const std::string jefe = "Jefe", what = "what do ya want for nothing?";
    const std::string large_key(131, '\xaa');
    const std::string large_text = "Test Using Larger Than Block-Size Key - Hash Key First";
    const Vector vectors[] = {
        {"RFC 2202 §2 case 2", HmacDigest::md5, jefe, what, "750c783e6ab0b503eaa86e310a5db738"},
        {"RFC 2202 §3 case 2", HmacDigest::sha1, jefe, what,
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {"RFC 4231 §4.3, SHA-224", HmacDigest::sha224, jefe, what,
         "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
        {"RFC 4231 §4.3, SHA-256", HmacDigest::sha256, jefe, what,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"RFC 4231 §4.3, SHA-384", HmacDigest::sha384, jefe, what,
         "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
         "8e2240ca5e69e2c78b3239ecfab21649"},
        {"RFC 4231 §4.3, SHA-512", HmacDigest::sha512, jefe, what,
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
         "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        {"RFC 4231 §4.7: a key longer than a block", HmacDigest::sha256, large_key, large_text,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (const Vector& vector : vectors) {
        EXPECT_EQ(hmac(vector.digest, vector.key, vector.text), vector.mac) << vector.why;
    }
}

TEST(Hmac, TakesAnEmptyKeyAndNothingOfTheKeyBefore) {
    // HMAC-SHA256 of nothing under no key, as any implementation gives it.
    constexpr const char* empty =
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    EXPECT_EQ(hmac(HmacDigest::sha256, "", ""), empty);
    EXPECT_NE(hmac(HmacDigest::sha256, "secret", ""), empty);
    EXPECT_EQ(hmac(HmacDigest::sha256, "", ""), empty);
}

TEST(Hmac, ComputesSeveralAtOnce) {
    Hmac first(HmacDigest::sha256, as_bytes("Jefe"));
    first.update(as_bytes("what do ya want "));
    Hmac second(HmacDigest::sha256, as_bytes("other"));
    second.update(as_bytes("text"));
    first.update(as_bytes("for nothing?"));
    EXPECT_EQ(hex(Bytes(first.finish()).first(32)),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_NE(second.finish(), (std::array<std::uint8_t, hmac_bytes_max>{}));
}

TEST(EqualInConstantTime, ComparesSizesAndBytes) {
    EXPECT_TRUE(equal_in_constant_time({}, {}));
    EXPECT_TRUE(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
    EXPECT_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace kith::crypto
