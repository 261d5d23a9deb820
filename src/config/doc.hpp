#pragma once
// The manual of the configuration and its JSON Schema, printed from the tables.

#include <string>
#include <string_view>

namespace kith::config {

/// Every setting as Markdown: `kith config doc`, docs/generated/config.md.
std::string doc_markdown();

/// The settings called `key`, or all of them when it is empty, as plain text for a terminal. For
/// an unknown key a line that names the nearest one.
std::string doc_text(std::string_view key);

/// True when some section has this key.
bool is_setting(std::string_view key);

/// JSON Schema, draft 2020-12, for editors: `kith config schema`.
std::string schema_json();

}  // namespace kith::config
