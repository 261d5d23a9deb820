#include "auth/key_text.hpp"

#include <gtest/gtest.h>

#include "auth/auth_testing.hpp"

namespace kith::auth {
namespace {

using namespace test;

/// "name algorithm truncated secret", or the error.
std::string shown(const TsigKey& key) {
    return key.name.to_text() + " " + std::string(algorithm_name(key.algorithm)) + " " +
           std::to_string(key.truncated_bytes) + " " + std::string(as_text(key.secret.bytes()));
}

struct Word {
    std::string_view text;
    std::string_view key;  // empty: refused
    std::string_view error;
};

TEST(KeyWord, ReadsWhatDigAndNsupdateTake) {
    constexpr Word rows[] = {
        {"hmac-sha512:k.example:c2VjcmV0", "k.example. hmac-sha512 0 secret", ""},
        {"k.example:c2VjcmV0", "k.example. hmac-sha256 0 secret", ""},
        {"hmac-md5:k:c2VjcmV0", "k. HMAC-MD5.SIG-ALG.REG.INT 0 secret", ""},
        {"hmac-sha1-96:k:c2VjcmV0", "k. hmac-sha1 12 secret", ""},
        {"HMAC-SHA256-128:k:c2VjcmV0", "k. hmac-sha256 16 secret", ""},
        {"hmac-sha256-256:k:c2VjcmV0", "k. hmac-sha256 0 secret", ""},
        {"k", "", "no ':'"},
        {"rot13:k:c2VjcmV0", "", "expected a TSIG algorithm"},
        {"gss-tsig:k:c2VjcmV0", "", "expected a TSIG algorithm"},
        {"hmac-sha256-64:k:c2VjcmV0", "", "128 to 256 bits"},
        {"hmac-sha256-130:k:c2VjcmV0", "", "steps of 8"},
        {"k:", "", "empty or cut off"},
        {"k:c2VjcmV", "", "cut off"},
        {"k:*", "", "base64"},
        {"a..b:c2VjcmV0", "", "label"},
    };
    for (const Word& row : rows) {
        const auto key = parse_key_word(row.text);
        EXPECT_EQ(key ? shown(*key) : "", row.key) << row.text;
        if (!key) {
            EXPECT_NE(key.error().text.find(row.error), std::string::npos)
                << row.text << ": " << key.error().text;
            EXPECT_EQ(key.error().text.find("c2Vj"), std::string::npos) << "shows the secret";
        }
    }
}

TEST(BindKeys, ReadsAllKeysOfANamedConf) {
    constexpr std::string_view text = R"(// made by hand
options { directory "/var/bind"; allow-update { key "other"; }; };
key "first.example" { algorithm hmac-sha256; secret "c2VjcmV0"; };
# a comment with key "no" {
/* key "neither" { */
KEY second { secret "b3Ro ZXI=" ; algorithm "hmac-sha384-192"; };
zone "example" { type primary; update-policy { grant key local; }; };
)";
    Problems problems;
    const std::vector<TsigKey> keys = parse_bind_keys(text, "named.conf", problems);
    EXPECT_TRUE(problems.empty()) << problems.front().to_text();
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(shown(keys[0]), "first.example. hmac-sha256 0 secret");
    EXPECT_EQ(shown(keys[1]), "second. hmac-sha384 24 other");
}

struct Broken {
    std::string_view text;
    std::string_view problem;
};

TEST(BindKeys, SaysWhereAFileIsWrong) {
    constexpr Broken rows[] = {
        {"key k { secret \"c2VjcmV0\"; };",
         "f:1:5: error: expected 'algorithm' and 'secret' in this key"},
        {"key k {\n algorithm rot13;\n secret \"c2VjcmV0\"; };",
         "f:2:12: error: expected a TSIG algorithm"},
        {"key k {\n algorithm hmac-sha256;\n secret \"!\"; };",
         "f:3:9: error: expected a secret in base64"},
        {"key k {\n color blue;\n algorithm hmac-sha256; secret \"c2VjcmV0\"; };",
         "f:2:2: error: expected 'algorithm' or 'secret'"},
        {"key k algorithm", "f:1:7: error: expected '{'"},
        {"key k { algorithm hmac-sha256; secret \"c2VjcmV0",
         "f:1:32: error: expected a value here"},
        {"key k { algorithm hmac-sha256; secret \"c2VjcmV0\"", "expected ';'"},
        {"/* never closed", "not closed"},
    };
    for (const Broken& row : rows) {
        Problems problems;
        EXPECT_TRUE(parse_bind_keys(row.text, "f", problems).empty()) << row.text;
        ASSERT_FALSE(problems.empty()) << row.text;
        EXPECT_NE(problems.front().to_text().find(row.problem), std::string::npos)
            << problems.front().to_text();
    }
}

TEST(KeyFile, IsAnyOfThreeForms) {
    const struct {
        std::string_view file, text, key;
    } rows[] = {
        {"a.key", "key \"k\" { algorithm hmac-sha512; secret \"c2VjcmV0\"; };",
         "k. hmac-sha512 0 secret"},
        {"a.key", "hmac-sha512:k:c2VjcmV0\n", "k. hmac-sha512 0 secret"},
        {"/etc/Kddns.example.+163+00512.private",
         "Private-key-format: v1.3\nAlgorithm: 163 (HMAC_SHA256)\nKey: c2VjcmV0\nBits: AAA=\n",
         "ddns.example. hmac-sha256 0 secret"},
        {"Kexample.+013+00001.private",
         "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: AAAA\n", ""},
        {"odd", "Private-key-format: v1.3\nAlgorithm: 163 (HMAC_SHA256)\nKey: c2VjcmV0\n", ""},
        {"empty", "", ""},
        {"other", "options { };", ""},
    };
    for (const auto& row : rows) {
        Problems problems;
        const auto key = parse_key_file(row.text, row.file, problems);
        EXPECT_EQ(key ? shown(*key) : "", row.key) << row.file;
        EXPECT_EQ(problems.empty(), key.has_value()) << row.file;
    }
}

TEST(RawKey, TakesBytesAsTheyAre) {
    const auto key = raw_key(name("k"), TsigAlgorithm::hmac_sha512, from_hex("00ff0a"));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(to_hex(key->secret.bytes()), "00ff0a");
    EXPECT_EQ(raw_key(name("k"), TsigAlgorithm::hmac_sha512, {}).error(), KeyFault::secret_size);
}

}  // namespace
}  // namespace kith::auth
