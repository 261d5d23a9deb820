#include "files/file_text.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "net/descriptor.hpp"

namespace kith::files {
namespace {

constexpr std::size_t first_block = 64 * 1024;

std::string reason(const std::string& path, int error) {
    return fmt::format("cannot read {}: {}", path, std::strerror(error));
}

}  // namespace

Result<FileText, std::string> FileText::read(const std::string& path, std::size_t bytes_max) {
    // Opening does not wait, or a named pipe that nobody writes to would stop the reloading for ever.
    // Reading does: the other end of `kith check <(...)` may not have written yet.
    const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file || ::fcntl(file.get(), F_SETFL, 0) != 0) return std::unexpected(reason(path, errno));
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return std::unexpected(reason(path, errno));
    if (S_ISDIR(info.st_mode)) return std::unexpected(reason(path, EISDIR));
    FileText out;
    // One byte more than the size, so that the read that finds the end needs no growing.
    std::size_t room =
        S_ISREG(info.st_mode) ? static_cast<std::size_t>(info.st_size) + 1 : first_block;
    room = std::min(room, bytes_max + 1);
    out.bytes_.reset(new char[room]);  // not cleared: read() fills it
    while (true) {
        if (out.size_ > bytes_max) {
            return std::unexpected(fmt::format(
                "cannot read {}: over {} bytes, no such file is that large", path, bytes_max));
        }
        if (out.size_ == room) {
            std::unique_ptr<char[]> larger(new char[room * 2]);
            std::memcpy(larger.get(), out.bytes_.get(), out.size_);
            out.bytes_ = std::move(larger);
            room *= 2;
        }
        const ssize_t got = ::read(file.get(), out.bytes_.get() + out.size_, room - out.size_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(reason(path, errno));
        if (got == 0) return out;
        out.size_ += static_cast<std::size_t>(got);
    }
}

}  // namespace kith::files
