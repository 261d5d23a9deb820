#pragma once
// The text of a file that a person wrote, read whole.

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kith::files {

/// Owned bytes of a file. Not memory-mapped: an editor that truncates a mapped file would kill us.
class FileText {
public:
    // A zone of ten million records; what is larger is a mistake such as a disk image.
    static constexpr std::size_t file_bytes_max = std::size_t{1} << 30;

    /// Reads `path`, which must be a regular file (or a pipe) of at most `bytes_max` bytes. The error
    /// says what to do about it.
    static Result<FileText, std::string> read(const std::string& path,
                                              std::size_t bytes_max = file_bytes_max);
    std::string_view view() const { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace kith::files
