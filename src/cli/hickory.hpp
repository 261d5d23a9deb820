#pragma once
// kith started as `named`, `trust-dns` or `hickory-dns`: the command line of those programs, of 2016
// and of today.

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace kith::cli {

/// Runs it when `name` is one of theirs, and returns the exit code; nullopt: it is another's.
std::optional<int> run_hickory_persona(const std::string& name,
                                       const std::vector<std::string>& arguments, std::ostream& out,
                                       std::ostream& err);

}  // namespace kith::cli
