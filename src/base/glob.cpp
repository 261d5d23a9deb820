#include "base/glob.hpp"

#include <algorithm>

namespace kith {

bool matches_glob(std::string_view pattern, std::string_view name) {
    // On a mismatch the last star takes one character more: linear but for the stars, no recursion.
    std::size_t at = 0, in = 0;
    std::size_t star = std::string_view::npos, star_in = 0;
    while (in < name.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            star_in = in;
        } else if (at < pattern.size() && (pattern[at] == '?' || pattern[at] == name[in])) {
            ++at;
            ++in;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            in = ++star_in;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

bool matches_any_glob(const std::vector<std::string>& patterns, std::string_view name) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return matches_glob(pattern, name); });
}

}  // namespace kith
