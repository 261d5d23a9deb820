#pragma once
// What the grammars of all commands share: calling the work, checks of values, and what is said of a
// command line that does not fit. Only for the files that have a grammar: CLI11 is large.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kith::cli {

/// Keeps the options of a command alive as long as its CLI11 object, and runs `work` when the
/// command was given. CLI11 passes an exit code on by its own exception; it ends in run_app().
template <class Options, class Work>
void run_with(CLI::App* command, std::shared_ptr<Options> options, Work work) {
    command->callback([options = std::move(options), work] {
        throw CLI::RuntimeError(work(*options, std::cout, std::cerr));
    });
}

// Every option with a number has one of these, for Option::transform(): without, CLI11 reads 010 as
// eight, and says only that it could not convert.

/// A whole number of `least` to `most`, both included.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most);
/// A port of UDP or TCP; 0 where any free one will do.
CLI::Validator port_number();
/// A number of `least` to `most`, with or without a fraction.
CLI::Validator number(double least, double most);
/// For Option::check(): one of these words.
CLI::Validator one_of(std::vector<std::string_view> words);

/// What to print when `error` ended the reading of `arguments` (with argv[0]): which command, what was
/// expected, what was found, and what to do. Ends with a line end.
std::string complaint_of(const CLI::App& app, const CLI::ParseError& error,
                         const std::vector<std::string>& arguments);

}  // namespace kith::cli
