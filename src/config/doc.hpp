#pragma once
// The manual of the configuration and its JSON Schema, printed from the tables.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace kith::config {

/// Every setting as Markdown: `kith config doc`, docs/generated/config.md.
std::string doc_markdown();

/// The settings called `key`, as plain text for a terminal: `primaries` in whatever section,
/// `transfer.primaries` in one. The error says that there is none, and names the nearest.
Result<std::string, std::string> doc_text(std::string_view key);

/// JSON Schema, draft 2020-12, for editors: `kith config schema`.
std::string schema_json();

}  // namespace kith::config
