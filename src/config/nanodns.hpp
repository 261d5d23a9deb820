#pragma once
// What NanoDNS prints about a configuration, word for word: scripts look for it.

#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "config/config.hpp"

namespace kith::config {

/// Standard output of `nanodns check` (1.0.6) for a good file.
std::string nanodns_check_text(const Config& config, std::string_view path);

/// The reason that `nanodns` would give for refusing the file, without its `Config invalid: `.
/// Requires a problem that is an error. Where NanoDNS has no such check: our first error's text.
std::string nanodns_reason(const Config& config, const Problems& problems, std::string_view path);

/// The reason for a file that cannot be read.
std::string nanodns_unreadable(std::string_view path);

}  // namespace kith::config
