#include "cli/key_word.hpp"

namespace kith::cli {

Read<client::MessageKey> read_key(const std::string& word, const std::string& file,
                                  const std::string& signer) {
    if (!word.empty() && !file.empty())
        return std::unexpected<std::string>("expected one of -y and -k, found both");
    if (!file.empty()) return client::load_key_file(file, signer);
    if (word.empty()) return client::MessageKey();
    auto key = client::read_key_word(word);
    if (!key) return std::unexpected("-y: " + std::move(key).error());
    return key;
}

}  // namespace kith::cli
