#pragma once
// What is wrong with a file that a person wrote: config, zone file, query list.

#include <cstdint>
#include <string>
#include <vector>

namespace kith {

enum class Severity : std::uint8_t {
    error,    // the file is refused
    warning,  // the file is used; its author should know
};

/// One problem and its place. All problems of a file are reported, not only the first.
struct Problem {
    std::string file;          // as the user named it; empty: standard input or no file
    std::uint32_t line = 0;    // from 1; 0: the file as a whole
    std::uint32_t column = 0;  // from 1, in bytes; 0: the whole line
    std::string text;          // what was expected, what was found, what to do; no full stop
    Severity severity = Severity::error;

    /// `file:line:column: error: text`, leaving out what is unknown.
    std::string to_text() const;
};

using Problems = std::vector<Problem>;

/// True when at least one of them refuses the file.
bool has_errors(const Problems& problems);

}  // namespace kith
