#include "base/problem.hpp"

#include <algorithm>

namespace kith {

std::string Problem::to_text() const {
    std::string out = file;
    if (line != 0) out += (out.empty() ? "line " : ":") + std::to_string(line);
    if (line != 0 && column != 0) out += ':' + std::to_string(column);
    if (!out.empty()) out += ": ";
    out += severity == Severity::error ? "error: " : "warning: ";
    return out + text;
}

bool has_errors(const Problems& problems) {
    return std::ranges::any_of(problems,
                               [](const Problem& p) { return p.severity == Severity::error; });
}

}  // namespace kith
