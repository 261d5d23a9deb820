#include <algorithm>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands.hpp"
#include "cli/embedded.hpp"
#include "cli/problems.hpp"
#include "cli/run_server.hpp"
#include "config/text.hpp"
#include "dns/registry.hpp"

namespace kith::cli {
namespace {

constexpr const char* default_configs[] = {"kith.json", "/etc/kith/kith.json"};

std::optional<log::Level> parse_level(std::string_view text) {
    struct Row {
        std::string_view name;
        log::Level level;
    };
    static constexpr Row rows[] = {
        {"trace", log::Level::trace},     {"debug", log::Level::debug},
        {"info", log::Level::info},       {"warn", log::Level::warning},
        {"warning", log::Level::warning}, {"error", log::Level::error},
        {"off", log::Level::off},
    };
    for (const Row& row : rows) {
        if (dns::equal_ignoring_case(row.name, text)) return row.level;
    }
    return std::nullopt;
}

/// Reads the overrides; an empty text is fine, another says which option is wrong.
std::string read_overrides(const ServeOptions& options, server::Overrides& out) {
    if (options.host) {
        out.host = IpAddress::from_text(*options.host);
        if (!out.host)
            return fmt::format("--host: expected an IP address, found {}",
                               config::shown(*options.host));
    }
    if (options.log_level) {
        out.log_level = parse_level(*options.log_level);
        if (!out.log_level)
            return fmt::format(
                "--log-level: expected trace, debug, info, warn, error or off, found {}",
                config::shown(*options.log_level));
    }
    out.port = options.port;
    out.workers = options.workers;
    out.no_cache = options.no_cache;
    return {};
}

void print_welcome(std::ostream& out, const server::Server& server) {
    if (server.endpoints().empty()) return;
    const Endpoint& first = server.endpoints().front();
    fmt::print(out, "kith serves the example network on {}. In another terminal:\n\n",
               first.to_text());
    for (const EmbeddedQuery& query : example_queries()) {
        fmt::print(out, "  kith query @{} {} {}\n", first.to_text(), query.name, query.type);
    }
    fmt::print(out, "\n`kith init` writes a config of your own to start from; Ctrl-C ends this.\n");
    out.flush();
}

}  // namespace

std::string find_config(const std::string& given) {
    if (!given.empty()) return given;
    for (const char* path : default_configs) {
        if (std::filesystem::exists(path)) return path;
    }
    return {};
}

int serve(const ServeOptions& options, std::ostream& out, std::ostream& err) {
    server::Overrides overrides;
    if (const std::string complaint = read_overrides(options, overrides); !complaint.empty())
        return wrong_usage(err, "serve", complaint);
    server::ConfigSource source;
    if (options.example) {
        source = {"example", std::string(example_config()), true};
    } else {
        source.file = find_config(options.config);
        if (source.file.empty()) {
            return failed(
                err, "serve",
                "no config: neither kith.json here nor /etc/kith/kith.json exists; `kith init` writes one, "
                "`kith serve --example` serves an example");
        }
    }
    if (options.persona == Persona::nanodns && !std::filesystem::exists(source.file)) {
        fmt::print(err, "Error: Config file not found: {}\n", source.file);
        return 1;
    }
    return run_server(
        std::move(source), overrides,
        [&](const server::Server& server) {
            if (options.example) print_welcome(out, server);
        },
        err);
}

}  // namespace kith::cli
