#pragma once
// What the sources of this module share of OpenSSL 3. Inside the crypto module only.
//
// Fetching an algorithm takes a lock and a search, as much time as hashing hundreds of bytes; so each
// is fetched once per process. Fetched algorithms may be used by all threads.

#include <memory>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/algorithm.hpp"

namespace kith::crypto {

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
/// Parameters may be the numbers of a private key, and the library frees them as they are.
struct ParamsDeleter {
    void operator()(OSSL_PARAM* params) const {
        for (const OSSL_PARAM* at = params; at->key != nullptr; ++at)
            OPENSSL_cleanse(at->data, at->data_size);
        OSSL_PARAM_free(params);
    }
};

using PkeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_clear_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, ParamsDeleter>;

/// Never null: without its digests the library is of no use at all.
const EVP_MD* digest_method(DigestKind kind);

/// Name of the group of an ecdsa algorithm, or of the key type of an eddsa one.
const char* curve_name(Algorithm algorithm);
const char* key_type(Algorithm algorithm);

/// Ends a failed call of the library: its queue of errors is per thread and would grow.
void forget_errors();

}  // namespace kith::crypto
