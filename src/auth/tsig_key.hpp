#pragma once
// TSIG keys (RFC 8945 §4.2, §6): a name, an algorithm, a secret that two parties share; and the
// ring of those a server knows.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/limits.hpp"
#include "base/result.hpp"
#include "crypto/hmac.hpp"
#include "crypto/key.hpp"
#include "dns/name.hpp"

namespace kith::auth {

using dns::Name;
using dns::NameView;

/// The algorithms of the IANA registry "TSIG Algorithm Names" but gss-tsig.
enum class TsigAlgorithm : std::uint8_t {
    hmac_md5,
    hmac_sha1,
    hmac_sha224,
    hmac_sha256,
    hmac_sha256_128,
    hmac_sha384,
    hmac_sha384_192,
    hmac_sha512,
    hmac_sha512_256,
};

/// As registered: "hmac-sha256", "HMAC-MD5.SIG-ALG.REG.INT".
std::string_view algorithm_name(TsigAlgorithm algorithm);
/// The registered name in any case, with or without a final dot; also "hmac-md5" and "md5", "sha1"
/// and so on, as BIND's tools take them.
std::optional<TsigAlgorithm> parse_algorithm(std::string_view text);
/// The name as it stands in a TSIG record.
const Name& algorithm_wire_name(TsigAlgorithm algorithm);
/// The algorithm named in a TSIG record (RFC 8945 §9: as domain names are compared).
std::optional<TsigAlgorithm> find_algorithm(NameView name);
/// All registered names, for messages: "hmac-sha256, hmac-sha512, ...".
std::string algorithm_names();

crypto::HmacDigest digest_of(TsigAlgorithm algorithm);
/// Size of a whole MAC of this algorithm: 32 for hmac-sha256, 16 for hmac-sha256-128.
std::size_t mac_bytes(TsigAlgorithm algorithm);
/// No shorter one is legal: 10 bytes or half the hash (RFC 8945 §5.2.2.1).
std::size_t mac_bytes_least(TsigAlgorithm algorithm);

struct TsigKey {
    Name name;
    TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
    crypto::SecretBytes secret;
    /// Shortest MAC accepted from others, in bytes, and the length sent; 0: whole MACs only
    /// (RFC 8945 §7). BIND's `hmac-sha256-128` in a key file means hmac-sha256 with 16 here.
    std::uint8_t truncated_bytes = 0;
    /// Seconds that clocks may differ, as sent. What the other side sent counts on receipt.
    std::uint16_t fudge = tsig_fudge_seconds;

    /// Size of the MACs this key makes.
    std::size_t mac_size() const {
        return truncated_bytes == 0 ? mac_bytes(algorithm) : truncated_bytes;
    }
};

/// Why a key is refused.
enum class KeyFault : std::uint8_t {
    duplicate_name,  // another key of this name (RFC 8945 §10: one algorithm a name)
    secret_size,     // no secret, or more than tsig_secret_bytes_max bytes
    truncation,      // truncated_bytes below 10 or half the hash, or above the hash
    too_many_keys,   // tsig_keys_max are there
    not_available,   // the crypto library refuses this digest
};
std::string_view fault_text(KeyFault fault);
/// Whether the key can be used: secret_size, truncation or not_available.
Result<void, KeyFault> check_key(const TsigKey& key);

/// The keys one server shares with others. Filled once, then immutable and read by any thread.
class KeyRing {
public:
    Result<void, KeyFault> add(TsigKey key);
    /// The key of this name in any case; nullptr: none. Good as long as the ring.
    const TsigKey* find(NameView name) const;
    std::size_t size() const { return keys_.size(); }
    bool empty() const { return keys_.empty(); }
    /// All keys, in the order added.
    const std::vector<std::unique_ptr<const TsigKey>>& keys() const { return keys_; }

private:
    std::vector<std::unique_ptr<const TsigKey>> keys_;
    std::unordered_multimap<std::uint64_t, const TsigKey*> by_hash_;
};

}  // namespace kith::auth
