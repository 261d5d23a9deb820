#include "crypto/digest.hpp"

#include "base/check.hpp"
#include "crypto/openssl.hpp"

namespace kith::crypto {

std::size_t digest_bytes(DigestKind kind) {
    switch (kind) {
        case DigestKind::sha1: return 20;
        case DigestKind::sha256: return 32;
        case DigestKind::sha384: return 48;
        case DigestKind::sha512: return 64;
    }
    return 0;
}

struct Digest::Context {
    DigestContext context{EVP_MD_CTX_new()};
};

Digest::Digest(DigestKind kind) : kind_(kind), context_(std::make_unique<Context>()) {
    KITH_CHECK(context_->context != nullptr);
    KITH_CHECK(EVP_DigestInit_ex2(context_->context.get(), digest_method(kind), nullptr) == 1);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::update(Bytes bytes) {
    // Digests of the library fail only for want of a context, which the constructor made.
    KITH_CHECK(EVP_DigestUpdate(context_->context.get(), bytes.data(), bytes.size()) == 1);
}

Bytes Digest::finish(MutableBytes out) {
    KITH_CHECK(out.size() >= digest_bytes(kind_));
    KITH_CHECK(EVP_DigestFinal_ex(context_->context.get(), out.data(), nullptr) == 1);
    KITH_CHECK(EVP_DigestInit_ex2(context_->context.get(), nullptr, nullptr) == 1);
    return out.first(digest_bytes(kind_));
}

}  // namespace kith::crypto
