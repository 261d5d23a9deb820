#pragma once
// The key a request is signed with: TSIG or SIG(0), from a word or a file. Internal to client and cli.

#include <memory>
#include <string>
#include <variant>

#include "auth/sig0.hpp"
#include "auth/tsig_key.hpp"
#include "client/zones.hpp"
#include "crypto/key.hpp"

namespace kith::client {

/// A private key and whose it is.
struct Sig0Key {
    crypto::PrivateKey key;
    dns::Name name;
    std::uint16_t flags = 512;  // of its KEY record: a host's (RFC 2535 §3.1.2)
};

struct MessageKey::Material {
    std::variant<auth::TsigKey, Sig0Key> key;
};

/// Null: no key, or one of the other kind. Good as long as the key.
const auth::TsigKey* tsig_of(const MessageKey& key);
const Sig0Key* sig0_of(const MessageKey& key);
MessageKey make_key(auth::TsigKey key);

/// The text of a problem, for people.
template <class T>
using OrText = Result<T, std::string>;

/// From the words of -y: [algorithm:]name:secret.
OrText<MessageKey> read_key_word(const std::string& word);

/// From a file: `key` statements, one line as for -y, K*.private of TSIG or SIG(0) (the .key file
/// beside it tells name and flags), or a private key in PEM, of which `signer` is the name.
OrText<MessageKey> load_key_file(const std::string& path, const std::string& signer);

}  // namespace kith::client
