#pragma once
// Writing to a file that is open.

#include "base/bytes.hpp"

namespace kith::files {

/// Writes all of `bytes`; false: it could not, and errno says why.
bool write_all(int fd, Bytes bytes);

}  // namespace kith::files
