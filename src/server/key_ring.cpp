#include "server/key_ring.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "auth/key_text.hpp"
#include "config/hickory.hpp"
#include "files/key_files.hpp"

namespace kith::server {
namespace {

using auth::TsigKey;

class Reader {
public:
    Reader(const config::Config& config, FileStates& files, Problems& problems)
        : config_(config), files_(files), problems_(problems) {}

    std::optional<TsigKey> read(const config::Key& key) {
        const auto name = dns::Name::from_text(key.name.text);
        if (!name) return complain(key.name.at, fmt::format("key: {}", name.error().text));
        if (key.secret.text.empty() == key.file.text.empty()) {
            return complain(
                key.at, fmt::format("key {}: expected either 'secret' or 'file', found {}",
                                    name->to_text(), key.secret.text.empty() ? "none" : "both"));
        }
        std::optional<TsigKey> out = key.file.text.empty() ? from_secret(key) : from_file(key);
        if (!out) return out;
        if (!key.algorithm.text.empty()) {
            const auto algorithm = auth::parse_algorithm(key.algorithm.text);
            if (!algorithm)
                return complain(key.algorithm.at, fmt::format("algorithm: expected one of {}",
                                                              auth::algorithm_names()));
            out->algorithm = *algorithm;
        }
        out->name = *name;  // whatever a file calls it: under this name others sign
        return out;
    }

    void complain_of(const config::Key& key, auth::KeyFault fault) {
        complain(key.at, fmt::format("key {}: {}", key.name.text, auth::fault_text(fault)));
    }

private:
    std::nullopt_t complain(config::Offset at, std::string text) {
        problems_.push_back(config_.problem(at, std::move(text)));
        return std::nullopt;
    }

    std::optional<TsigKey> from_secret(const config::Key& key) {
        auto secret = auth::parse_secret(key.secret.text);
        if (!secret) return complain(key.secret.at, fmt::format("secret: {}", secret.error().text));
        TsigKey out;
        out.secret = std::move(*secret);
        return out;
    }

    std::optional<TsigKey> from_file(const config::Key& key) {
        const std::string file = files::secret_file_path(
            std::filesystem::path(config_.file).parent_path().string(), key.file.text);
        files_[file] = file_state(file);
        const auto content = files::read_secret_file(file);
        if (!content) return complain(key.file.at, fmt::format("file: {}", content.error()));
        if (config::is_hickory_config(config_.file)) {  // trust-dns's files are the secret itself
            auto raw =
                auth::raw_key(dns::NameView(), auth::TsigAlgorithm::hmac_sha256, content->bytes());
            if (!raw)
                return complain(key.file.at,
                                fmt::format("{}: {}", file, auth::fault_text(raw.error())));
            return std::move(*raw);
        }
        return auth::parse_key_file(as_text(content->bytes()), file, problems_);
    }

    const config::Config& config_;
    FileStates& files_;
    Problems& problems_;
};

}  // namespace

std::shared_ptr<const auth::KeyRing> make_key_ring(const config::Config& config, FileStates& files,
                                                   Problems& problems) {
    auto ring = std::make_shared<auth::KeyRing>();
    Reader reader(config, files, problems);
    for (const config::Key& key : config.keys) {
        auto read = reader.read(key);
        if (!read) continue;
        if (const auto added = ring->add(std::move(*read)); !added)
            reader.complain_of(key, added.error());
    }
    return ring;
}

bool is_named(const config::Config& config, const dns::Name& key) {
    return std::ranges::any_of(config.keys, [&](const config::Key& each) {
        const auto name = dns::Name::from_text(each.name.text);
        return name && *name == key;
    });
}

}  // namespace kith::server
