#include "files/file_text.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "files/open_file.hpp"

namespace kith::files {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t first_block = 64 * 1024;  // of what does not say its size: pipes, /proc

template <class... T>
std::unexpected<std::string> cannot_read(const std::string& path, fmt::format_string<T...> why,
                                         T&&... args) {
    return std::unexpected(
        fmt::format("cannot read {}: {}", path, fmt::format(why, std::forward<T>(args)...)));
}

/// Waits until the pipe has more or has ended; false: neither happened for too long.
bool wait_for_more(int pipe) {
    const auto deadline = steady_clock::now() + pipe_patience;
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd ready{pipe, POLLIN, 0};
        if (::poll(&ready, 1, static_cast<int>(left)) > 0) return true;
    }
}

}  // namespace

void FileText::make_room(std::size_t room) {
    std::unique_ptr<char[]> larger(new char[room]);  // not cleared: read() fills it
    if (size_ != 0) std::memcpy(larger.get(), bytes_.get(), size_);
    bytes_ = std::move(larger);
}

Result<FileText, std::string> FileText::read(const std::string& path, std::size_t bytes_max) {
    KITH_TRY(const OpenFile file, open_file(path));
    const bool is_pipe = file.kind == OpenFile::Kind::pipe;
    if (is_pipe) bytes_max = std::min(bytes_max, pipe_bytes_max);
    if (file.size > bytes_max)
        return cannot_read(path, "expected at most {} bytes, found {}", bytes_max, file.size);
    FileText out;
    // One byte more than the size, so that the read that finds the end needs no growing.
    std::size_t room = file.size != 0 ? static_cast<std::size_t>(file.size) + 1 : first_block;
    out.make_room(room);
    while (true) {
        const ssize_t got =
            ::read(file.descriptor.get(), out.bytes_.get() + out.size_, room - out.size_);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) {
            if (wait_for_more(file.descriptor.get())) continue;
            return cannot_read(
                path, "whoever writes to this pipe has written nothing for {} s",
                std::chrono::duration_cast<std::chrono::seconds>(pipe_patience).count());
        }
        if (got < 0) return cannot_read(path, "{}", std::strerror(errno));
        out.size_ += static_cast<std::size_t>(got);
        if (out.size_ > bytes_max)
            return cannot_read(path, "expected at most {} bytes, found more", bytes_max);
        if (out.size_ == room) out.make_room(room = std::min(room * 2, bytes_max + 1));
    }
    if (is_pipe && out.size_ == 0)
        return cannot_read(path, "expected a file, found a pipe that nobody has written to");
    return out;
}

}  // namespace kith::files
