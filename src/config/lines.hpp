#pragma once
// Where in a file: a byte offset is kept while reading, line and column are made from it when
// somebody has to be told. Immutable once built.

#include <cstdint>
#include <string_view>
#include <vector>

namespace kith::config {

/// A byte of the file, from 0.
using Offset = std::uint32_t;

struct Place {
    std::uint32_t line = 0;    // from 1
    std::uint32_t column = 0;  // from 1, in bytes
    friend bool operator==(const Place&, const Place&) = default;
};

/// The line starts of one text.
class Lines {
public:
    Lines() = default;
    /// Looks at `text` once and keeps nothing of it.
    explicit Lines(std::string_view text);
    /// The place of a byte; O(log lines).
    Place at(Offset offset) const;
    /// The byte at a place; a line beyond the last is the last.
    Offset offset_of(const Place& place) const;

private:
    std::vector<Offset> starts_;
};

}  // namespace kith::config
