#include <bit>

#include <openssl/core_names.h>

#include "crypto/key_material.hpp"

namespace kith::crypto {
namespace {

struct RsaWire {
    Bytes exponent;
    Bytes modulus;
};

/// RFC 3110 §2: one byte of length, or 0 and two, then exponent and modulus.
Key<RsaWire> read_rsa(Bytes key) {
    if (key.size() < 3) return std::unexpected(KeyFault::key_size);
    std::size_t at = 1;
    std::size_t exponent_bytes = key[0];
    if (exponent_bytes == 0) {
        exponent_bytes = load_u16(key.data() + 1);
        at = 3;
    }
    if (exponent_bytes == 0 || key.size() <= at + exponent_bytes) {
        return std::unexpected(KeyFault::key_size);
    }
    return RsaWire{key.subspan(at, exponent_bytes), key.subspan(at + exponent_bytes)};
}

int bit_count(Bytes number) {
    while (!number.empty() && number.front() == 0) number = number.subspan(1);
    if (number.empty()) return 0;
    return static_cast<int>(number.size() * 8) - std::countl_zero(number.front());
}

Key<void> check_rsa(const RsaWire& rsa) {
    const int bits = bit_count(rsa.modulus);
    // RFC 3110 §2 prohibits leading zeros; with them one key would have many key tags.
    if (bits < rsa_bits_min || bits > rsa_bits_max || rsa.modulus.front() == 0) {
        return std::unexpected(KeyFault::modulus_size);
    }
    const int exponent_bits = bit_count(rsa.exponent);
    if (exponent_bits < 2 || exponent_bits > rsa_exponent_bits_max ||
        (rsa.exponent.back() & 1) == 0 || rsa.exponent.front() == 0) {
        return std::unexpected(KeyFault::exponent_size);
    }
    // An even modulus is no product of two odd primes, and the library's arithmetic is for odd ones.
    if ((rsa.modulus.back() & 1) == 0) return std::unexpected(KeyFault::modulus_size);
    return {};
}

Number number_of(Bytes bytes) {
    return Number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

PkeyPtr import_public(const char* type, OSSL_PARAM* params) {
    const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        forget_errors();
        return nullptr;
    }
    return PkeyPtr(key);
}

Key<PkeyPtr> import_rsa(const RsaWire& rsa) {
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    const Number n = number_of(rsa.modulus);
    const Number e = number_of(rsa.exponent);
    if (!builder || !n || !e) return std::unexpected(KeyFault::library);
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    PkeyPtr key = params ? import_public("RSA", params.get()) : nullptr;
    if (!key) return std::unexpected(KeyFault::library);
    return key;
}

Key<PkeyPtr> import_ecdsa(Algorithm algorithm, Bytes wire) {
    // RFC 6605 §4: x | y; the library wants the form octet of SEC 1 §2.3.3 in front.
    std::vector<std::uint8_t> point{4};
    point.insert(point.end(), wire.begin(), wire.end());
    const ParamBuilder builder(OSSL_PARAM_BLD_new());
    if (!builder) return std::unexpected(KeyFault::library);
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                    curve_name(algorithm), 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                     point.size());
    const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
    if (!params) return std::unexpected(KeyFault::library);
    // Decoding refuses points that are not on the curve.
    PkeyPtr key = import_public("EC", params.get());
    if (!key) return std::unexpected(KeyFault::bad_point);
    return key;
}

Key<PkeyPtr> import_eddsa(Algorithm algorithm, Bytes wire) {
    PkeyPtr key(EVP_PKEY_new_raw_public_key_ex(nullptr, key_type(algorithm), nullptr, wire.data(),
                                               wire.size()));
    if (!key) {
        forget_errors();
        return std::unexpected(KeyFault::bad_point);
    }
    return key;
}

Key<PkeyPtr> import_key(const AlgorithmRow& row, Bytes wire) {
    if (row.key_bytes != 0 && wire.size() != row.key_bytes) {
        return std::unexpected(KeyFault::key_size);
    }
    switch (row.family) {
        case Family::rsa: {
            KITH_TRY(const RsaWire rsa, read_rsa(wire));
            KITH_TRY_VOID(check_rsa(rsa));
            return import_rsa(rsa);
        }
        case Family::ecdsa: return import_ecdsa(row.algorithm, wire);
        case Family::eddsa: return import_eddsa(row.algorithm, wire);
    }
    return std::unexpected(KeyFault::unsupported_algorithm);
}

}  // namespace

Key<PublicKey> PublicKey::from_wire(std::uint8_t algorithm, Bytes key) {
    const AlgorithmRow* const row = find_algorithm(algorithm);
    if (row == nullptr) return std::unexpected(KeyFault::unsupported_algorithm);
    KITH_TRY(PkeyPtr pkey, import_key(*row, key));
    const int bits = EVP_PKEY_get_bits(pkey.get());
    return PublicKey(std::make_shared<const Material>(
        Material{row->algorithm, bits, {key.begin(), key.end()}, std::move(pkey)}));
}

Algorithm PublicKey::algorithm() const { return material_->algorithm; }
Bytes PublicKey::wire() const { return material_->wire; }
int PublicKey::bits() const { return material_->bits; }

}  // namespace kith::crypto
