// ECDSA signatures are DER inside the library and r | s of fixed width in DNS (RFC 6605 §4). The two
// forms are converted here by hand: through the library's objects it would cost six allocations a
// signature.

#include <array>

#include <openssl/rsa.h>

#include "base/check.hpp"
#include "crypto/digest.hpp"
#include "crypto/key_material.hpp"

namespace kith::crypto {
namespace {

// SEQUENCE of two INTEGERs of up to 48 bytes and a sign byte, each with tag and length.
constexpr std::size_t der_bytes_max = 2 + 2 * (2 + 1 + 48);
constexpr std::uint8_t tag_sequence = 0x30;
constexpr std::uint8_t tag_integer = 0x02;

/// Reads one INTEGER of at most `width` bytes into `out`, with zeros in front. Returns what follows.
Bytes read_integer(Bytes der, std::uint8_t* out, std::size_t width) {
    KITH_CHECK(der.size() >= 2 && der[0] == tag_integer && der[1] <= width + 1 &&
               der.size() >= 2U + der[1]);
    Bytes value = der.subspan(2, der[1]);
    while (value.size() > width || (!value.empty() && value[0] == 0)) value = value.subspan(1);
    std::memset(out, 0, width - value.size());
    if (!value.empty()) std::memcpy(out + width - value.size(), value.data(), value.size());
    return der.subspan(2U + der[1]);
}

/// The library's own output: if it is no signature, that is a bug.
void from_der(Bytes der, std::uint8_t* out, std::size_t width) {
    KITH_CHECK(der.size() >= 2 && der[0] == tag_sequence && der[1] < 0x80);
    const Bytes rest = read_integer(der.subspan(2), out, width);
    read_integer(rest, out + width, width);
}

std::size_t write_integer(Bytes value, std::uint8_t* out) {
    while (value.size() > 1 && value[0] == 0) value = value.subspan(1);
    const std::size_t sign = (value[0] & 0x80) != 0 ? 1 : 0;
    out[0] = tag_integer;
    out[1] = static_cast<std::uint8_t>(value.size() + sign);
    out[2] = 0;
    std::memcpy(out + 2 + sign, value.data(), value.size());
    return 2 + sign + value.size();
}

Bytes to_der(Bytes signature, std::array<std::uint8_t, der_bytes_max>& out) {
    const std::size_t width = signature.size() / 2;
    std::size_t size = write_integer(signature.first(width), out.data() + 2);
    size += write_integer(signature.subspan(width), out.data() + 2 + size);
    out[0] = tag_sequence;
    out[1] = static_cast<std::uint8_t>(size);
    return Bytes(out).first(2 + size);
}

/// Ed25519 and Ed448 read their message twice, so it must be in one piece.
class Joined {
public:
    Bytes join(std::span<const Bytes> parts) {
        if (parts.size() == 1) return parts.front();
        joined_.clear();
        for (const Bytes part : parts) joined_.insert(joined_.end(), part.begin(), part.end());
        return joined_;
    }

private:
    std::vector<std::uint8_t> joined_;
};

Bytes digest_of(Digest& digest, std::span<const Bytes> parts, MutableBytes out) {
    for (const Bytes part : parts) digest.update(part);
    return digest.finish(out);
}

bool set_up(EVP_PKEY_CTX* context, const AlgorithmRow& row) {
    if (EVP_PKEY_CTX_set_signature_md(context, digest_method(row.digest)) != 1) return false;
    return row.family != Family::rsa ||
           EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
}

}  // namespace

struct Signer::Context {
    explicit Context(const PrivateKey& private_key)
        : key(private_key), row(row_of(key.algorithm())), digest(row.digest) {}

    bool make_ready();
    Key<Bytes> sign_digest(std::span<const Bytes> parts, MutableBytes out);
    Key<Bytes> sign_whole(std::span<const Bytes> parts, MutableBytes out);
    EVP_PKEY* pkey() const { return key.material_->key.get(); }

    PrivateKey key;
    const AlgorithmRow& row;
    Digest digest;
    Joined joined;
    PkeyContext prehashed;   // of rsa and ecdsa
    DigestContext one_shot;  // of eddsa
    // False where the library's configuration does not offer the algorithm, as those that ban SHA-1 do.
    bool is_ready = make_ready();
};

bool Signer::Context::make_ready() {
    if (row.family == Family::eddsa) {
        // Begun for each message: a finished context of the library is not for a second one.
        one_shot.reset(EVP_MD_CTX_new());
        return one_shot != nullptr;
    }
    prehashed.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey(), nullptr));
    return prehashed && EVP_PKEY_sign_init(prehashed.get()) == 1 && set_up(prehashed.get(), row);
}

Key<Bytes> Signer::Context::sign_digest(std::span<const Bytes> parts, MutableBytes out) {
    std::array<std::uint8_t, digest_bytes_max> hash;
    const Bytes digested = digest_of(digest, parts, hash);
    std::array<std::uint8_t, signature_bytes_max> raw;
    std::size_t size = raw.size();
    if (EVP_PKEY_sign(prehashed.get(), raw.data(), &size, digested.data(), digested.size()) != 1) {
        forget_errors();
        return std::unexpected(KeyFault::library);
    }
    if (row.family == Family::rsa) {
        std::memcpy(out.data(), raw.data(), size);
        return out.first(size);
    }
    from_der(Bytes(raw).first(size), out.data(), row.signature_bytes / 2U);
    return out.first(row.signature_bytes);
}

Key<Bytes> Signer::Context::sign_whole(std::span<const Bytes> parts, MutableBytes out) {
    const Bytes message = joined.join(parts);
    std::size_t size = row.signature_bytes;
    if (EVP_DigestSignInit_ex(one_shot.get(), nullptr, nullptr, nullptr, nullptr, pkey(),
                              nullptr) != 1 ||
        EVP_DigestSign(one_shot.get(), out.data(), &size, message.data(), message.size()) != 1) {
        forget_errors();
        return std::unexpected(KeyFault::library);
    }
    return out.first(size);
}

Signer::Signer(const PrivateKey& key) : context_(std::make_unique<Context>(key)) {
    forget_errors();
}
Signer::~Signer() = default;
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;

std::size_t Signer::signature_bytes() const {
    if (context_->row.family != Family::rsa) return context_->row.signature_bytes;
    return static_cast<std::size_t>(context_->key.public_key().bits() + 7) / 8;
}

Key<Bytes> Signer::sign(std::span<const Bytes> parts, MutableBytes out) {
    KITH_CHECK(out.size() >= signature_bytes());
    if (!context_->is_ready) return std::unexpected(KeyFault::library);
    return context_->row.family == Family::eddsa ? context_->sign_whole(parts, out)
                                                 : context_->sign_digest(parts, out);
}

struct Verifier::Context {
    explicit Context(const PublicKey& public_key)
        : key(public_key), row(row_of(key.algorithm())), digest(row.digest) {}

    bool make_ready();
    Verdict verify_digest(std::span<const Bytes> parts, Bytes signature);
    Verdict verify_whole(std::span<const Bytes> parts, Bytes signature);
    EVP_PKEY* pkey() const { return key.material_->key.get(); }

    PublicKey key;
    const AlgorithmRow& row;
    Digest digest;
    Joined joined;
    PkeyContext prehashed;
    DigestContext one_shot;
    bool is_ready = make_ready();  // as a Signer's; the key may be anybody's, so it is no bug
};

bool Verifier::Context::make_ready() {
    if (row.family == Family::eddsa) {
        one_shot.reset(EVP_MD_CTX_new());
        return one_shot != nullptr;
    }
    prehashed.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, pkey(), nullptr));
    return prehashed && EVP_PKEY_verify_init(prehashed.get()) == 1 && set_up(prehashed.get(), row);
}

Verdict Verifier::Context::verify_digest(std::span<const Bytes> parts, Bytes signature) {
    std::array<std::uint8_t, der_bytes_max> der;
    if (row.family == Family::ecdsa) signature = to_der(signature, der);
    std::array<std::uint8_t, digest_bytes_max> hash;
    const Bytes digested = digest_of(digest, parts, hash);
    const int good = EVP_PKEY_verify(prehashed.get(), signature.data(), signature.size(),
                                     digested.data(), digested.size());
    if (good != 1) forget_errors();
    return good == 1 ? Verdict::good : Verdict::bad;
}

Verdict Verifier::Context::verify_whole(std::span<const Bytes> parts, Bytes signature) {
    const Bytes message = joined.join(parts);
    const bool begun = EVP_DigestVerifyInit_ex(one_shot.get(), nullptr, nullptr, nullptr, nullptr,
                                               pkey(), nullptr) == 1;
    const bool good = begun && EVP_DigestVerify(one_shot.get(), signature.data(), signature.size(),
                                                message.data(), message.size()) == 1;
    if (!good) forget_errors();
    return good ? Verdict::good : Verdict::bad;
}

Verifier::Verifier(const PublicKey& key) : context_(std::make_unique<Context>(key)) {
    forget_errors();
}
Verifier::~Verifier() = default;
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;

Verdict Verifier::verify(std::span<const Bytes> parts, Bytes signature) {
    const AlgorithmRow& row = context_->row;
    const std::size_t expected = row.signature_bytes != 0
                                     ? row.signature_bytes
                                     : static_cast<std::size_t>(context_->key.bits() + 7) / 8;
    if (signature.size() != expected || !context_->is_ready) return Verdict::bad;
    return row.family == Family::eddsa ? context_->verify_whole(parts, signature)
                                       : context_->verify_digest(parts, signature);
}

}  // namespace kith::crypto
