#pragma once
// What a load generator found, in words for people and as JSON for scripts.

#include <string>

#include "net/load_generator.hpp"

namespace kith::net {

/// A few aligned lines: rate, counts, rcodes, latencies, CPU time per query.
std::string format_load_text(const LoadResult& result);

/// One JSON object on one line, without the final newline. Latencies and CPU times are in
/// microseconds (`_us`); `server_us` is null when no process was named.
std::string format_load_json(const LoadResult& result);

}  // namespace kith::net
