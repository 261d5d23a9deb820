#pragma once
// `kith bench`: how fast does a server answer, and what does an answer cost it?

#include <sys/types.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kith::cli {

struct BenchOptions {
    std::string server{};                // address, with :port if not 53
    std::string queries_file{};          // lines of `name type`; `-`: standard input
    std::vector<std::string> queries{};  // such lines, from the command line
    int window = 512;                    // queries under way
    int sockets = 16;
    double seconds = 5;
    double warm_up_seconds = 0.2;
    double timeout_seconds = 1;
    std::vector<pid_t> pids{};  // processes that are the server, to read their CPU time
    bool edns = false;
    bool dnssec = false;
    bool no_recurse = false;
    bool one_source = false;
    bool spin = false;
    bool json = false;
    std::uint16_t payload_bytes = 1232;
};

/// Asks for as long as the options say and writes the result to `out`. Exit codes: 0 measured,
/// 1 the server never answered or the queries cannot be read, 2 an option is out of its range.
int bench(const BenchOptions& options, std::ostream& out, std::ostream& err);

/// Adds the subcommand to the command line.
void add_bench(CLI::App& app);

}  // namespace kith::cli
