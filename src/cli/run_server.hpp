#pragma once
// What `kith serve` and the programs it stands in for have in common.

#include <functional>
#include <iosfwd>

#include "server/server.hpp"

namespace kith::cli {

/// Starts a server, calls `started` once it answers, and serves until a signal ends it. Returns the
/// exit code: 1 when it could not start, and why is on `err`.
int run_server(server::ConfigSource source, const server::Overrides& overrides,
               const std::function<void(const server::Server&)>& started, std::ostream& err);

}  // namespace kith::cli
