#include "crypto/key.hpp"

#include <array>
#include <thread>

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace kith::crypto {
namespace {

using Wire = std::vector<std::uint8_t>;

constexpr Algorithm signing_algorithms[] = {Algorithm::RSASHA256,       Algorithm::RSASHA512,
                                            Algorithm::ECDSAP256SHA256, Algorithm::ECDSAP384SHA384,
                                            Algorithm::ED25519,         Algorithm::ED448};

PrivateKey make_key(Algorithm algorithm) {
    auto key = PrivateKey::generate(algorithm, 1024);
    EXPECT_TRUE(key.has_value()) << fault_text(key.error());
    return *key;
}

/// Signs with one handle, verifies with what another makes of the public key's bytes.
bool agree(const PrivateKey& key, const PublicKey& shown) {
    const auto copy =
        PublicKey::from_wire(static_cast<std::uint8_t>(shown.algorithm()), shown.wire());
    if (!copy) return false;
    std::array<std::uint8_t, signature_bytes_max> out;
    Signer signer(key);
    Verifier verifier(*copy);
    const Bytes parts[] = {as_bytes("in "), as_bytes("parts")};
    const auto signature = signer.sign(parts, out);
    return signature && signature->size() == signer.signature_bytes() &&
           verifier.verify(as_bytes("in parts"), *signature) == Verdict::good &&
           verifier.verify(as_bytes("in Parts"), *signature) == Verdict::bad;
}

TEST(Algorithm, IsFoundByNumberAndName) {
    EXPECT_EQ(parse_algorithm("ecdsap256sha256"), Algorithm::ECDSAP256SHA256);
    EXPECT_EQ(parse_algorithm("15"), Algorithm::ED25519);
    EXPECT_EQ(parse_algorithm("ECDSA"), std::nullopt);
    EXPECT_EQ(parse_algorithm("3"), std::nullopt);
    EXPECT_EQ(parse_algorithm(""), std::nullopt);
    EXPECT_EQ(parse_algorithm("271"), std::nullopt);
    EXPECT_EQ(algorithm_name(8), "RSASHA256");
    EXPECT_EQ(algorithm_name(3), "3");
}

TEST(PrivateKey, SignsWhatItsPublicKeyVerifies) {
    for (const Algorithm algorithm : signing_algorithms) {
        const PrivateKey key = make_key(algorithm);
        EXPECT_EQ(key.algorithm(), algorithm);
        const AlgorithmRow& row = row_of(algorithm);
        if (row.key_bytes != 0) {
            EXPECT_EQ(key.public_key().wire().size(), row.key_bytes);
        }
        EXPECT_TRUE(agree(key, key.public_key())) << row.mnemonic;
    }
}

TEST(PrivateKey, GoesThroughEveryForm) {
    for (const Algorithm algorithm : signing_algorithms) {
        const PrivateKey key = make_key(algorithm);
        const SecretBytes pem = key.to_pem();
        const SecretBytes der = key.to_der();
        const auto from_pem = PrivateKey::from_pem(algorithm, as_text(pem.bytes()));
        const auto from_der = PrivateKey::from_der(algorithm, der.bytes());
        const auto from_numbers = PrivateKey::from_parameters(algorithm, key.parameters());
        ASSERT_TRUE(from_pem && from_der && from_numbers) << row_of(algorithm).mnemonic;
        EXPECT_TRUE(agree(*from_pem, key.public_key()));
        EXPECT_TRUE(agree(*from_der, key.public_key()));
        EXPECT_TRUE(agree(*from_numbers, key.public_key()));
    }
}

// RFC 8032 §7.1 test 1 and §7.4 "1 octet".
TEST(PrivateKey, MakesTheSignaturesOfRfc8032) {
    struct Row {
        Algorithm algorithm;
        Wire seed, message, public_key, signature;
    };
    const auto bytes = [](std::string_view hex) {
        Wire out;
        const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            out.push_back(static_cast<std::uint8_t>(value(hex[i]) * 16 + value(hex[i + 1])));
        }
        return out;
    };
    const Row rows[] = {
        {Algorithm::ED25519,
         bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
         {},
         bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
         bytes(
             "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e"
             "39701cf9b46bd25bf5f0595bbe24655141438e7a100b")},
        {Algorithm::ED448,
         bytes(
             "c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463afbea67c5e8d2877c5e3b"
             "c397a659949ef8021e954e0a12274e"),
         bytes("03"),
         bytes(
             "43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c0866aea01eb00742802b843"
             "8ea4cb82169c235160627b4c3a9480"),
         bytes(
             "26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f"
             "62de8ccdf633fc1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7"
             "e0a6472905e799f1953d2a0ff3348ab21aa4adafd1d234441cf807c03a00")},
    };
    for (const Row& row : rows) {
        PrivateParameters numbers;
        numbers.private_key = SecretBytes(row.seed);
        const auto key = PrivateKey::from_parameters(row.algorithm, numbers);
        ASSERT_TRUE(key.has_value());
        const Bytes shown = key->public_key().wire();
        EXPECT_EQ(Wire(shown.begin(), shown.end()), row.public_key);
        std::array<std::uint8_t, signature_bytes_max> out;
        for (int round = 0; round < 2; ++round) {
            const auto signature = Signer(*key).sign(row.message, out);
            ASSERT_TRUE(signature.has_value());
            EXPECT_EQ(Wire(signature->begin(), signature->end()), row.signature);
        }
    }
}

TEST(SecretBytes, LeaveNothingBehind) {
    Wire copy = {1, 2, 3};
    wipe(copy);
    EXPECT_EQ(copy, Wire(3));
    wipe({});
    SecretBytes secret{Bytes(copy)};
    secret.wipe();
    EXPECT_TRUE(secret.empty());
}

TEST(PrivateKey, RefusesWhatIsNoKey) {
    const PrivateKey p256 = make_key(Algorithm::ECDSAP256SHA256);
    const SecretBytes kept_pem = p256.to_pem();
    const std::string pem(as_text(kept_pem.bytes()));
    const SecretBytes kept_der = p256.to_der();
    Wire longer(kept_der.bytes().begin(), kept_der.bytes().end());
    longer.push_back(0);
    struct Row {
        KeyFault fault;
        Key<PrivateKey> key;
        std::string_view why;
    };
    PrivateParameters zero;
    zero.private_key = SecretBytes(std::size_t{32});
    PrivateParameters order;
    order.private_key = SecretBytes(Wire(32, 0xff));
    PrivateParameters short_seed;
    short_seed.private_key = SecretBytes(std::size_t{31});
    PrivateParameters other = make_key(Algorithm::RSASHA256).parameters();
    other.private_exponent = make_key(Algorithm::RSASHA256).parameters().private_exponent;
    const Row rows[] = {
        {KeyFault::malformed, PrivateKey::from_pem(Algorithm::ED25519, ""), "nothing"},
        {KeyFault::malformed, PrivateKey::from_pem(Algorithm::ED25519, pem.substr(0, 90)), "cut"},
        {KeyFault::wrong_algorithm, PrivateKey::from_pem(Algorithm::ED25519, pem), "another type"},
        {KeyFault::wrong_algorithm, PrivateKey::from_pem(Algorithm::ECDSAP384SHA384, pem),
         "another curve"},
        {KeyFault::too_large, PrivateKey::from_pem(Algorithm::ED25519, std::string(20000, '-')),
         "bounded"},
        {KeyFault::malformed, PrivateKey::from_der(Algorithm::ECDSAP256SHA256, longer),
         "bytes after the key"},
        {KeyFault::mismatch, PrivateKey::from_parameters(Algorithm::ECDSAP256SHA256, zero),
         "the scalar is 1..n-1"},
        {KeyFault::mismatch, PrivateKey::from_parameters(Algorithm::ECDSAP256SHA256, order),
         "the scalar is 1..n-1"},
        {KeyFault::key_size, PrivateKey::from_parameters(Algorithm::ED25519, short_seed),
         "31 bytes"},
        {KeyFault::malformed, PrivateKey::from_parameters(Algorithm::RSASHA256, zero),
         "numbers are missing"},
        {KeyFault::mismatch, PrivateKey::from_parameters(Algorithm::RSASHA256, other),
         "the exponent of another key"},
        {KeyFault::unsupported_algorithm, PrivateKey::generate(Algorithm::RSASHA1),
         "RFC 8624 §3.1: not for signing"},
        {KeyFault::modulus_size, PrivateKey::generate(Algorithm::RSASHA256, 512), "too short"},
        {KeyFault::modulus_size, PrivateKey::generate(Algorithm::RSASHA256, 8192), "too long"},
    };
    for (const Row& row : rows) {
        ASSERT_FALSE(row.key.has_value()) << row.why;
        EXPECT_EQ(row.key.error(), row.fault) << row.why << ": " << fault_name(row.key.error());
    }
}

TEST(PrivateKey, AsksNobodyForAPassword) {
    // Encrypted PKCS#8: only its label and its outermost form matter here.
    const char pem[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAAAAAAAAAAAAAAAAAA\n"
        "AAAAAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQAAAAAAAAAAAAAAAA\n"
        "AAAAAARAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    const auto key = PrivateKey::from_pem(Algorithm::ED25519, pem);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error(), KeyFault::encrypted);
}

/// RFC 3110 §2.
Wire rsa_wire(Wire exponent, std::size_t modulus_bytes, std::uint8_t first = 0x80,
              std::uint8_t last = 1) {
    Wire out{static_cast<std::uint8_t>(exponent.size())};
    out.insert(out.end(), exponent.begin(), exponent.end());
    Wire modulus(modulus_bytes, 0x55);
    modulus.front() = first;
    modulus.back() = last;
    out.insert(out.end(), modulus.begin(), modulus.end());
    return out;
}

TEST(PublicKey, RefusesHostileKeys) {
    struct Row {
        std::uint8_t algorithm;
        Wire key;
        KeyFault fault;
        std::string_view why;
    };
    Wire off_curve(64, 1);
    Wire long_length{0, 0xff, 0xff, 1};
    const Row rows[] = {
        {8, {}, KeyFault::key_size, "empty"},
        {8, {1, 3}, KeyFault::key_size, "no modulus"},
        {8, {3, 1, 0, 1}, KeyFault::key_size, "the modulus has no byte"},
        {8, {0, 0, 0, 1, 1}, KeyFault::key_size, "no exponent"},
        {8, long_length, KeyFault::key_size, "an exponent longer than the key"},
        {8, rsa_wire({1, 0, 1}, 63), KeyFault::modulus_size, "504 bits"},
        {8, rsa_wire({1, 0, 1}, 513), KeyFault::modulus_size, "over 4096 bits"},
        {8, rsa_wire({1, 0, 1}, 8000), KeyFault::modulus_size, "as large as a record can be"},
        {8, rsa_wire({1, 0, 1}, 129, 0), KeyFault::modulus_size, "RFC 3110 §2: a leading zero"},
        {8, rsa_wire({1, 0, 1}, 128, 0x80, 2), KeyFault::modulus_size, "an even modulus"},
        {8, rsa_wire({1}, 128), KeyFault::exponent_size, "1: everybody signs"},
        {8, rsa_wire({4}, 128), KeyFault::exponent_size, "even"},
        {8, rsa_wire(Wire(128, 0xff), 128), KeyFault::exponent_size, "as costly as signing"},
        {8, rsa_wire({0, 3}, 128), KeyFault::exponent_size, "RFC 3110 §2: a leading zero"},
        {13, Wire(63), KeyFault::key_size, "63 bytes"},
        {13, Wire(65), KeyFault::key_size, "65 bytes"},
        {13, off_curve, KeyFault::bad_point, "not on the curve"},
        {13, Wire(64), KeyFault::bad_point, "0, 0"},
        {13, Wire(64, 0xff), KeyFault::bad_point, "coordinates above the prime"},
        {14, Wire(64), KeyFault::key_size, "a key of P-256"},
        {15, Wire(31), KeyFault::key_size, "31 bytes"},
        {16, Wire(56), KeyFault::key_size, "56 bytes"},
        {1, Wire(64), KeyFault::unsupported_algorithm, "RSAMD5, RFC 8624 §3.1"},
        {3, Wire(64), KeyFault::unsupported_algorithm, "DSA"},
        {12, Wire(64), KeyFault::unsupported_algorithm, "GOST"},
        {255, Wire(64), KeyFault::unsupported_algorithm, "reserved"},
    };
    for (const Row& row : rows) {
        const auto key = PublicKey::from_wire(row.algorithm, row.key);
        ASSERT_FALSE(key.has_value()) << row.why;
        EXPECT_EQ(key.error(), row.fault) << row.why << ": " << fault_name(key.error());
    }
    EXPECT_TRUE(PublicKey::from_wire(8, rsa_wire({3}, 64)).has_value()) << "512 bits, RFC 5702 §2";
    EXPECT_TRUE(PublicKey::from_wire(5, rsa_wire({1, 0, 0, 0, 1}, 512)).has_value()) << "4096 bits";
}

TEST(Verifier, TakesAnySignature) {
    for (const Algorithm algorithm : signing_algorithms) {
        const PrivateKey key = make_key(algorithm);
        Verifier verifier(key.public_key());
        std::array<std::uint8_t, signature_bytes_max> out;
        const auto signature = Signer(key).sign(as_bytes("x"), out);
        ASSERT_TRUE(signature.has_value());
        const Wire good(signature->begin(), signature->end());
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, good.size() - 1, good.size() + 1, std::size_t{600}}) {
            Wire other = good;
            other.resize(size);
            EXPECT_EQ(verifier.verify(as_bytes("x"), other), Verdict::bad);
        }
        for (const std::uint8_t fill : Wire{0x00, 0x01, 0x80, 0xff}) {
            EXPECT_EQ(verifier.verify(as_bytes("x"), Wire(good.size(), fill)), Verdict::bad);
        }
        for (std::size_t at = 0; at < good.size(); at += 7) {
            Wire other = good;
            other[at] ^= 1;
            EXPECT_EQ(verifier.verify(as_bytes("x"), other), Verdict::bad) << at;
        }
        EXPECT_EQ(verifier.verify(as_bytes("x"), good), Verdict::good) << "after all of those";
    }
}

TEST(Verifier, KnowsNoGoodSignatureWhereTheLibraryOffersNone) {
    // A system whose policy bans SHA-1 has keys of RSASHA1 and cannot check with them: whoever publishes
    // one must not end the process.
    for (const Algorithm algorithm : signing_algorithms) {
        const PrivateKey key = make_key(algorithm);
        std::array<std::uint8_t, signature_bytes_max> out;
        const auto signature = Signer(key).sign(as_bytes("x"), out);
        ASSERT_TRUE(signature.has_value());
        ASSERT_EQ(EVP_set_default_properties(nullptr, "provider=nobody"), 1);
        Verifier verifier(key.public_key());
        Signer signer(key);
        std::array<std::uint8_t, signature_bytes_max> other;
        EXPECT_EQ(verifier.verify(as_bytes("x"), *signature), Verdict::bad);
        const auto refused = signer.sign(as_bytes("x"), other);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), KeyFault::library);
        ASSERT_EQ(EVP_set_default_properties(nullptr, ""), 1);
        EXPECT_EQ(Verifier(key.public_key()).verify(as_bytes("x"), *signature), Verdict::good);
    }
}

TEST(Signer, WorksBesideOthersOfTheSameKey) {
    const PrivateKey key = make_key(Algorithm::ECDSAP256SHA256);
    std::array<bool, 4> good{};
    {
        std::vector<std::jthread> threads;
        for (bool& each : good) {
            threads.emplace_back([&key, &each] {
                each = true;
                for (int i = 0; i < 50; ++i) each = each && agree(key, key.public_key());
            });
        }
    }
    for (const bool each : good) EXPECT_TRUE(each);
}

}  // namespace
}  // namespace kith::crypto
