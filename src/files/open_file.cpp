#include "files/open_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace kith::files {
namespace {

std::string_view kind_name(mode_t mode) {
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
    return S_ISSOCK(mode) ? "a socket" : "something else";
}

}  // namespace

Result<OpenFile, std::string> open_file(const std::string& path) {
    const auto failed = [&path] {
        return std::unexpected(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
    };
    // A named pipe that nobody writes to would stop the reloading for ever.
    net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return failed();
    if (S_ISFIFO(info.st_mode))
        return OpenFile{std::move(file), OpenFile::Kind::pipe, 0, info.st_mode & 07777};
    if (!S_ISREG(info.st_mode)) {
        return std::unexpected(fmt::format("cannot read {}: expected a file, found {}", path,
                                           kind_name(info.st_mode)));
    }
    return OpenFile{std::move(file), OpenFile::Kind::regular,
                    static_cast<std::uint64_t>(info.st_size), info.st_mode & 07777};
}

}  // namespace kith::files
