#include "base/problem.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

namespace kith {
namespace {

/// Names and values stand in these texts as the file has them: a terminal must not obey them.
std::string without_controls(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        }
    }
    return out;
}

}  // namespace

std::string Problem::to_text() const {
    std::string out = file;
    if (line != 0) out += (out.empty() ? "line " : ":") + std::to_string(line);
    if (line != 0 && column != 0) out += ':' + std::to_string(column);
    if (!out.empty()) out += ": ";
    out += severity == Severity::error ? "error: " : "warning: ";
    return without_controls(out + text);
}

bool has_errors(const Problems& problems) {
    return std::ranges::any_of(problems,
                               [](const Problem& p) { return p.severity == Severity::error; });
}

}  // namespace kith
