#include "crypto/digest.hpp"

#include <string>

#include <gtest/gtest.h>

namespace kith::crypto {
namespace {

std::string hex(Bytes bytes) {
    std::string out;
    for (const std::uint8_t byte : bytes) {
        out += "0123456789abcdef"[byte >> 4];
        out += "0123456789abcdef"[byte & 15];
    }
    return out;
}

TEST(Digest, AgreesWithFips180) {
    struct Row {
        DigestKind kind;
        std::string_view message;
        std::string_view digest;
        std::string_view why;
    };
    const Row rows[] = {
        {DigestKind::sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d", "FIPS 180-4 example"},
        {DigestKind::sha1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709", "nothing at all"},
        {DigestKind::sha256, "abc",
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "FIPS 180-4 example"},
        {DigestKind::sha384, "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca1"
         "34c825a7",
         "FIPS 180-4 example"},
        {DigestKind::sha512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23"
         "a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
         "FIPS 180-4 example"},
    };
    for (const Row& row : rows) {
        Digest digest(row.kind);
        std::array<std::uint8_t, digest_bytes_max> out;
        for (int round = 0; round < 2; ++round) {  // the second message in the same context
            for (const char& c : row.message) digest.update(as_bytes({&c, 1}));
            EXPECT_EQ(hex(digest.finish(out)), row.digest) << row.why << ", round " << round;
        }
    }
}

}  // namespace
}  // namespace kith::crypto
