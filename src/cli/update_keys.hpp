#pragma once
// The key an update is signed with: TSIG or SIG(0), from -y and -k.

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "auth/sig0.hpp"
#include "auth/tsig_key.hpp"
#include "crypto/key.hpp"

namespace kith::cli {

/// A private key and whose it is.
struct Sig0Key {
    crypto::PrivateKey key;
    dns::Name name;
    std::uint16_t flags = 512;  // of its KEY record: a host's (RFC 2535 §3.1.2)
};

using UpdateKey = std::variant<std::monostate, auth::TsigKey, Sig0Key>;

/// The text of a problem, for people.
template <class T>
using OrText = Result<T, std::string>;

/// From the words of -y.
OrText<UpdateKey> read_key_word(const std::string& word);

/// From a file: `key` statements, one line as for -y, K*.private of TSIG or SIG(0) (the .key file
/// beside it tells name and flags), or a private key in PEM, of which `signer` is the name.
OrText<UpdateKey> load_key_file(const std::string& path, const std::string& signer);

}  // namespace kith::cli
