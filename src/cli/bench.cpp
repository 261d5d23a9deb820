#include "cli/bench.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>

#include "cli/grammar.hpp"
#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "net/load_generator.hpp"
#include "net/load_report.hpp"

namespace kith::cli {
namespace {

constexpr double seconds_max = 86400;  // a day: more is a slip of the finger

std::optional<std::string> read_all(std::istream& in) {
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return std::nullopt;
    return text;
}

/// The text of the queries file, or nothing and a complaint.
std::optional<std::string> read_file(const std::string& name, std::ostream& err) {
    if (name == "-") return read_all(std::cin);
    std::ifstream file(name, std::ios::binary);
    std::optional<std::string> text;
    if (file) text = read_all(file);
    if (!text) failed(err, "bench", fmt::format("cannot read {}: {}", name, std::strerror(errno)));
    return text;
}

std::optional<net::QueryList> read_queries(const BenchOptions& options, std::ostream& err) {
    std::string text, name = "--query";
    for (const std::string& query : options.queries) text += query + '\n';
    if (!options.queries_file.empty()) {
        auto from_file = read_file(options.queries_file, err);
        if (!from_file) return std::nullopt;
        text = *std::move(from_file);
        name = options.queries_file;
    }
    auto list = net::parse_query_list(text, name,
                                      {.recursion_desired = !options.no_recurse,
                                       .edns = options.edns,
                                       .dnssec_ok = options.dnssec,
                                       .udp_payload_bytes = options.payload_bytes});
    if (!list) {
        for (const Problem& problem : list.error()) fmt::print(err, "{}\n", problem.to_text());
        return std::nullopt;
    }
    return *std::move(list);
}

std::optional<std::chrono::milliseconds> to_milliseconds(double seconds) {
    if (!(seconds >= 0 && seconds <= seconds_max)) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::nullopt_t complain(std::ostream& err, std::string_view why) {
    wrong_usage(err, "bench", why);
    return std::nullopt;
}

/// What the generator is told, or nothing and a complaint.
std::optional<net::LoadOptions> to_load(const BenchOptions& options, std::ostream& err) {
    net::LoadOptions out;
    const auto server = read_server(options.server, 53);
    if (!server) return complain(err, server.error());
    const auto duration = to_milliseconds(options.seconds);
    const auto warm_up = to_milliseconds(options.warm_up_seconds);
    const auto timeout = to_milliseconds(options.timeout_seconds);
    if (!duration || !warm_up || !timeout)
        return complain(err, fmt::format("expected times of 0 to {} seconds", seconds_max));
    out.server = *server;
    out.window = options.window;
    out.sockets = options.sockets;
    out.duration = *duration;
    out.warm_up = *warm_up;
    out.timeout = *timeout;
    out.server_pids = options.pids;
    out.sources = options.one_source ? net::LoadSources::one : net::LoadSources::spread;
    out.idle = options.spin ? net::LoadIdle::spin : net::LoadIdle::sleep;
    return out;
}

}  // namespace

int bench(const BenchOptions& options, std::ostream& out, std::ostream& err) {
    const auto load = to_load(options, err);
    if (!load) return exit_usage;
    if (options.queries.empty() && options.queries_file.empty())
        return wrong_usage(
            err, "bench",
            "which queries? expected -q 'nas.example.lan A', or a file of such lines: -f FILE");
    const auto queries = read_queries(options, err);
    if (!queries) return exit_failed;
    const auto result = net::run_load(*load, *queries);
    if (!result) {
        const bool is_usage = result.error().fault == net::LoadFault::bad_option;
        return (is_usage ? wrong_usage : failed)(err, "bench", result.error().text);
    }
    if (options.json) {
        fmt::print(out, "{}\n", net::format_load_json(*result));
    } else {
        out << net::format_load_text(*result);
    }
    if (result->answered == 0)
        return failed(
            err, "bench",
            fmt::format("{} never answered; is a server listening there?", load->server.to_text()));
    return exit_good;
}

void add_bench(CLI::App& app) {
    auto options = std::make_shared<BenchOptions>();
    CLI::App* command = app.add_subcommand(
        "bench", "Measure how fast a server answers over UDP, and what an answer costs");
    command->add_option("server", options->server, "Server address, with :port if not 53")
        ->required();
    CLI::Option* file =
        command->add_option("-f,--queries", options->queries_file,
                            "File of lines `name type`, as dnsperf reads; - for standard input");
    CLI::Option* inline_queries =
        command->add_option("-q,--query", options->queries,
                            "One such line, as often as you like: -q 'nas.example.lan A'");
    file->excludes(inline_queries);
    command->add_option("-w,--window", options->window, "Queries under way at a time")
        ->transform(whole_number(1, net::LoadOptions::window_max))
        ->capture_default_str();
    command
        ->add_option("--sockets", options->sockets,
                     "Sockets they go over; to 127.x each has its own source address")
        ->transform(whole_number(1, net::LoadOptions::sockets_max))
        ->capture_default_str();
    command->add_option("-l,--seconds", options->seconds, "How long to measure")
        ->transform(number(0, seconds_max))
        ->capture_default_str();
    command
        ->add_option("--warm-up", options->warm_up_seconds,
                     "Seconds of load before that, not counted")
        ->transform(number(0, seconds_max))
        ->capture_default_str();
    command
        ->add_option("-t,--timeout", options->timeout_seconds,
                     "Seconds after which a query is lost")
        ->transform(number(0, seconds_max))
        ->capture_default_str();
    command
        ->add_option("--pid", options->pids,
                     "The server's process, to read its CPU time; may be repeated")
        ->transform(whole_number(1, std::numeric_limits<pid_t>::max()));
    command->add_flag("--edns", options->edns, "Send EDNS");
    command->add_flag("--dnssec", options->dnssec, "Set DO: ask for signatures");
    command
        ->add_option("--bufsize", options->payload_bytes,
                     "Largest UDP reply offered in EDNS, in bytes")
        ->transform(whole_number(0, 65'535))
        ->capture_default_str();
    command->add_flag("--no-recurse", options->no_recurse, "Do not ask for recursion");
    command->add_flag("--one-source", options->one_source,
                      "To 127.x too, let the kernel choose the source address");
    command->add_flag("--spin", options->spin,
                      "Never sleep: for a generator that has a core to itself");
    command->add_flag("--json", options->json, "The result as one JSON object");
    run_with(command, options, bench);
}

}  // namespace kith::cli
