#pragma once
// Bounds of keys, so that a hostile DNSKEY, KEY or key file costs no more than an ordinary one.

#include <cstddef>

namespace kith::crypto {

// RFC 3110 §2 and RFC 5702 §2 allow 512..4096 bits. Verifying with a larger modulus costs with its
// square: whoever publishes the key would decide what we pay. Refused: KeyFault::modulus_size.
inline constexpr int rsa_bits_min = 512;
inline constexpr int rsa_bits_max = 4096;
// New keys: shorter ones are within reach of factoring (RFC 8624 §3.1 and NIST SP 800-57).
inline constexpr int rsa_bits_generated_min = 1024;
inline constexpr int rsa_bits_default = 2048;
// A verification multiplies once per bit of the exponent; every key in use has 65537 or less, and
// 2^32+1 is the largest that was ever recommended. Refused: KeyFault::exponent_size.
inline constexpr int rsa_exponent_bits_max = 33;

inline constexpr std::size_t signature_bytes_max = rsa_bits_max / 8;
// Exponent length (3), exponent and modulus.
inline constexpr std::size_t public_key_bytes_max = 3 + 5 + rsa_bits_max / 8;

// Text of one private key: RSA of 4096 bits is 3.2 kB in PEM and 3.5 kB in BIND's format.
inline constexpr std::size_t private_key_text_bytes_max = 16384;

}  // namespace kith::crypto
