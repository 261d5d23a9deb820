#pragma once
// Printing problems, for every subcommand in the same way.

#include <iosfwd>

#include "base/problem.hpp"

namespace kith::cli {

/// One line each: `file:line:column: error: text`.
void print_problems(const Problems& problems, std::ostream& out);

/// One JSON object a line: {"file","line","column","severity","text"}.
void print_problems_json(const Problems& problems, std::ostream& out);

/// True when `problems` make a check fail: an error, or with `strict` anything.
bool is_failure(const Problems& problems, bool strict);

/// "1 error, 3 warnings"; empty when there are none.
std::string count_text(const Problems& problems);

}  // namespace kith::cli
