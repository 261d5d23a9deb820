#include "cli/problems.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "config/text.hpp"

namespace kith::cli {

int failed(std::ostream& err, std::string_view command, std::string_view why) {
    fmt::print(err, "kith {}: {}\n", command, why);
    return exit_failed;
}

int wrong_usage(std::ostream& err, std::string_view command, std::string_view why) {
    failed(err, command, why);
    return exit_usage;
}

void print_problems(const Problems& problems, std::ostream& out) {
    for (const Problem& problem : problems) out << problem.to_text() << '\n';
}

void print_problems_json(const Problems& problems, std::ostream& out) {
    for (const Problem& problem : problems) {
        fmt::print(out,
                   R"({{"file":{},"line":{},"column":{},"severity":"{}","text":{}}})"
                   "\n",
                   config::json_text(problem.file), problem.line, problem.column,
                   problem.severity == Severity::error ? "error" : "warning",
                   config::json_text(problem.text));
    }
}

bool is_failure(const Problems& problems, bool strict) {
    return strict ? !problems.empty() : has_errors(problems);
}

std::string count_text(const Problems& problems) {
    const auto errors = std::ranges::count(problems, Severity::error, &Problem::severity);
    const auto warnings = std::ranges::ssize(problems) - errors;
    const auto part = [](auto count, const char* what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    if (errors != 0 && warnings != 0)
        return part(errors, "error") + ", " + part(warnings, "warning");
    if (errors != 0) return part(errors, "error");
    return warnings != 0 ? part(warnings, "warning") : std::string();
}

}  // namespace kith::cli
