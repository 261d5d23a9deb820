#pragma once
// A closed-loop UDP load generator: the engine of `kith bench` and of the comparisons in bench/.
//
// A fixed number of queries (the window) is always under way; each answer, or the loss of one,
// lets the next query go. So the server is never asked for more than it can do and what is
// measured is its speed, not its queue. One thread; queries and answers move in batches
// (sendmmsg, recvmmsg), so that the generator costs no more than the kernel does.
//
// An answer counts only when its socket, its id and its question are those of a query under way.
// It is not looked at further: whether it is the right answer is for the caller to ask first.

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "net/load_histogram.hpp"
#include "net/load_queries.hpp"

namespace kith::net {

/// Where queries come from when the server is on this machine.
enum class LoadSources : std::uint8_t {
    spread,  // to 127.0.0.0/8: every socket has its own 127.x address; elsewhere as `one`
    one,     // the address the kernel chooses
};

/// What the generator does when no answer is waiting.
enum class LoadIdle : std::uint8_t {
    sleep,  // waits for the next answer; for a generator that shares its core
    spin,   // asks again at once: the server is never charged for waking the generator
};

struct LoadOptions {
    Endpoint server;
    int window = 512;  // queries under way, 1..window_max; rounded up to a multiple of `sockets`
    int sockets = 16;  // 1..sockets_max
    LoadSources sources = LoadSources::spread;
    LoadIdle idle = LoadIdle::sleep;
    std::chrono::milliseconds warm_up{200};  // sent before anything is counted
    std::chrono::milliseconds duration{5000};
    std::chrono::milliseconds timeout{1000};  // without an answer a query is lost
    std::vector<pid_t> server_pids{};         // processes whose CPU time is the server's

    static constexpr int sockets_max = 256;   // source addresses that stay distinct
    static constexpr int window_max = 32768;  // leaves half of each socket's ids unused
};

/// Counts of the queries sent after the warm-up: `sent == answered + lost`.
struct LoadResult {
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    std::uint64_t lost = 0;
    std::uint64_t unexpected = 0;   // datagrams that answer no query under way: late, forged, wrong
    std::uint64_t send_errors = 0;  // refused by the kernel and sent again
    std::uint64_t truncated = 0;    // answers with TC
    std::uint64_t empty = 0;        // NOERROR without a record in the answer section
    std::array<std::uint64_t, 16> rcodes{};  // of `answered`, by the header's four bits
    LatencyHistogram latency;                // of `answered`

    std::chrono::nanoseconds elapsed{};        // the measured time, without warm-up and draining
    std::uint64_t answers_in_time = 0;         // answers that arrived within `elapsed`
    std::chrono::nanoseconds generator_cpu{};  // of this thread, within `elapsed`
    /// Of all `server_pids` within `elapsed`; nullopt: none given, or one of them ended.
    std::optional<std::chrono::nanoseconds> server_cpu{};

    double queries_per_second() const;
    double generator_cpu_us_per_query() const;
    std::optional<double> server_cpu_us_per_query() const;
};

enum class LoadFault : std::uint8_t {
    no_queries,      // the list is empty
    bad_option,      // an option is out of its range
    socket,          // a socket could not be made, bound or connected
    server_process,  // the CPU clock of a server process cannot be read
};

struct LoadError {
    LoadFault fault;
    std::string text;  // what was expected, what was found; no full stop
};

/// Sends `queries` in order, again and again, until the time is over. Blocks for warm-up plus
/// duration and, when answers are missing, up to one timeout more.
Result<LoadResult, LoadError> run_load(const LoadOptions& options, const QueryList& queries);

}  // namespace kith::net
