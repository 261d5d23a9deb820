#pragma once
// Where the state of a server is, for commands that look into it or talk to the server that uses it.

#include <string>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace kith::cli {

/// The folder itself, or what a configuration says.
struct StatePlace {
    std::string folder{};  // -d; empty: as the configuration has it
    std::string config{};  // -c
};

/// The folder; the error says what to name.
Result<std::string, std::string> state_folder_of(const StatePlace& place);
/// Adds -d and -c.
void add_state_place(CLI::App* command, StatePlace& place);

}  // namespace kith::cli
