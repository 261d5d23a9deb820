#include "files/write_all.hpp"

#include <unistd.h>

#include <cerrno>

namespace kith::files {

bool write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

}  // namespace kith::files
