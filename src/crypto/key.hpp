#pragma once
// Public and private keys of DNSSEC (RFC 3110, 5702, 6605, 8080), as DNSKEY, KEY and RRSIG carry them.
//
// PublicKey and PrivateKey are cheap handles of immutable keys: copy them, use them from any number
// of threads. Importing costs about as much as verifying a third of a signature, so import once and
// keep. A Signer or Verifier holds a key made ready for use: one thread at a time may use it, and it
// is worth keeping for as long as signatures are made or checked with the key.
//
// Keys and the random numbers inside ECDSA signatures come from the library's own generator and not
// from an Rng argument: a repeated or guessable one gives the key away.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/check.hpp"
#include "base/result.hpp"
#include "crypto/algorithm.hpp"
#include "crypto/limits.hpp"

namespace kith::crypto {

enum class KeyFault : std::uint8_t {
    unsupported_algorithm,  // no row in algorithm.hpp, or one that may not sign
    key_size,               // not as many bytes as the algorithm's keys have
    modulus_size,           // RSA modulus outside rsa_bits_min..rsa_bits_max, or with leading zeros
    exponent_size,          // RSA exponent even, below 3, or over rsa_exponent_bits_max
    bad_point,              // not a point of the curve
    malformed,              // the text or the bytes are no private key in a form that is understood
    encrypted,              // a private key that is protected by a password
    wrong_algorithm,        // a good key, of another algorithm than asked for
    too_large,              // over private_key_text_bytes_max
    mismatch,               // parts of the private key contradict each other
    library,                // the library failed: no memory, or no randomness
};
/// Stable lower-case words; and the fault in words, for messages.
std::string_view fault_name(KeyFault fault);
std::string_view fault_text(KeyFault fault);

template <class T>
using Key = Result<T, KeyFault>;

class PublicKey {
public:
    /// From the algorithm and public key fields of DNSKEY, CDNSKEY or KEY (RFC 4034 §2.1). For
    /// elliptic curves the point is checked.
    static Key<PublicKey> from_wire(std::uint8_t algorithm, Bytes key);

    Algorithm algorithm() const;
    /// The public key field, as given.
    Bytes wire() const;
    /// Of the modulus for RSA, of the field for others.
    int bits() const;

private:
    friend class PrivateKey;
    friend class Verifier;
    struct Material;
    explicit PublicKey(std::shared_ptr<const Material> material) : material_(std::move(material)) {}
    std::shared_ptr<const Material> material_;
};

/// Overwrites a copy of a secret before its memory is given back; no compiler leaves that out.
void wipe(MutableBytes bytes);

/// Bytes that are overwritten before their memory is given back.
class SecretBytes {
public:
    SecretBytes() = default;
    explicit SecretBytes(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}
    explicit SecretBytes(std::size_t size) : bytes_(size) {}
    ~SecretBytes() { wipe(); }
    SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;

    Bytes bytes() const { return bytes_; }
    MutableBytes writable() { return bytes_; }
    bool empty() const { return bytes_.empty(); }
    void wipe();

private:
    std::vector<std::uint8_t> bytes_;
};

/// The numbers of a private key, big-endian: what BIND's private-key format spells out.
struct PrivateParameters {
    // RSA; of these from_parameters() needs all.
    SecretBytes modulus, public_exponent, private_exponent, prime1, prime2, exponent1, exponent2,
        coefficient;
    // ECDSA: the scalar, as wide as the curve. EdDSA: the seed (RFC 8032 §5.1.5, §5.2.5).
    SecretBytes private_key;
};

class PrivateKey {
public:
    /// A new key. `rsa_bits` is for RSA only: rsa_bits_generated_min..rsa_bits_max (modulus_size).
    /// RSA of 2048 bits takes about 0.1 s, others under 1 ms.
    static Key<PrivateKey> generate(Algorithm algorithm, int rsa_bits = rsa_bits_default);
    /// PEM of PKCS#8 (RFC 5208), of PKCS#1 for RSA (RFC 8017 §A.1.2) or of RFC 5915 for EC.
    static Key<PrivateKey> from_pem(Algorithm algorithm, std::string_view pem);
    /// DER of PKCS#8, or of PKCS#1 or RFC 5915.
    static Key<PrivateKey> from_der(Algorithm algorithm, Bytes der);
    static Key<PrivateKey> from_parameters(Algorithm algorithm, const PrivateParameters& numbers);

    Algorithm algorithm() const;
    const PublicKey& public_key() const KITH_LIFETIMEBOUND;
    /// PKCS#8 (RFC 5208); unencrypted: whoever holds it signs in the zone's name.
    SecretBytes to_der() const;
    SecretBytes to_pem() const;
    PrivateParameters parameters() const;

private:
    friend class Signer;
    struct Material;
    class Owned;  // a key of the library's that is not checked yet
    static Key<PrivateKey> from_material(Algorithm algorithm, Owned key);
    explicit PrivateKey(std::shared_ptr<const Material> material)
        : material_(std::move(material)) {}
    std::shared_ptr<const Material> material_;
};

/// Signs as RRSIG and SIG(0) have it: ECDSA as r | s of fixed width (RFC 6605 §4).
class Signer {
public:
    /// `key` is of an algorithm that may sign: PrivateKey knows no other.
    explicit Signer(const PrivateKey& key);
    ~Signer();
    Signer(Signer&&) noexcept;
    Signer& operator=(Signer&&) noexcept;

    /// Bytes of each signature.
    std::size_t signature_bytes() const;
    /// Signs the concatenation of `parts` into the front of `out`, which has room for
    /// signature_bytes(), and returns the signature. Fails with `library` only: always when the crypto
    /// library's configuration does not offer the algorithm.
    Key<Bytes> sign(std::span<const Bytes> parts, MutableBytes out);
    Key<Bytes> sign(Bytes data, MutableBytes out) { return sign({&data, 1}, out); }

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

enum class Verdict : std::uint8_t { good, bad };

/// Checks signatures of RRSIG and SIG(0).
class Verifier {
public:
    explicit Verifier(const PublicKey& key);
    ~Verifier();
    Verifier(Verifier&&) noexcept;
    Verifier& operator=(Verifier&&) noexcept;

    /// Whether `signature` is one of the concatenation of `parts`. Anything may be in `signature`. None is
    /// good when the crypto library's configuration does not offer the algorithm (SHA-1 is often banned).
    Verdict verify(std::span<const Bytes> parts, Bytes signature);
    Verdict verify(Bytes data, Bytes signature) { return verify({&data, 1}, signature); }

private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace kith::crypto
