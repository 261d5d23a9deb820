#pragma once
// What programs in C fill in (kith.h), read with regard to the size they were built with. Internal to client.

#include <optional>
#include <string>
#include <vector>

#include "client/discovery.hpp"
#include "client/kith.h"

namespace kith::client {

std::string text_or(const char* text, const char* otherwise);
/// A list with a null at its end; null: none.
std::vector<std::string> read_texts(const char* const* list);
Family read_family(int family);

/// Null and members that the caller's structure does not have: as Options has them.
Options read_options(const kith_options* options);
/// nullopt: `why_not` says what is wrong.
std::optional<Service> read_service(const kith_service* service, std::string& why_not);

}  // namespace kith::client
