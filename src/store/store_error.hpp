#pragma once
// Why something could not be kept or read back, in words an operator can act on.

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace kith::store {

enum class StoreFault : std::uint8_t {
    cannot_open,  // folder or file missing, or not ours to read
    in_use,       // another server keeps its state in this folder
    locked,       // another process holds the database for longer than we wait
    read_only,    // disk or file cannot be written
    moved,        // deleted, replaced or moved away since it was opened
    disk_full,
    corrupt,    // not a database, damaged, or with content that cannot be
    too_new,    // made by a later version of kith
    too_large,  // over a bound of limits.hpp
    not_whole,  // a change that does not follow the last one of its zone
    io,         // anything else the system says
};
/// Stable lower-case word, for logs and metrics.
std::string_view fault_name(StoreFault fault);

struct StoreError {
    StoreFault fault{};
    std::string text;  // file, what was tried, what was said, what to do
};

template <class T>
using Stored = Result<T, StoreError>;

}  // namespace kith::store
