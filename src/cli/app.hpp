#pragma once
// The grammar of the command line: which words mean which options of commands.hpp.

#include <string>
#include <vector>

namespace kith::cli {

/// Runs the program with these arguments (argv[0] first) and returns its exit code. The name in
/// argv[0] chooses the persona: `nanodns` behaves as NanoDNS's command line does.
int run_app(const std::vector<std::string>& arguments);

}  // namespace kith::cli
