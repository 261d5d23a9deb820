#include "discovery/reflector/policy.hpp"

#include <algorithm>

#include "base/glob.hpp"

namespace kith::discovery::reflector {

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
    return std::ranges::any_of(
        patterns, [&](const std::string& pattern) { return matches_glob(pattern, name); });
}

}  // namespace kith::discovery::reflector
