#pragma once
// The text of a file that a person wrote, read whole.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "files/limits.hpp"

namespace kith::files {

/// Owned bytes of a file. Not memory-mapped: an editor that truncates a mapped file would kill us.
class FileText {
public:
    /// Reads `path`: a regular file of at most `bytes_max` bytes, or a pipe that somebody writes to, of
    /// at most pipe_bytes_max (limits.hpp). The error names the file and says what was expected.
    static Result<FileText, std::string> read(const std::string& path,
                                              std::size_t bytes_max = file_bytes_max);
    std::string_view view() const { return {bytes_.get(), size_}; }

private:
    void make_room(std::size_t room);
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace kith::files
