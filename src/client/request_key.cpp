#include "client/request_key.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "auth/key_text.hpp"
#include "auth/limits.hpp"
#include "dnssec/key_file.hpp"

namespace kith::client {
namespace {

std::unexpected<std::string> error(std::string text) { return std::unexpected(std::move(text)); }

MessageKey make_sig0(Sig0Key key) {
    return MessageKey(std::make_shared<MessageKey::Material>(std::move(key)));
}

OrText<crypto::SecretBytes> load_text(const std::string& path) {
    std::ifstream file;
    file.rdbuf()->pubsetbuf(nullptr, 0);  // keeps no copy
    file.open(path, std::ios::binary);
    if (!file) return error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    crypto::SecretBytes text(auth::key_text_bytes_max + 1);
    file.read(reinterpret_cast<char*>(text.writable().data()),
              static_cast<std::streamsize>(text.bytes().size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (size > auth::key_text_bytes_max)
        return error(fmt::format("{}: expected a key, found more than 1 MiB", path));
    return crypto::SecretBytes(text.bytes().first(size));
}

OrText<MessageKey> make_tsig(auth::TsigKey key) {
    if (const auto fit = auth::check_key(key); !fit)
        return error(fmt::format("key {}: {}", key.name.to_text(), auth::fault_text(fit.error())));
    return make_key(std::move(key));
}

/// "dir/Kname.+013+12345.private" without its ending.
std::string stem_of(const std::string& path) {
    for (const std::string_view ending : {".private", ".key"}) {
        if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
    }
    return path;
}

OrText<dns::Name> signer_name(const std::string& text) {
    const auto name = dns::Name::from_text(text);
    if (!name) return error(fmt::format("--signer {}: {}", text, name.error().text));
    return *name;
}

OrText<MessageKey> load_pem(const std::string& path, std::string_view text,
                            const std::string& signer) {
    if (signer.empty())
        return error(fmt::format(
            "{}: a PEM file has no name: say --signer NAME, the owner of its KEY record", path));
    KITH_TRY(const dns::Name name, signer_name(signer));
    crypto::KeyFault fault = crypto::KeyFault::malformed;
    for (const crypto::AlgorithmRow& row : crypto::all_algorithms()) {
        if (row.signing != crypto::Signing::allowed) continue;
        auto key = crypto::PrivateKey::from_pem(row.algorithm, text);
        if (key) return make_sig0(Sig0Key{*std::move(key), name, 512});
        if (key.error() != crypto::KeyFault::wrong_algorithm) fault = key.error();
    }
    return error(fmt::format("{}: {}", path, crypto::fault_text(fault)));
}

/// The .private file of a SIG(0) key, and the .key file beside it.
OrText<MessageKey> load_sig0(const std::string& path, std::string_view text,
                             const std::string& signer) {
    auto file = dnssec::parse_private_key(text);
    if (!file) return error(fmt::format("{}:{}: {}", path, file.error().line, file.error().text));
    Sig0Key out{std::move(file->key), {}, 512};
    if (!signer.empty()) {
        KITH_TRY(out.name, signer_name(signer));
        return make_sig0(std::move(out));
    }
    const std::string shown_path = stem_of(path) + ".key";
    const auto shown_text = load_text(shown_path);
    if (!shown_text)
        return error(fmt::format("{}; it tells whose key this is (or say --signer NAME)",
                                 shown_text.error()));
    const auto shown = dnssec::parse_public_key(as_text(shown_text->bytes()));
    if (!shown) return error(fmt::format("{}: {}", shown_path, shown.error().text));
    out.name = shown->owner;
    out.flags = load_u16(shown->rdata.data());
    return make_sig0(std::move(out));
}

bool is_hmac(std::string_view text) {
    const std::size_t at = text.find("Algorithm:");
    return at != std::string_view::npos &&
           text.substr(at, 40).find("HMAC") != std::string_view::npos;
}

}  // namespace

const auth::TsigKey* tsig_of(const MessageKey& key) {
    return key ? std::get_if<auth::TsigKey>(&key.material()->key) : nullptr;
}

const Sig0Key* sig0_of(const MessageKey& key) {
    return key ? std::get_if<Sig0Key>(&key.material()->key) : nullptr;
}

MessageKey make_key(auth::TsigKey key) {
    return MessageKey(std::make_shared<MessageKey::Material>(std::move(key)));
}

OrText<MessageKey> read_key_word(const std::string& word) {
    auto key = auth::parse_key_word(word);
    if (!key) return error(std::move(key).error().text);
    return make_tsig(*std::move(key));
}

OrText<MessageKey> load_key_file(const std::string& path, const std::string& signer) {
    const bool is_public =
        path.ends_with(".key") && std::ifstream(stem_of(path) + ".private").good();
    const std::string file = is_public ? stem_of(path) + ".private" : path;
    KITH_TRY(const crypto::SecretBytes content, load_text(file));
    const std::string_view text = as_text(content.bytes());
    if (text.starts_with("-----BEGIN")) return load_pem(file, text, signer);
    if (text.find("Private-key-format:") != text.npos && !is_hmac(text))
        return load_sig0(file, text, signer);
    Problems problems;
    auto key = auth::parse_key_file(text, file, problems);
    if (key) return make_tsig(*std::move(key));
    std::string all;
    for (const Problem& problem : problems) all += (all.empty() ? "" : "\n") + problem.to_text();
    return error(std::move(all));
}

}  // namespace kith::client
