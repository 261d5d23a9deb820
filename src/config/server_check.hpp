#pragma once

#include "config/config.hpp"
#include "config/problem_list.hpp"

namespace kith::config {

/// Reports what single settings cannot tell: what does not go together, what has no effect yet.
void check_server(const ServerSection& server, ProblemList& problems);

}  // namespace kith::config
