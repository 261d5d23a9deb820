#include "cli/app.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/bench.hpp"
#include "cli/commands.hpp"
#include "cli/discovery_commands.hpp"
#include "cli/grammar.hpp"
#include "cli/hickory.hpp"
#include "cli/journal.hpp"
#include "cli/key.hpp"
#include "cli/problems.hpp"
#include "cli/transfer.hpp"
#include "cli/update.hpp"
#include "cli/zone_sign.hpp"
#include "config/limits.hpp"

namespace kith::cli {
namespace {

constexpr const char* nanodns_version =
    "1.0.6";  // what scripts that ask `nanodns --version` expect

void add_log_level(CLI::App* command, std::optional<std::string>& level) {
    command->add_option("--log-level", level,
                        "Least severe log lines written: trace, debug, info, warn, error");
}

void add_serve(CLI::App& app) {
    auto options = std::make_shared<ServeOptions>();
    CLI::App* serve_command =
        app.add_subcommand("serve",
                           "Answer queries (default config: kith.json, /etc/kith/kith.json)")
            ->alias("start");
    serve_command->add_option("config,-c,--config", options->config,
                              "Config file (JSON; NanoDNS's nanodns.json works as it is)");
    serve_command->add_flag("--example", options->example,
                            "Serve the built-in example network on 127.0.0.1 and ::1, port 5300");
    serve_command->add_option("--host", options->host,
                              "Listen on this address only, whatever the config says");
    serve_command
        ->add_option("-p,--port", options->port, "Listen on this port, whatever the config says")
        ->transform(port_number());
    serve_command->add_option("--mgmt-host", options->mgmt_host,
                              "Management address (read; not served yet)");
    serve_command
        ->add_option("--mgmt-port", options->mgmt_port, "Management port (read; not served yet)")
        ->transform(port_number());
    serve_command
        ->add_option("--workers", options->workers,
                     "Threads that answer queries; default: one a core")
        ->transform(whole_number(1, config::workers_max));
    serve_command->add_flag("--no-cache", options->no_cache, "Keep no answers of upstreams");
    add_log_level(serve_command, options->log_level);
    run_with(serve_command, options, serve);
}

void add_init(CLI::App& app) {
    auto options = std::make_shared<InitOptions>();
    options->output = "kith.json";
    CLI::App* init_command = app.add_subcommand("init", "Write a config to start from");
    init_command->add_option("output", options->output, "File to write")->capture_default_str();
    init_command->add_flag("-f,--force", options->force, "Replace the file if it exists");
    run_with(init_command, options, init);
}

void add_check(CLI::App& app) {
    auto options = std::make_shared<CheckOptions>();
    CLI::App* check_command =
        app.add_subcommand("check",
                           "Report every problem of a config and its zone files (default config: "
                           "kith.json, /etc/kith/kith.json)");
    check_command->add_option("config,-c,--config", options->config, "Config file");
    check_command->add_flag("--strict", options->strict, "Warnings are errors");
    check_command->add_flag("--json", options->json, "One JSON object per problem, for scripts");
    run_with(check_command, options, check);
}

void add_query(CLI::App& app) {
    auto options = std::make_shared<QueryOptions>();
    CLI::App* query_command =
        app.add_subcommand("query", "Ask a server: [@server[:port]] name [type] [class] [+flags]");
    query_command->add_option("words", options->words,
                              "As dig takes them: @127.0.0.1 nas.example.lan AAAA +tcp");
    query_command->add_option("-s,--server", options->server,
                              "Server address, with :port if not 53; default: resolv.conf's first");
    query_command->add_option("-p,--port", options->port, "Server port")->transform(port_number());
    query_command->add_option("-x,--reverse", options->reverse,
                              "Ask for the name (PTR) of this address");
    query_command->add_flag("--tcp", options->tcp, "Ask over TCP from the start (+tcp)");
    query_command->add_flag("--json", options->json, "The reply as JSON (+json)");
    query_command->add_flag("--short", options->brief, "Only the data of the answers (+short)");
    query_command->add_flag("--dnssec", options->dnssec, "Set DO: ask for signatures (+dnssec)");
    query_command->add_flag("--no-edns", options->no_edns, "Plain DNS of 1987 (+noedns)");
    query_command->add_flag("--no-recurse", options->no_recurse,
                            "Do not ask for recursion (+norecurse)");
    query_command->add_flag("--nsid", options->nsid, "Ask for the server's id (+nsid)");
    query_command->add_flag("--cookie", options->cookie, "Send a DNS cookie (+cookie)");
    query_command->add_flag("--ignore-truncation", options->ignore_truncation,
                            "Do not repeat over TCP what came truncated (+ignore)");
    query_command->add_option("-y,--tsig", options->key_word,
                              "Sign with this TSIG key: [algorithm:]name:secret");
    query_command->add_option("-k,--key", options->key_file, "Sign with the TSIG key in this file");
    query_command
        ->add_option("--bufsize", options->payload_bytes, "Largest UDP reply, in bytes (+bufsize=)")
        ->transform(whole_number(0, 65'535))
        ->capture_default_str();
    query_command
        ->add_option("--timeout", options->timeout_seconds,
                     "Seconds to wait for each reply (+time=)")
        ->transform(number(0.001, query_seconds_max))
        ->capture_default_str();
    query_command->add_option("--tries", options->tries, "How often to ask over UDP (+tries=)")
        ->transform(whole_number(1, query_tries_max))
        ->capture_default_str();
    run_with(query_command, options, query);
}

void add_config(CLI::App& app) {
    CLI::App* config = app.add_subcommand("config", "What can stand in a config");
    config->require_subcommand(1);
    auto doc = std::make_shared<ConfigTextOptions>();
    CLI::App* doc_command =
        config->add_subcommand("doc", "Every setting with its default, bounds and meaning");
    doc_command->add_option("key", doc->key,
                            "Only the settings of this name; default: all, as Markdown");
    run_with(doc_command, doc, config_text);
    auto schema = std::make_shared<ConfigTextOptions>(ConfigTextOptions{ConfigText::schema, {}});
    run_with(config->add_subcommand("schema", "JSON Schema, for editors"), schema, config_text);
}

void add_zone(CLI::App& app) {
    CLI::App* zone = app.add_subcommand("zone", "Zone files");
    zone->require_subcommand(1);

    auto check_options = std::make_shared<ZoneCheckOptions>();
    CLI::App* check_command = zone->add_subcommand("check", "Report every problem of zone files");
    check_command->add_option("file", check_options->files, "Zone files (RFC 1035 §5)")->required();
    check_command->add_option("--origin", check_options->origin,
                              "Zone name; default: the owner of the SOA record");
    check_command->add_flag("--strict", check_options->strict, "Warnings are errors");
    check_command->add_flag("--json", check_options->json,
                            "One JSON object per problem, for scripts");
    run_with(check_command, check_options, zone_check);

    auto print_options = std::make_shared<ZonePrintOptions>();
    CLI::App* print_command =
        zone->add_subcommand("print", "Print a zone in canonical order, one record a line");
    print_command->add_option("file", print_options->file, "Zone file")->required();
    print_command->add_option("--origin", print_options->origin,
                              "Zone name; default: the owner of the SOA record");
    print_command->add_flag("--json", print_options->json, "One JSON object per record");
    run_with(print_command, print_options, zone_print);
    add_zone_signing(*zone);
    add_zone_tools(*zone);
}

void add_nanodns_commands(CLI::App& app) {
    auto start = std::make_shared<ServeOptions>();
    start->persona = Persona::nanodns;
    start->config = "nanodns.json";
    CLI::App* start_command = app.add_subcommand("start", "Start the DNS server");
    start_command->add_option("-c,--config", start->config, "Config file")->capture_default_str();
    start_command->add_option("--host", start->host, "DNS bind address");
    start_command->add_option("-p,--port", start->port, "DNS port")->transform(port_number());
    start_command->add_option("--mgmt-host", start->mgmt_host, "Management address");
    start_command->add_option("--mgmt-port", start->mgmt_port, "Management port, 0 = off")
        ->transform(port_number());
    start_command->add_option("--log-level", start->log_level, "TRACE, DEBUG, INFO, WARN or ERROR");
    start_command->add_flag("--no-cache", start->no_cache, "Disable the cache");
    run_with(start_command, start, serve);

    auto init_options =
        std::make_shared<InitOptions>(InitOptions{"nanodns.json", true, Persona::nanodns});
    CLI::App* init_command = app.add_subcommand("init", "Write an example config");
    init_command->add_option("output", init_options->output, "File to write")
        ->capture_default_str();
    run_with(init_command, init_options, init);

    auto check_options = std::make_shared<CheckOptions>();
    check_options->persona = Persona::nanodns;
    CLI::App* check_command = app.add_subcommand("check", "Validate a config");
    check_command->add_option("config", check_options->config, "Config file")->required();
    run_with(check_command, check_options, check);
}

/// A command, or the group of them that one function adds.
struct Command {
    std::string_view name;  // empty: of several names
    void (*add)(CLI::App& app);
};
constexpr Command commands[] = {
    {"serve", add_serve}, {"init", add_init},       {"check", add_check},
    {"query", add_query}, {"config", add_config},   {"zone", add_zone},
    {"key", add_key},     {"journal", add_journal}, {"transfer", add_transfer},
    {"", add_discovery},  {"update", add_update},   {"bench", add_bench},
};

/// Adds the command that is called, or all: a server that starts has no use for the grammar of the
/// others, which takes a megabyte.
void add_kith_commands(CLI::App& app, std::string_view called) {
    const auto found = std::ranges::find(commands, called, &Command::name);
    if (found != std::end(commands) && !called.empty()) return found->add(app);
    for (const Command& command : commands) command.add(app);
}

}  // namespace

int run_app(const std::vector<std::string>& arguments) {
    const std::string name =
        arguments.empty() ? "kith" : std::filesystem::path(arguments[0]).filename().string();
    if (const auto code = run_discovery_persona(name, arguments, std::cout, std::cerr))
        return *code;
    if (const auto code = run_hickory_persona(name, arguments, std::cout, std::cerr)) return *code;
    const Persona persona = name == "nanodns" ? Persona::nanodns : Persona::kith;
    CLI::App app(
        persona == Persona::kith
            ? "DNS for the networks you own: answers for local names, forwards and caches the rest."
            : "NanoDNS-compatible DNS server (kith).",
        name);
    app.require_subcommand(1);
    if (persona == Persona::nanodns) {
        app.set_version_flag("-V,--version", std::string("nanodns ") + nanodns_version);
        add_nanodns_commands(app);
    } else {
        app.set_version_flag("-V,--version", "kith " KITH_VERSION);
        app.footer(
            "`kith serve --example` serves a network to try; `kith init` writes a config; man kith(1) has the rest.");
        add_kith_commands(
            app, arguments.size() > 1 ? std::string_view(arguments[1]) : std::string_view());
    }
    try {
        std::vector<std::string> reversed(
            arguments.rbegin(), arguments.empty() ? arguments.rend() : arguments.rend() - 1);
        app.parse(std::move(reversed));
    } catch (const CLI::RuntimeError& exit) {
        return exit.get_exit_code();
    } catch (const CLI::Success& asked) {  // for help or the version
        return app.exit(asked);
    } catch (const CLI::ParseError& error) {
        std::cerr << complaint_of(app, error, arguments);
        return exit_usage;
    }
    return exit_good;
}

}  // namespace kith::cli
