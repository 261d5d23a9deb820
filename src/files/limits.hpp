#pragma once
// Bounds of what is read from disk. At each the file is refused, with an error that says so.

#include <cstddef>

#include "base/time.hpp"

namespace kith::files {

// A zone of ten million records; what is larger is a mistake such as a disk image.
inline constexpr std::size_t file_bytes_max = std::size_t{1} << 30;

// What comes through a pipe (`kith check <(...)`) may never end: a million records. More is read from
// a file.
inline constexpr std::size_t pipe_bytes_max = std::size_t{64} << 20;
// How long the other end of a pipe may write nothing.
inline constexpr Duration pipe_patience = std::chrono::seconds(10);

// A .key file: one record, and comments.
inline constexpr std::size_t public_key_file_bytes_max = std::size_t{64} << 10;

// Keys of one zone and of others beside them; a folder with more is not one of keys.
inline constexpr std::size_t folder_files_max = 10000;

}  // namespace kith::files
