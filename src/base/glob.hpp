#pragma once
// Patterns of names, as users write them for interfaces.

#include <string>
#include <string_view>
#include <vector>

namespace kith {

/// True when `name` matches: `*` is any run of characters, `?` any one, all else itself.
bool matches_glob(std::string_view pattern, std::string_view name);
/// True when it matches one of them.
bool matches_any_glob(const std::vector<std::string>& patterns, std::string_view name);

}  // namespace kith
