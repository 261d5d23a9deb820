#pragma once
// The key that -y or -k of a command says requests are to be signed with.

#include "cli/words.hpp"
#include "client/request_key.hpp"

namespace kith::cli {

/// From the word of -y, or the file of -k; none when both are empty, an error when neither is.
/// `signer` is the owner of a private key in PEM, which does not say it.
Read<client::MessageKey> read_key(const std::string& word, const std::string& file,
                                  const std::string& signer);

}  // namespace kith::cli
