#pragma once
// What handles of keys hold. Inside the crypto module only.

#include <vector>

#include "crypto/key.hpp"
#include "crypto/openssl.hpp"

namespace kith::crypto {

struct PublicKey::Material {
    Algorithm algorithm;
    int bits;
    std::vector<std::uint8_t> wire;
    PkeyPtr key;
};

class PrivateKey::Owned {
public:
    explicit Owned(PkeyPtr key) : key_(std::move(key)) {}
    PkeyPtr take() { return std::move(key_); }

private:
    PkeyPtr key_;
};

struct PrivateKey::Material {
    Algorithm algorithm;
    PublicKey public_key;
    PkeyPtr key;
};

}  // namespace kith::crypto
