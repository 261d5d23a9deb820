#include "auth/tsig_key.hpp"

#include <algorithm>
#include <array>

#include "auth/limits.hpp"
#include "dns/name_hash.hpp"
#include "dns/registry.hpp"

namespace kith::auth {
namespace {

using crypto::HmacDigest;

struct AlgorithmRow {
    TsigAlgorithm algorithm;
    std::string_view name;
    HmacDigest digest;
    std::uint8_t mac_bytes;
};

// "TSIG Algorithm Names" of IANA (RFC 8945 §6), without gss-tsig, which has no shared secret.
constexpr AlgorithmRow rows[] = {
    {TsigAlgorithm::hmac_md5, "HMAC-MD5.SIG-ALG.REG.INT", HmacDigest::md5, 16},
    {TsigAlgorithm::hmac_sha1, "hmac-sha1", HmacDigest::sha1, 20},
    {TsigAlgorithm::hmac_sha224, "hmac-sha224", HmacDigest::sha224, 28},
    {TsigAlgorithm::hmac_sha256, "hmac-sha256", HmacDigest::sha256, 32},
    {TsigAlgorithm::hmac_sha256_128, "hmac-sha256-128", HmacDigest::sha256, 16},
    {TsigAlgorithm::hmac_sha384, "hmac-sha384", HmacDigest::sha384, 48},
    {TsigAlgorithm::hmac_sha384_192, "hmac-sha384-192", HmacDigest::sha384, 24},
    {TsigAlgorithm::hmac_sha512, "hmac-sha512", HmacDigest::sha512, 64},
    {TsigAlgorithm::hmac_sha512_256, "hmac-sha512-256", HmacDigest::sha512, 32},
};

constexpr bool rows_are_in_order() {
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        if (static_cast<std::size_t>(rows[i].algorithm) != i) return false;
    }
    return true;
}
static_assert(rows_are_in_order(), "every algorithm has its row, in the order of the enum");

// What BIND's tools also take.
struct Alias {
    std::string_view name;
    TsigAlgorithm algorithm;
};
constexpr Alias aliases[] = {
    {"hmac-md5", TsigAlgorithm::hmac_md5},  {"md5", TsigAlgorithm::hmac_md5},
    {"sha1", TsigAlgorithm::hmac_sha1},     {"sha224", TsigAlgorithm::hmac_sha224},
    {"sha256", TsigAlgorithm::hmac_sha256}, {"sha384", TsigAlgorithm::hmac_sha384},
    {"sha512", TsigAlgorithm::hmac_sha512},
};

const AlgorithmRow& row_of(TsigAlgorithm algorithm) {
    return rows[static_cast<std::size_t>(algorithm)];
}

const std::array<Name, std::size(rows)>& wire_names() {
    static const auto names = [] {
        std::array<Name, std::size(rows)> out;
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = *Name::from_text(rows[i].name);
        return out;
    }();
    return names;
}

}  // namespace

std::string_view algorithm_name(TsigAlgorithm algorithm) { return row_of(algorithm).name; }

std::optional<TsigAlgorithm> parse_algorithm(std::string_view text) {
    if (text.ends_with('.')) text.remove_suffix(1);
    for (const AlgorithmRow& row : rows) {
        if (dns::equal_ignoring_case(row.name, text)) return row.algorithm;
    }
    for (const Alias& alias : aliases) {
        if (dns::equal_ignoring_case(alias.name, text)) return alias.algorithm;
    }
    return std::nullopt;
}

const Name& algorithm_wire_name(TsigAlgorithm algorithm) {
    return wire_names()[static_cast<std::size_t>(algorithm)];
}

std::optional<TsigAlgorithm> find_algorithm(NameView name) {
    for (const AlgorithmRow& row : rows) {
        if (algorithm_wire_name(row.algorithm).view() == name) return row.algorithm;
    }
    return std::nullopt;
}

std::string algorithm_names() {
    std::string out;
    for (const AlgorithmRow& row : rows) {
        if (!out.empty()) out += ", ";
        out += row.name;
    }
    return out;
}

HmacDigest digest_of(TsigAlgorithm algorithm) { return row_of(algorithm).digest; }
std::size_t mac_bytes(TsigAlgorithm algorithm) { return row_of(algorithm).mac_bytes; }

std::size_t mac_bytes_least(TsigAlgorithm algorithm) {
    return std::max(tsig_mac_bytes_least, crypto::hmac_bytes(digest_of(algorithm)) / 2);
}

std::string_view fault_text(KeyFault fault) {
    switch (fault) {
        case KeyFault::duplicate_name: return "another key has this name; names of keys are unique";
        case KeyFault::secret_size: return "the secret is empty or longer than 1024 bytes";
        case KeyFault::truncation:
            return "truncated MACs have at least 10 bytes and half of the hash, and at most all of "
                   "it (RFC 8945 §5.2.2.1)";
        case KeyFault::too_many_keys: return "more than 10000 keys";
        case KeyFault::not_available: return "the crypto library does not offer this digest";
    }
    return {};
}

Result<void, KeyFault> check_key(const TsigKey& key) {
    const std::size_t secret_bytes = key.secret.bytes().size();
    if (secret_bytes == 0 || secret_bytes > tsig_secret_bytes_max) {
        return std::unexpected(KeyFault::secret_size);
    }
    if (key.truncated_bytes != 0 && (key.truncated_bytes < mac_bytes_least(key.algorithm) ||
                                     key.truncated_bytes > mac_bytes(key.algorithm))) {
        return std::unexpected(KeyFault::truncation);
    }
    if (!crypto::hmac_is_available(digest_of(key.algorithm))) {
        return std::unexpected(KeyFault::not_available);
    }
    return {};
}

Result<void, KeyFault> KeyRing::add(TsigKey key) {
    if (keys_.size() == tsig_keys_max) return std::unexpected(KeyFault::too_many_keys);
    if (find(key.name) != nullptr) return std::unexpected(KeyFault::duplicate_name);
    KITH_TRY_VOID(check_key(key));
    keys_.push_back(std::make_unique<const TsigKey>(std::move(key)));
    by_hash_.emplace(dns::name_hash(keys_.back()->name), keys_.back().get());
    return {};
}

const TsigKey* KeyRing::find(NameView name) const {
    const auto [begin, end] = by_hash_.equal_range(dns::name_hash(name));
    for (auto at = begin; at != end; ++at) {
        if (at->second->name.view() == name) return at->second;
    }
    return nullptr;
}

}  // namespace kith::auth
