// The load generator as a program of its own, for the scripts beside it: one run, one line of JSON.
// People use `kith bench`, which drives the same engine.
//
// Usage: kith_load key=value...
//   server=127.0.0.1:5300   where the queries go            (required)
//   queries=FILE            lines of `name type`            (required)
//   window=256 sockets=16   queries under way, over how many sockets
//   seconds=1.5 warm_up=0.2 timeout=1.0
//   pids=12,13              processes that are the server
//   edns=1 dnssec=1 rd=1    what the queries carry
//   idle=sleep              do not spin while no answer is waiting
//   repeat=1                run once for every line on standard input; a line may set keys anew
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

#include "net/load_generator.hpp"
#include "net/load_report.hpp"

namespace {

using namespace kith;
using kith::net::LoadOptions;

struct Run {
    LoadOptions options;
    net::QueryStyle style;
    std::string queries_file;
    bool repeat = false;
};

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc{} && end == text.data() + text.size();
}

bool read_seconds(std::string_view text, std::chrono::milliseconds& out) {
    double seconds = 0;
    if (!read_number(text, seconds) || seconds < 0 || seconds > 3600) return false;
    out = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    return true;
}

bool read_flag(std::string_view text, bool& out) {
    out = text == "1";
    return text == "1" || text == "0";
}

bool read_pids(std::string_view text, std::vector<pid_t>& out) {
    out.clear();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        pid_t pid = 0;
        if (!read_number(text.substr(0, end), pid)) return false;
        out.push_back(pid);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
}

bool read_server(std::string_view text, Endpoint& out) {
    const auto endpoint = Endpoint::from_text(text, 53);
    if (endpoint) out = *endpoint;
    return endpoint.has_value();
}

bool set(Run& run, std::string_view key, std::string_view value) {
    LoadOptions& options = run.options;
    if (key == "server") return read_server(value, options.server);
    if (key == "queries") return run.queries_file = value, true;
    if (key == "window") return read_number(value, options.window);
    if (key == "sockets") return read_number(value, options.sockets);
    if (key == "seconds") return read_seconds(value, options.duration);
    if (key == "warm_up") return read_seconds(value, options.warm_up);
    if (key == "timeout") return read_seconds(value, options.timeout);
    if (key == "pids") return read_pids(value, options.server_pids);
    if (key == "edns") return read_flag(value, run.style.edns);
    if (key == "dnssec") return read_flag(value, run.style.dnssec_ok);
    if (key == "rd") return read_flag(value, run.style.recursion_desired);
    if (key == "repeat") return read_flag(value, run.repeat);
    if (key == "idle") {
        options.idle = value == "spin" ? net::LoadIdle::spin : net::LoadIdle::sleep;
        return value == "spin" || value == "sleep";
    }
    return false;
}

bool set_word(Run& run, std::string_view word) {
    const std::size_t equals = word.find('=');
    if (equals != std::string_view::npos &&
        set(run, word.substr(0, equals), word.substr(equals + 1))) {
        return true;
    }
    fmt::print(stderr, "kith_load: expected key=value as its source explains, found '{}'\n", word);
    return false;
}

bool run_once(const Run& run, const net::QueryList& queries) {
    const auto result = net::run_load(run.options, queries);
    if (!result) {
        fmt::print(stderr, "kith_load: {}\n", result.error().text);
        return false;
    }
    fmt::print("{}\n", net::format_load_json(*result));
    std::fflush(stdout);
    return true;
}

bool run_per_line(Run& run, const net::QueryList& queries) {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        for (std::string word; words >> word;) {
            if (!set_word(run, word)) return false;
        }
        if (!run_once(run, queries)) return false;
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    Run run;
    run.options.window = 256;
    run.options.idle = net::LoadIdle::spin;
    for (int i = 1; i < argc; ++i) {
        if (!set_word(run, argv[i])) return 2;
    }
    std::ifstream file(run.queries_file, std::ios::binary);
    if (!file) {
        fmt::print(stderr, "kith_load: cannot read the queries file '{}'\n", run.queries_file);
        return 1;
    }
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto queries = net::parse_query_list(text, run.queries_file, run.style);
    if (!queries) {
        for (const Problem& problem : queries.error())
            fmt::print(stderr, "{}\n", problem.to_text());
        return 1;
    }
    const bool ok = run.repeat ? run_per_line(run, *queries) : run_once(run, *queries);
    return ok ? 0 : 1;
}
