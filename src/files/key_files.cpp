#include "files/key_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "files/file_text.hpp"
#include "files/limits.hpp"
#include "files/open_file.hpp"
#include "files/write_all.hpp"
#include "net/descriptor.hpp"

namespace kith::files {
namespace {

namespace fs = std::filesystem;
using crypto::SecretBytes;

constexpr mode_t private_mode = 0600;
constexpr mode_t others_mode = 0077;
constexpr mode_t group_read_mode = 0040;

std::unexpected<std::string> failed(const std::string& path, std::string_view what) {
    return std::unexpected(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

std::string without_ending(const std::string& path) {
    for (const std::string_view ending : {".key", ".private"}) {
        if (path.ends_with(ending)) return path.substr(0, path.size() - ending.size());
    }
    return path;
}

std::unexpected<std::string> located(const std::string& path, const dnssec::KeyFileError& error) {
    if (error.line == 0) return std::unexpected(fmt::format("{}: {}", path, error.text));
    return std::unexpected(fmt::format("{}:{}: {}", path, error.line, error.text));
}

Result<void, std::string> write_new(const std::string& path, Bytes content, mode_t mode) {
    const net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file)
        return failed(path, errno == EEXIST
                                ? "there is a file already; remove it or choose another folder"
                                : "cannot create");
    if (write_all(file.get(), content) && ::fsync(file.get()) == 0) return {};
    const auto error = failed(path, "cannot write");
    ::unlink(path.c_str());
    return error;
}

/// The service manager's folder of secrets for this service; empty: none.
std::string credentials_folder() {
    const char* const given = std::getenv("CREDENTIALS_DIRECTORY");
    return given == nullptr ? std::string() : std::string(given);
}

bool is_credential(const std::string& path) {
    const std::string folder = credentials_folder();
    std::error_code error;
    return !folder.empty() && fs::equivalent(fs::path(path).parent_path(), folder, error);
}

}  // namespace

std::string secret_file_path(const std::string& folder, const std::string& file) {
    std::error_code ignored;
    const std::string credentials = credentials_folder();
    if (!credentials.empty() && file.find('/') == std::string::npos) {
        const fs::path credential = fs::path(credentials) / file;
        if (fs::exists(credential, ignored)) return credential.string();
    }
    return (fs::path(folder) / file).string();
}

Result<SecretBytes, std::string> read_secret_file(const std::string& path) {
    KITH_TRY(const OpenFile file, open_file(path));
    if (file.kind == OpenFile::Kind::pipe)
        return std::unexpected(fmt::format("cannot read {}: expected a file, found a pipe", path));
    const mode_t forbidden = is_credential(path) ? others_mode & ~group_read_mode : others_mode;
    if ((file.mode & forbidden) != 0) {
        return std::unexpected(fmt::format(
            "{}: others than its owner may use this private key (mode {:04o}); `chmod 600 {}`, and replace the key "
            "if somebody may have read it",
            path, file.mode, path));
    }
    if (file.size > crypto::private_key_text_bytes_max) {
        return std::unexpected(
            fmt::format("{}: {} bytes are more than a private key has", path, file.size));
    }
    SecretBytes content(static_cast<std::size_t>(file.size));
    std::size_t size = 0;
    while (size < content.bytes().size()) {
        const ssize_t count = ::read(file.descriptor.get(), content.writable().data() + size,
                                     content.bytes().size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed(path, "cannot read");
        if (count == 0) return std::unexpected(path + ": it became shorter while it was read");
        size += static_cast<std::size_t>(count);
    }
    return content;
}

Result<void, std::string> write_secret_file(const std::string& path, Bytes content) {
    return write_new(path, content, private_mode);
}

Result<StoredKey, std::string> read_key_files(const std::string& path) {
    const std::string stem = without_ending(path);
    const std::string public_path = stem + ".key";
    const std::string private_path = stem + ".private";
    const auto text = FileText::read(public_path, public_key_file_bytes_max);
    if (!text) return std::unexpected(text.error());
    auto shown = dnssec::parse_public_key(text->view());
    if (!shown) return located(public_path, shown.error());
    auto key = dnssec::ZoneKey::from_dnskey(shown->rdata);
    if (!key) return std::unexpected(public_path + ": the key is too short");
    StoredKey out{stem,        shown->owner, shown->ttl, shown->is_key_record, *std::move(key),
                  shown->times};
    std::error_code ignored;
    if (!fs::exists(private_path, ignored)) return out;
    KITH_TRY(const SecretBytes secret, read_secret_file(private_path));
    auto file = dnssec::parse_private_key(as_text(secret.bytes()));
    if (!file) return located(private_path, file.error());
    auto joined = dnssec::join_key_files(*shown, *file);
    if (!joined) return located(private_path, joined.error());
    out.key = *std::move(joined);
    out.times = file->times;
    return out;
}

Result<std::vector<StoredKey>, std::string> read_key_folder(const std::string& folder,
                                                            dns::NameView zone) {
    std::error_code error;
    fs::directory_iterator at(folder, error);
    if (error)
        return std::unexpected(
            fmt::format("{}: cannot read this folder: {}", folder, error.message()));
    std::vector<std::string> stems;
    // "K<zone>+": what follows is algorithm and tag.
    const std::string stem = dnssec::key_file_stem(zone, 0, 0);
    const std::string prefix = stem.substr(0, stem.find('+') + 1);
    std::size_t files = 0;
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
        if (++files > folder_files_max)
            return std::unexpected(folder + ": too many files for a folder of keys");
        const std::string name = at->path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".key"))
            stems.push_back(without_ending(at->path().string()));
    }
    if (error)
        return std::unexpected(
            fmt::format("{}: cannot read this folder: {}", folder, error.message()));
    std::ranges::sort(stems);
    std::vector<StoredKey> keys;
    for (const std::string& each : stems) {
        KITH_TRY(StoredKey key, read_key_files(each));
        if (key.owner.view() == zone && !key.is_key_record) keys.push_back(std::move(key));
    }
    return keys;
}

Result<std::string, std::string> write_key_files(const std::string& folder, const StoredKey& key) {
    const std::string name = dnssec::key_file_stem(key.owner, key.key.algorithm(), key.key.tag());
    const std::string stem = (fs::path(folder) / name).string();
    const Bytes rdata = key.key.rdata();
    const std::string shown = dnssec::format_public_key(
        {key.owner, key.ttl, {rdata.begin(), rdata.end()}, key.is_key_record, key.times});
    const auto& secret_key = key.key.private_key();
    if (secret_key) {
        const SecretBytes secret = dnssec::format_private_key({*secret_key, key.times});
        KITH_TRY_VOID(write_secret_file(stem + ".private", secret.bytes()));
    }
    if (auto done = write_new(stem + ".key", as_bytes(shown), 0644); !done) {
        if (secret_key) ::unlink((stem + ".private").c_str());
        return std::unexpected(done.error());
    }
    return stem;
}

}  // namespace kith::files
