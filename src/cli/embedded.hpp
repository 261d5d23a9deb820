#pragma once
// Files of examples/ that are part of the program; embedded.cpp is made from them by CMake.

#include <span>
#include <string_view>

namespace kith::cli {

/// examples/home.json: what `kith serve --example` serves.
std::string_view example_config();

struct EmbeddedQuery {
    std::string_view name, type;
};
/// examples/queries: what to ask it.
std::span<const EmbeddedQuery> example_queries();

}  // namespace kith::cli
