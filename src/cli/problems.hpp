#pragma once
// What every subcommand says when something is wrong, and its exit codes.

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/problem.hpp"

namespace kith::cli {

inline constexpr int exit_good = 0;
inline constexpr int exit_failed = 1;  // it did not work out: a bad file, no answer
inline constexpr int exit_usage = 2;   // the command line is wrong

/// Writes `kith COMMAND: WHY`; returns exit_failed.
int failed(std::ostream& err, std::string_view command, std::string_view why);
/// The same for a command line that is wrong; returns exit_usage.
int wrong_usage(std::ostream& err, std::string_view command, std::string_view why);

/// One line each: `file:line:column: error: text`.
void print_problems(const Problems& problems, std::ostream& out);

/// One JSON object a line: {"file","line","column","severity","text"}.
void print_problems_json(const Problems& problems, std::ostream& out);

/// True when `problems` make a check fail: an error, or with `strict` anything.
bool is_failure(const Problems& problems, bool strict);

/// "1 error, 3 warnings"; empty when there are none.
std::string count_text(const Problems& problems);

}  // namespace kith::cli
