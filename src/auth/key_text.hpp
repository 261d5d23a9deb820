#pragma once
// TSIG keys as people write them down: `alg:name:secret` as dig and nsupdate take with -y, BIND's
// `key "name" { algorithm ...; secret "..."; };` files, and trust-dns's files of raw bytes.
// Messages about errors never show the secret.

#include <vector>

#include "auth/tsig_key.hpp"
#include "base/problem.hpp"
#include "dns/wire_error.hpp"

namespace kith::auth {

/// "[algorithm:]name:base64", hmac-sha256 where no algorithm is given; `hmac-sha256-128` and the
/// like mean truncated MACs under the name hmac-sha256, as BIND's tools have it.
dns::Text<TsigKey> parse_key_word(std::string_view text);

/// Reads the secret alone: base64 (RFC 4648 §4), blanks allowed.
dns::Text<crypto::SecretBytes> parse_secret(std::string_view base64);

/// Every `key` statement of a file of named.conf's grammar; other statements are passed over, so
/// that a whole named.conf works. Comments of C, C++ and shell. All problems are added to `problems`
/// with line and column, named as in `file`.
std::vector<TsigKey> parse_bind_keys(std::string_view text, std::string_view file,
                                     Problems& problems);

/// A file that holds one key, whatever it was made by: a `key` statement (tsig-keygen, ddns-confgen),
/// one line `alg:name:secret` (keymgr -t), or the K*.private of an old dnssec-keygen, whose key is
/// called as the file is. Nullopt: `problems` says why.
std::optional<TsigKey> parse_key_file(std::string_view text, std::string_view file,
                                      Problems& problems);

/// A key whose secret is `bytes` as they are: trust-dns's `key_file`.
Result<TsigKey, KeyFault> raw_key(NameView name, TsigAlgorithm algorithm, Bytes bytes);

}  // namespace kith::auth
