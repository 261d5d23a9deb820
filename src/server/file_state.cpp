#include "server/file_state.hpp"

#include <sys/stat.h>

namespace kith::server {

FileState file_state(const std::string& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) return {};
    return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size),
            info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

}  // namespace kith::server
