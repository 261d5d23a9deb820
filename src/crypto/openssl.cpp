#include "crypto/openssl.hpp"

#include <array>

#include <openssl/err.h>

#include "base/check.hpp"

namespace kith::crypto {

const EVP_MD* digest_method(DigestKind kind) {
    // Freed by the library's own end of process; a static destructor might come after that.
    static const std::array<EVP_MD*, 4> methods = {
        EVP_MD_fetch(nullptr, "SHA1", nullptr), EVP_MD_fetch(nullptr, "SHA2-256", nullptr),
        EVP_MD_fetch(nullptr, "SHA2-384", nullptr), EVP_MD_fetch(nullptr, "SHA2-512", nullptr)};
    const EVP_MD* const method = methods[static_cast<std::size_t>(kind)];
    KITH_CHECK(method != nullptr);
    return method;
}

const char* curve_name(Algorithm algorithm) {
    return algorithm == Algorithm::ECDSAP256SHA256 ? "P-256" : "P-384";
}

const char* key_type(Algorithm algorithm) {
    switch (row_of(algorithm).family) {
        case Family::rsa: return "RSA";
        case Family::ecdsa: return "EC";
        case Family::eddsa: return algorithm == Algorithm::ED25519 ? "ED25519" : "ED448";
    }
    return "";
}

void forget_errors() { ERR_clear_error(); }

}  // namespace kith::crypto
