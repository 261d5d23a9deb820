#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/key_material.hpp"

namespace kith::crypto {
namespace {

using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Deleter<PKCS8_PRIV_KEY_INFO_free>>;
using Group = std::unique_ptr<EC_GROUP, Deleter<EC_GROUP_free>>;
using Point = std::unique_ptr<EC_POINT, Deleter<EC_POINT_free>>;

/// Big-endian, as wide as the number is or `width` bytes.
SecretBytes bytes_of(const BIGNUM* number, std::size_t width = 0) {
    const std::size_t size = width != 0 ? width : static_cast<std::size_t>(BN_num_bytes(number));
    SecretBytes out(size);
    BN_bn2binpad(number, out.writable().data(), static_cast<int>(size));
    return out;
}

Number number_param(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key, name, &number);
    return Number(number);
}

std::vector<std::uint8_t> rsa_wire(const EVP_PKEY* key) {
    const Number n = number_param(key, OSSL_PKEY_PARAM_RSA_N);
    const Number e = number_param(key, OSSL_PKEY_PARAM_RSA_E);
    if (!n || !e) return {};
    const SecretBytes exponent = bytes_of(e.get());
    const SecretBytes modulus = bytes_of(n.get());
    const std::size_t size = exponent.bytes().size();
    std::vector<std::uint8_t> wire;
    if (size < 256) {
        wire.push_back(static_cast<std::uint8_t>(size));
    } else {
        wire.assign({0, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)});
    }
    wire.insert(wire.end(), exponent.bytes().begin(), exponent.bytes().end());
    wire.insert(wire.end(), modulus.bytes().begin(), modulus.bytes().end());
    return wire;
}

std::vector<std::uint8_t> ecdsa_wire(const EVP_PKEY* key, std::size_t key_bytes) {
    const Number x = number_param(key, OSSL_PKEY_PARAM_EC_PUB_X);
    const Number y = number_param(key, OSSL_PKEY_PARAM_EC_PUB_Y);
    if (!x || !y) return {};
    std::vector<std::uint8_t> wire(key_bytes);
    const int half = static_cast<int>(key_bytes / 2);
    BN_bn2binpad(x.get(), wire.data(), half);
    BN_bn2binpad(y.get(), wire.data() + half, half);
    return wire;
}

std::vector<std::uint8_t> eddsa_wire(const EVP_PKEY* key, std::size_t key_bytes) {
    std::vector<std::uint8_t> wire(key_bytes);
    std::size_t size = wire.size();
    if (EVP_PKEY_get_raw_public_key(key, wire.data(), &size) != 1) return {};
    return wire;
}

std::vector<std::uint8_t> public_wire(const AlgorithmRow& row, const EVP_PKEY* key) {
    switch (row.family) {
        case Family::rsa: return rsa_wire(key);
        case Family::ecdsa: return ecdsa_wire(key, row.key_bytes);
        case Family::eddsa: return eddsa_wire(key, row.key_bytes);
    }
    return {};
}

bool is_of(const AlgorithmRow& row, const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, key_type(row.algorithm)) != 1) return false;
    if (row.family != Family::ecdsa) return true;
    char group[64];
    std::size_t size = 0;
    if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       &size) != 1) {
        return false;
    }
    const int nid =
        row.algorithm == Algorithm::ECDSAP256SHA256 ? NID_X9_62_prime256v1 : NID_secp384r1;
    return OBJ_sn2nid(group) == nid || EC_curve_nist2nid(group) == nid;
}

Number number_of(const SecretBytes& bytes) {
    const Bytes all = bytes.bytes();
    return Number(BN_bin2bn(all.data(), static_cast<int>(all.size()), nullptr));
}

PkeyPtr import_pair(const char* type, OSSL_PARAM* params) {
    const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params) != 1) {
        return nullptr;
    }
    return PkeyPtr(key);
}

Key<PkeyPtr> rsa_from(const PrivateParameters& numbers) {
    const std::pair<const char*, const SecretBytes*> parts[] = {
        {OSSL_PKEY_PARAM_RSA_N, &numbers.modulus},
        {OSSL_PKEY_PARAM_RSA_E, &numbers.public_exponent},
        {OSSL_PKEY_PARAM_RSA_D, &numbers.private_exponent},
        {OSSL_PKEY_PARAM_RSA_FACTOR1, &numbers.prime1},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, &numbers.prime2},
        {OSSL_PKEY_PARAM_RSA_EXPONENT1, &numbers.exponent1},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, &numbers.exponent2},
        {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &numbers.coefficient}};
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    std::vector<Number> kept;
    for (const auto& [name, bytes] : parts) {
        if (bytes->empty()) return std::unexpected(KeyFault::malformed);
        if (bytes->bytes().size() > rsa_bits_max / 8 + 1) {
            return std::unexpected(KeyFault::modulus_size);
        }
        kept.push_back(number_of(*bytes));
        if (!builder || !kept.back()) return std::unexpected(KeyFault::library);
        OSSL_PARAM_BLD_push_BN(builder.get(), name, kept.back().get());
    }
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    PkeyPtr key = params ? import_pair("RSA", params.get()) : nullptr;
    if (!key) return std::unexpected(KeyFault::mismatch);
    return key;
}

Key<PkeyPtr> ecdsa_from(const AlgorithmRow& row, const SecretBytes& scalar) {
    const std::size_t half = row.key_bytes / 2U;
    if (scalar.bytes().size() != half) return std::unexpected(KeyFault::key_size);
    const int nid =
        row.algorithm == Algorithm::ECDSAP256SHA256 ? NID_X9_62_prime256v1 : NID_secp384r1;
    const Group group(EC_GROUP_new_by_curve_name(nid));
    const Number d = number_of(scalar);
    if (!group || !d) return std::unexpected(KeyFault::library);
    if (BN_is_zero(d.get()) || BN_cmp(d.get(), EC_GROUP_get0_order(group.get())) >= 0) {
        return std::unexpected(KeyFault::mismatch);
    }
    BN_set_flags(d.get(), BN_FLG_CONSTTIME);
    const Point point(EC_POINT_new(group.get()));
    std::vector<std::uint8_t> octets(1U + row.key_bytes);
    if (!point || EC_POINT_mul(group.get(), point.get(), d.get(), nullptr, nullptr, nullptr) != 1 ||
        EC_POINT_point2oct(group.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, octets.data(),
                           octets.size(), nullptr) != octets.size()) {
        return std::unexpected(KeyFault::library);
    }
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (!builder) return std::unexpected(KeyFault::library);
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                    curve_name(row.algorithm), 0);
    OSSL_PARAM_BLD_push_BN_pad(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, d.get(), half);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, octets.data(),
                                     octets.size());
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    PkeyPtr key = params ? import_pair("EC", params.get()) : nullptr;
    if (!key) return std::unexpected(KeyFault::library);
    return key;
}

Key<PkeyPtr> eddsa_from(const AlgorithmRow& row, const SecretBytes& seed) {
    // Seed and public key have the same size (RFC 8032 §5.1.5, §5.2.5).
    if (seed.bytes().size() != row.key_bytes) return std::unexpected(KeyFault::key_size);
    PkeyPtr key(EVP_PKEY_new_raw_private_key_ex(nullptr, key_type(row.algorithm), nullptr,
                                                seed.bytes().data(), seed.bytes().size()));
    if (!key) return std::unexpected(KeyFault::library);
    return key;
}

/// Never asks for a password, and tells that one was wanted.
int refuse_password(char*, int, int, void* wanted) {
    *static_cast<bool*>(wanted) = true;
    return -1;
}

/// Whether the halves belong together. For RSA that tests primes: some milliseconds.
bool is_consistent(EVP_PKEY* key) {
    const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return context && EVP_PKEY_pairwise_check(context.get()) == 1;
}

/// The largest keys and the checks on them are the same wherever a key comes from.
Key<PublicKey> check_pair(const AlgorithmRow& row, EVP_PKEY* key) {
    if (row.signing == Signing::refused) return std::unexpected(KeyFault::unsupported_algorithm);
    if (!is_of(row, key)) return std::unexpected(KeyFault::wrong_algorithm);
    KITH_TRY(PublicKey shown,
             PublicKey::from_wire(static_cast<std::uint8_t>(row.algorithm), public_wire(row, key)));
    if (!is_consistent(key)) return std::unexpected(KeyFault::mismatch);
    return shown;
}

}  // namespace

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    if (this != &other) {
        wipe();
        bytes_ = std::move(other.bytes_);
    }
    return *this;
}

void wipe(MutableBytes bytes) {
    if (!bytes.empty()) OPENSSL_cleanse(bytes.data(), bytes.size());
}

void SecretBytes::wipe() {
    crypto::wipe(bytes_);
    bytes_.clear();
}

Key<PrivateKey> PrivateKey::from_material(Algorithm algorithm, Owned key) {
    PkeyPtr pkey = key.take();
    Key<PublicKey> shown = check_pair(row_of(algorithm), pkey.get());
    forget_errors();
    if (!shown) return std::unexpected(shown.error());
    return PrivateKey(
        std::make_shared<const Material>(Material{algorithm, *std::move(shown), std::move(pkey)}));
}

Key<PrivateKey> PrivateKey::generate(Algorithm algorithm, int rsa_bits) {
    const AlgorithmRow& row = row_of(algorithm);
    if (row.signing == Signing::refused) return std::unexpected(KeyFault::unsupported_algorithm);
    PkeyPtr key;
    switch (row.family) {
        case Family::rsa:
            if (rsa_bits < rsa_bits_generated_min || rsa_bits > rsa_bits_max) {
                return std::unexpected(KeyFault::modulus_size);
            }
            key.reset(
                EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits)));
            break;
        case Family::ecdsa:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve_name(algorithm)));
            break;
        case Family::eddsa:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, key_type(algorithm)));
            break;
    }
    if (!key) {
        forget_errors();
        return std::unexpected(KeyFault::library);
    }
    return from_material(algorithm, Owned(std::move(key)));
}

Key<PrivateKey> PrivateKey::from_pem(Algorithm algorithm, std::string_view pem) {
    if (pem.size() > private_key_text_bytes_max) return std::unexpected(KeyFault::too_large);
    const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    bool wanted_password = false;
    PkeyPtr key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, &wanted_password)
                    : nullptr);
    if (!key) {
        forget_errors();
        return std::unexpected(wanted_password ? KeyFault::encrypted : KeyFault::malformed);
    }
    return from_material(algorithm, Owned(std::move(key)));
}

Key<PrivateKey> PrivateKey::from_der(Algorithm algorithm, Bytes der) {
    if (der.size() > private_key_text_bytes_max) return std::unexpected(KeyFault::too_large);
    const unsigned char* at = der.data();
    PkeyPtr key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
    if (!key || at != der.data() + der.size()) {
        forget_errors();
        return std::unexpected(KeyFault::malformed);
    }
    return from_material(algorithm, Owned(std::move(key)));
}

Key<PrivateKey> PrivateKey::from_parameters(Algorithm algorithm, const PrivateParameters& numbers) {
    const AlgorithmRow& row = row_of(algorithm);
    Key<PkeyPtr> key = std::unexpected(KeyFault::unsupported_algorithm);
    switch (row.family) {
        case Family::rsa: key = rsa_from(numbers); break;
        case Family::ecdsa: key = ecdsa_from(row, numbers.private_key); break;
        case Family::eddsa: key = eddsa_from(row, numbers.private_key); break;
    }
    if (!key) {
        forget_errors();
        return std::unexpected(key.error());
    }
    return from_material(algorithm, Owned(*std::move(key)));
}

Algorithm PrivateKey::algorithm() const { return material_->algorithm; }
const PublicKey& PrivateKey::public_key() const { return material_->public_key; }

SecretBytes PrivateKey::to_der() const {
    const Pkcs8 info(EVP_PKEY2PKCS8(material_->key.get()));
    unsigned char* der = nullptr;
    const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : 0;
    if (size <= 0) {
        forget_errors();
        return {};
    }
    SecretBytes out(Bytes(der, static_cast<std::size_t>(size)));
    OPENSSL_clear_free(der, static_cast<std::size_t>(size));
    return out;
}

SecretBytes PrivateKey::to_pem() const {
    const Bio bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), material_->key.get(), nullptr, nullptr, 0,
                                              nullptr, nullptr) != 1) {
        forget_errors();
        return {};
    }
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return SecretBytes(as_bytes({text, static_cast<std::size_t>(size)}));
}

PrivateParameters PrivateKey::parameters() const {
    const EVP_PKEY* const key = material_->key.get();
    const AlgorithmRow& row = row_of(material_->algorithm);
    PrivateParameters out;
    if (row.family == Family::eddsa) {
        std::size_t size = row.key_bytes;
        out.private_key = SecretBytes(size);
        EVP_PKEY_get_raw_private_key(key, out.private_key.writable().data(), &size);
        return out;
    }
    if (row.family == Family::ecdsa) {
        const Number d = number_param(key, OSSL_PKEY_PARAM_PRIV_KEY);
        if (d) out.private_key = bytes_of(d.get(), row.key_bytes / 2U);
        return out;
    }
    const std::pair<const char*, SecretBytes*> parts[] = {
        {OSSL_PKEY_PARAM_RSA_N, &out.modulus},
        {OSSL_PKEY_PARAM_RSA_E, &out.public_exponent},
        {OSSL_PKEY_PARAM_RSA_D, &out.private_exponent},
        {OSSL_PKEY_PARAM_RSA_FACTOR1, &out.prime1},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, &out.prime2},
        {OSSL_PKEY_PARAM_RSA_EXPONENT1, &out.exponent1},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, &out.exponent2},
        {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &out.coefficient}};
    for (const auto& [name, bytes] : parts) {
        const Number number = number_param(key, name);
        if (number) *bytes = bytes_of(number.get());
    }
    return out;
}

}  // namespace kith::crypto
