#pragma once
// Patterns of names, as users write them for interfaces.

#include <string_view>

namespace kith {

/// True when `name` matches: `*` is any run of characters, `?` any one, all else itself.
bool matches_glob(std::string_view pattern, std::string_view name);

}  // namespace kith
