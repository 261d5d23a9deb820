#pragma once
// What the file system says of a file: enough to tell that its content may have changed.

#include <cstdint>
#include <map>
#include <string>

namespace kith::server {

struct FileState {
    std::uint64_t device = 0, inode = 0, size = 0;  // all 0: there is no such file
    std::int64_t modified_ns = 0;
    friend bool operator==(const FileState&, const FileState&) = default;
};

/// The state of `file` now.
FileState file_state(const std::string& file);

/// Files with their states from before they were read, so that a change during the reading shows.
using FileStates = std::map<std::string, FileState>;

}  // namespace kith::server
