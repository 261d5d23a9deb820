#include "store/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace kith::store {

Stored<LockFile> LockFile::take(const std::string& file) {
    LockFile lock;
    lock.descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock.descriptor_ < 0) {
        const int error = errno;
        const bool read_only = error == EROFS || error == EACCES;
        const StoreFault fault = read_only         ? StoreFault::read_only
                                 : error == ENOSPC ? StoreFault::disk_full
                                                   : StoreFault::cannot_open;
        return std::unexpected(StoreError{
            fault,
            fmt::format(
                "{}: cannot be made: {}; the state directory must exist and be writable for the user kith runs as",
                file, std::strerror(error))});
    }
    if (::flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
        return std::unexpected(StoreError{
            StoreFault::in_use,
            fmt::format(
                "{}: another server keeps its state here; stop it, or give this one another state_directory",
                file)});
    }
    return lock;
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace kith::store
