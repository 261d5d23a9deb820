#include "dnssec/key_file.hpp"

#include "dnssec/dnssec_testing.hpp"

namespace kith::dnssec::test {
namespace {

// RFC 6605 §6.1.
constexpr std::string_view p256_private =
    "Private-key-format: v1.2\n"
    "Algorithm: 13 (ECDSAP256SHA256)\n"
    "PrivateKey: GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=\n";
constexpr std::string_view p256_public =
    "; This is a key-signing key\n"
    "example.net. 3600 IN DNSKEY 257 3 13 (\n"
    "    GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb\n"
    "    krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA== )\n";
// RFC 5702 §6.1.
constexpr std::string_view rsa_private =
    "Private-key-format: v1.2\n"
    "Algorithm:       8 (RSASHA256)\n"
    "Modulus:         wVwaxrHF2CK64aYKRUibLiH30KpPuPBjel7E8ZydQW1HYWHfoGmidzC2RnhwCC293hCzw+TFR2nqn8OVSY5t2Q==\n"
    "PublicExponent:  AQAB\n"
    "PrivateExponent: UR44xX6zB3eaeyvTRzmskHADrPCmPWnr8dxsNwiDGHzrMKLN+i/HAam+97HxIKVWNDH2ba9Mf1SA8xu9dcHZAQ==\n"
    "Prime1:          4c8IvFu1AVXGWeFLLFh5vs7fbdzdC6U82fduE6KkSWk=\n"
    "Prime2:          2zZpBE8ZXVnL74QjG4zINlDfH+EOEtjJJ3RtaYDugvE=\n"
    "Exponent1:       G2xAPFfK0KGxGANDVNxd1K1c9wOmmJ51mGbzKFFNMFk=\n"
    "Exponent2:       GYxP1Pa7CAwtHm8SAGX594qZVofOMhgd6YFCNyeVpKE=\n"
    "Coefficient:     icQdNRjlZGPmuJm2TIadubcO8X7V4y07aVhX464tx8Q=\n";

TEST(KeyFile, ReadsTheKeysOfRfc6605And5702) {
    const auto private_file = parse_private_key(p256_private);
    const auto public_file = parse_public_key(p256_public);
    ASSERT_TRUE(private_file && public_file)
        << private_file.error().text << public_file.error().text;
    EXPECT_EQ(public_file->ttl, 3600U);
    EXPECT_EQ(public_file->owner, name("example.net."));
    const auto key = join_key_files(*public_file, *private_file);
    ASSERT_TRUE(key.has_value()) << key.error().text;
    EXPECT_EQ(key->tag(), 55648);
    EXPECT_TRUE(key->is_sep());
    EXPECT_EQ(key_file_stem(public_file->owner, key->algorithm(), key->tag()),
              "Kexample.net.+013+55648");

    const auto rsa = parse_private_key(rsa_private);
    ASSERT_TRUE(rsa.has_value()) << rsa.error().text;
    EXPECT_EQ(key_tag(make_dnskey(zsk_flags, rsa->key.public_key())), 9033);
    EXPECT_FALSE(join_key_files(*public_file, *rsa).has_value()) << "the key of another file";
}

TEST(KeyFile, WritesWhatItReads) {
    for (const crypto::Algorithm algorithm :
         {crypto::Algorithm::RSASHA256, crypto::Algorithm::ECDSAP384SHA384,
          crypto::Algorithm::ED25519, crypto::Algorithm::ED448}) {
        KeyTimes times;
        times.created = 1700000000;
        times.publish = 1700000001;
        times.sync_remove = 253402300799;  // the last second of the year 9999
        const ZoneKey key = zone_key(zsk_flags, algorithm);
        const crypto::SecretBytes text = format_private_key({*key.private_key(), times});
        const auto file = parse_private_key(as_text(text.bytes()));
        ASSERT_TRUE(file.has_value()) << file.error().text;
        EXPECT_EQ(file->times, times);
        const Bytes rdata = key.rdata();
        const PublicKeyFile shown{
            name("a.example."), 7200, {rdata.begin(), rdata.end()}, false, times};
        const auto again = parse_public_key(format_public_key(shown));
        ASSERT_TRUE(again.has_value()) << again.error().text;
        EXPECT_EQ(again->times, times);
        EXPECT_EQ(again->ttl, 7200U);
        EXPECT_EQ(again->owner, shown.owner);
        EXPECT_TRUE(join_key_files(*again, *file).has_value());
    }
}

TEST(KeyFile, ReadsTimesInComments) {
    // As dnssec-keygen writes them. What is no time is only a comment.
    const auto file = parse_public_key(
        "; This is a zone-signing key, keyid 1, for example.\n"
        "; Created: 20270115080000 (Fri Jan 15 08:00:00 2027)\n"
        ";Publish: 20270116080000 (Sat Jan 16 08:00:00 2027)\n"
        "; Activate: soon\n; Delete:\n; Rumour: 20270115080000\n"
        "example. IN DNSKEY 256 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4= ; Inactive: 1\n");
    ASSERT_TRUE(file.has_value()) << file.error().text;
    KeyTimes times;
    times.created = 1800000000;
    times.publish = 1800086400;
    EXPECT_EQ(file->times, times);
}

TEST(KeyFile, SaysWhatIsWrong) {
    const std::string good(p256_private);
    struct Row {
        std::string text;
        std::uint32_t line;
        std::string_view error;
    };
    const Row rows[] = {
        {"", 0, "expected a line `Private-key-format: v1.3`, found none"},
        {"Private-key-format: v2.0\n", 1, "expected format v1.2 or v1.3, found v2.0"},
        {"Private-key-format: v1.3\n\nPrivateKey: AAAA\n", 0,
         "expected a line `Algorithm: ...`, found none"},
        {"Private-key-format: v1.3\nAlgorithm: 3 (DSA)\n", 2,
         "the algorithm 3 (DSA) is not one that signs here"},
        {"Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: A*\n", 3,
         "PrivateKey: expected base64"},
        {good + "PrivateKey: AAAA\n", 4, "PrivateKey stands twice"},
        {good + "Activate: 2026\n", 4, "Activate: expected a time as YYYYMMDDHHmmSS, found 2026"},
        {good + "Activate: 20260230000000\n", 4,
         "Activate: expected a time as YYYYMMDDHHmmSS, found 20260230000000"},
        {"Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: AAAA\n", 0,
         "the key does not have as many bytes as its algorithm says"},
        {std::string(20000, 'x'), 0, "more text than a key has"},
    };
    for (const Row& row : rows) {
        const auto file = parse_private_key(row.text);
        ASSERT_FALSE(file.has_value()) << row.error;
        EXPECT_EQ(file.error().text, row.error);
        EXPECT_EQ(file.error().line, row.line) << row.error;
    }
    EXPECT_TRUE(parse_private_key(
        good + "HSM-Label: x\nNewField\n: \nActivate: 20260228000000 (Sat Feb 28)\n"))
        << "later versions add fields";
    for (const std::string_view text :
         {"", "example.", "example. IN", "example. IN A 10.0.0.1", "example. IN DNSKEY 257 3",
          "a..b IN DNSKEY 257 3 13 AAAA", "example. 5 5 IN DNSKEY 257 3 13 AAAA",
          "example. IN DNSKEY 257 3 13 ("}) {
        EXPECT_FALSE(parse_public_key(text).has_value()) << text;
    }
}

TEST(KeyFile, NamesAreNoPaths) {
    dns::NameBuilder builder;
    builder.append(as_bytes("../X"));
    builder.append(as_bytes("a b"));
    builder.append(NameView());
    EXPECT_EQ(key_file_stem(builder.finish(), 8, 7), "K\\.\\.\\047x.a\\032b.+008+00007");
}

TEST(KeyFile, TimesDecideWhatAKeyDoes) {
    KeyTimes times;
    times.publish = 100;
    times.activate = 200;
    times.sync_publish = 250;
    times.inactive = 300;
    times.remove = 400;
    const KeyUse all{true, true, true, true};
    struct Row {
        UnixTime at;
        KeyUse use;
        std::string_view why;
    };
    const Row rows[] = {
        {99, {false, false, false, false}, "before all"},
        {100, {true, false, false, false}, "published, RFC 6781 §4.1.1.1"},
        {200, {true, true, true, false}, "signs"},
        {250, {true, true, true, true}, "and asks for its DS"},
        {300, {true, false, false, false}, "retired: what it signed is still in caches"},
        {400, {false, false, false, false}, "gone"},
    };
    for (const Row& row : rows) {
        const KeyUse use = use_at(all, times, row.at);
        EXPECT_EQ(use.publish, row.use.publish) << row.why;
        EXPECT_EQ(use.sign_keys, row.use.sign_keys) << row.why;
        EXPECT_EQ(use.sign_zone, row.use.sign_zone) << row.why;
        EXPECT_EQ(use.announce, row.use.announce) << row.why;
    }
    EXPECT_TRUE(use_at(all, {}, 0).announce) << "without times a key is always in use";
}

TEST(KeyFile, AKeyThatWaitsLeavesTheWorkToOthers) {
    KeyTimes waiting;
    waiting.publish = 50;
    waiting.activate = 200;
    const TimedKey keys[] = {{zone_key(ksk_flags), waiting}, {zone_key(zsk_flags), {}}};
    const KeySet early = use_by_times(keys, 100);
    ASSERT_EQ(early.keys.size(), 2U);
    EXPECT_TRUE(early.keys[0].use.sign_keys && early.keys[0].use.sign_zone)
        << "the zone key does all";
    EXPECT_FALSE(early.keys[0].key.is_sep());
    EXPECT_TRUE(early.keys[1].use.publish && !early.keys[1].use.sign_keys);
    const KeySet late = use_by_times(keys, 200);
    EXPECT_TRUE(late.keys[0].use.sign_keys && !late.keys[0].use.sign_zone);
    EXPECT_TRUE(late.keys[1].use.sign_zone && !late.keys[1].use.sign_keys);
    EXPECT_EQ(use_by_times(keys, 10).keys.size(), 1U) << "not even published";
}

TEST(KeyFile, TimesAreThoseOfTheCalendar) {
    EXPECT_EQ(format_key_time(0), "19700101000000");
    EXPECT_EQ(parse_key_time("20000229235959"), 951868799);
    EXPECT_EQ(parse_key_time("99991231235959"), 253402300799);
    for (const std::string_view text :
         {"", "2026", "20261301000000", "20260001000000", "20260101240000", "2026010100000x",
          "19691231235959", "+0260101000000", "202601010000000"}) {
        EXPECT_EQ(parse_key_time(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace kith::dnssec::test
