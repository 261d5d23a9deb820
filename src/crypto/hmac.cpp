#include "crypto/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>

#include "base/check.hpp"

namespace kith::crypto {
namespace {

constexpr std::size_t digest_count = 6;

struct DigestRow {
    const char* name;  // of the library
    std::size_t bytes;
};
constexpr DigestRow rows[digest_count] = {{"MD5", 16},      {"SHA1", 20},     {"SHA2-224", 28},
                                          {"SHA2-256", 32}, {"SHA2-384", 48}, {"SHA2-512", 64}};

const DigestRow& row_of(HmacDigest digest) { return rows[static_cast<std::size_t>(digest)]; }

/// Fetching walks the library's tables under a lock, so it is done once. Null in a library without
/// HMAC, which does not exist.
EVP_MAC* hmac_method() {
    static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    return method;
}

/// A context for `digest` without a key; null when the library refuses the digest.
EVP_MAC_CTX* make_context(HmacDigest digest) {
    EVP_MAC* const method = hmac_method();
    if (method == nullptr) return nullptr;
    EVP_MAC_CTX* const context = EVP_MAC_CTX_new(method);
    if (context == nullptr) return nullptr;
    // The library takes the name as mutable text and does not write to it.
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
                               OSSL_MAC_PARAM_DIGEST, const_cast<char*>(row_of(digest).name), 0),
                           OSSL_PARAM_construct_end()};
    if (EVP_MAC_CTX_set_params(context, params) == 1) return context;
    EVP_MAC_CTX_free(context);
    return nullptr;
}

/// One context a digest, kept by each thread between computations: making one costs ten times what
/// the MAC of a short message does.
class SpareContexts {
public:
    SpareContexts() = default;
    SpareContexts(const SpareContexts&) = delete;
    SpareContexts& operator=(const SpareContexts&) = delete;
    ~SpareContexts() {
        for (EVP_MAC_CTX* const context : spare_) EVP_MAC_CTX_free(context);
    }

    EVP_MAC_CTX* take(HmacDigest digest) {
        EVP_MAC_CTX* const context = std::exchange(slot(digest), nullptr);
        return context != nullptr ? context : make_context(digest);
    }
    void give_back(HmacDigest digest, EVP_MAC_CTX* context) {
        if (slot(digest) == nullptr) {
            slot(digest) = context;
        } else {
            EVP_MAC_CTX_free(context);
        }
    }

private:
    EVP_MAC_CTX*& slot(HmacDigest digest) { return spare_[static_cast<std::size_t>(digest)]; }
    EVP_MAC_CTX* spare_[digest_count] = {};
};

SpareContexts& spare_contexts() {
    thread_local SpareContexts contexts;
    return contexts;
}

}  // namespace

std::size_t hmac_bytes(HmacDigest digest) { return row_of(digest).bytes; }

bool hmac_is_available(HmacDigest digest) {
    EVP_MAC_CTX* const context = spare_contexts().take(digest);
    if (context == nullptr) return false;
    spare_contexts().give_back(digest, context);
    return true;
}

Hmac::Hmac(HmacDigest digest, Bytes secret)
    : digest_(digest), context_(spare_contexts().take(digest)) {
    KITH_CHECK(context_ != nullptr);
    // A null key would mean: the key of before.
    constexpr std::uint8_t nothing = 0;
    const std::uint8_t* const key = secret.empty() ? &nothing : secret.data();
    KITH_CHECK(EVP_MAC_init(static_cast<EVP_MAC_CTX*>(context_), key, secret.size(), nullptr) == 1);
}

Hmac::~Hmac() { spare_contexts().give_back(digest_, static_cast<EVP_MAC_CTX*>(context_)); }

void Hmac::update(Bytes bytes) {
    if (bytes.empty()) return;
    KITH_CHECK(EVP_MAC_update(static_cast<EVP_MAC_CTX*>(context_), bytes.data(), bytes.size()) ==
               1);
}

std::array<std::uint8_t, hmac_bytes_max> Hmac::finish() {
    std::array<std::uint8_t, hmac_bytes_max> mac{};
    std::size_t size = 0;
    KITH_CHECK(EVP_MAC_final(static_cast<EVP_MAC_CTX*>(context_), mac.data(), &size, mac.size()) ==
               1);
    KITH_CHECK(size == hmac_bytes(digest_));
    return mac;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
    if (a.size() != b.size()) return false;
    return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace kith::crypto
