#pragma once
// What the configuration's words on signing mean: policies of signing and of keys, keys of other
// signers, keys and signatures in files.

#include <string>

#include "config/config.hpp"
#include "dnssec/signing_policy.hpp"
#include "server/managed_keys.hpp"

namespace kith::server {

crypto::Algorithm algorithm_of(config::SigningAlgorithm algorithm);
Result<dnssec::SigningPolicy, std::string> signing_policy_of(const config::Dnssec& settings);
Result<KeyWishes, std::string> key_wishes_of(const config::Dnssec& settings);
/// Whether the server makes and keeps the keys itself.
inline bool has_managed_keys(const config::Dnssec& settings) {
    return settings.key_files.empty() && settings.key_directory.empty();
}

/// Keys from files, as they are now.
struct FileKeys {
    dnssec::KeySet keys;
    UnixTime next_change = 0;  // when their times say something else; 0: never
};
/// What becomes of a file of `key_files` that is not there: `look` takes a key for it that is not kept.
enum class MissingKeys : std::uint8_t { make, look };
/// Of `key_directory` or `key_files`, with `foreign_keys` and `key_signatures`; `folder` is that of the
/// configuration.
Result<FileKeys, std::string> read_file_keys(zone::NameView apex, const config::Dnssec& settings,
                                             const std::string& folder, UnixTime now,
                                             MissingKeys missing = MissingKeys::make);

/// True when nothing in a zone follows from what differs.
bool same_signing(const config::Dnssec& a, const config::Dnssec& b);

}  // namespace kith::server
