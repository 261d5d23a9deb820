#pragma once
// DNSSEC algorithms by their IANA numbers ("DNS Security Algorithm Numbers"): one row each, for those
// that can be verified here. Numbers without a row are legal in zones and are not understood.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kith::crypto {

enum class DigestKind : std::uint8_t { sha1, sha256, sha384, sha512 };

enum class Algorithm : std::uint8_t {
    RSASHA1 = 5,             // RFC 3110; verified only: RFC 8624 §3.1 says not to sign with it
    RSASHA1_NSEC3_SHA1 = 7,  // RFC 5155 §2; the same under another number
    RSASHA256 = 8,           // RFC 5702
    RSASHA512 = 10,          // RFC 5702
    ECDSAP256SHA256 = 13,    // RFC 6605
    ECDSAP384SHA384 = 14,    // RFC 6605
    ED25519 = 15,            // RFC 8080
    ED448 = 16,              // RFC 8080
};

enum class Family : std::uint8_t { rsa, ecdsa, eddsa };
enum class Signing : std::uint8_t { allowed, refused };

struct AlgorithmRow {
    Algorithm algorithm;
    std::string_view mnemonic;  // as in key files and DNSKEY records
    Family family;
    Signing signing;
    DigestKind digest;              // of the data before it is signed; not used by eddsa
    std::uint16_t key_bytes;        // of the public key in DNSKEY; 0 for rsa, which varies
    std::uint16_t signature_bytes;  // in RRSIG; 0 for rsa: as many as its modulus
};

/// All rows, by number.
std::span<const AlgorithmRow> all_algorithms();
/// The row of a number from the wire; nullptr when it is not understood.
const AlgorithmRow* find_algorithm(std::uint8_t number);
const AlgorithmRow& row_of(Algorithm algorithm);
/// A mnemonic in any case ("ECDSAP256SHA256"), or the number in decimal.
std::optional<Algorithm> parse_algorithm(std::string_view text);
/// The mnemonic, or the number in decimal when there is no row.
std::string algorithm_name(std::uint8_t number);

}  // namespace kith::crypto
