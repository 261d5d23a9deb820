#include "crypto/key.hpp"

namespace kith::crypto {

std::string_view fault_name(KeyFault fault) {
    switch (fault) {
        case KeyFault::unsupported_algorithm: return "unsupported_algorithm";
        case KeyFault::key_size: return "key_size";
        case KeyFault::modulus_size: return "modulus_size";
        case KeyFault::exponent_size: return "exponent_size";
        case KeyFault::bad_point: return "bad_point";
        case KeyFault::malformed: return "malformed";
        case KeyFault::encrypted: return "encrypted";
        case KeyFault::wrong_algorithm: return "wrong_algorithm";
        case KeyFault::too_large: return "too_large";
        case KeyFault::mismatch: return "mismatch";
        case KeyFault::library: return "library";
    }
    return "";
}

std::string_view fault_text(KeyFault fault) {
    switch (fault) {
        case KeyFault::unsupported_algorithm:
            return "expected an algorithm that keys can be made and used for here: RSASHA256, RSASHA512, "
                   "ECDSAP256SHA256, ECDSAP384SHA384, ED25519 or ED448";
        case KeyFault::key_size: return "the key does not have as many bytes as its algorithm says";
        case KeyFault::modulus_size:
            return "expected an odd RSA modulus of 512 to 4096 bits (new keys: from 1024), without "
                   "leading zeros";
        case KeyFault::exponent_size:
            return "expected an odd RSA exponent from 3 to 33 bits, without leading zeros";
        case KeyFault::bad_point: return "the key is not a point of its algorithm's curve";
        case KeyFault::malformed:
            return "expected a private key in PKCS#8, PKCS#1, SEC 1 or BIND's format";
        case KeyFault::encrypted:
            return "the key is protected by a password; store it without one, readable by one user only";
        case KeyFault::wrong_algorithm: return "the key is one of another algorithm";
        case KeyFault::too_large: return "more text than a private key has";
        case KeyFault::mismatch: return "the parts of the key contradict each other";
        case KeyFault::library:
            return "the cryptographic library failed: no memory or no randomness";
    }
    return "";
}

}  // namespace kith::crypto
