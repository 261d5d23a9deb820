#pragma once
// Opening what a person has named as a file: the one place that decides what may be read.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "net/descriptor.hpp"

namespace kith::files {

/// An open file, and what it is: what its name stands for may change meanwhile.
struct OpenFile {
    enum class Kind : std::uint8_t { regular, pipe };
    net::Descriptor descriptor;  // non-blocking, for a pipe
    Kind kind = Kind::regular;
    std::uint64_t size = 0;  // bytes; of a regular file, as it says
    mode_t mode = 0;         // who may do what with it
};

/// Opens `path` for reading, without waiting. Devices may have no end and folders no text: all but
/// regular files and pipes are refused. The error names the file and what was found.
Result<OpenFile, std::string> open_file(const std::string& path);

}  // namespace kith::files
