#include "cli/hickory.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "answer/limits.hpp"
#include "cli/grammar.hpp"
#include "cli/problems.hpp"
#include "cli/run_server.hpp"
#include "config/limits.hpp"
#include "dns/decode.hpp"
#include "net/system.hpp"
#include "server/record_zones.hpp"

namespace kith::cli {
namespace {

struct HickoryOptions {
    std::string config = "/etc/named.toml";
    std::string zone_directory;
    std::optional<std::uint16_t> port;
    std::optional<std::uint32_t> workers;
    std::string nsid;  // 0x and hexadecimal
    bool nsid_hostname = false;
    bool quiet = false;
    bool debug = false;
    bool validate = false;
    bool disable_tcp = false;
    bool disable_udp = false;
    std::vector<std::string> unused;  // options that mean nothing here
};

/// Flags and options of today's program for what kith does not serve; they change nothing.
void add_unused(CLI::App& app, HickoryOptions& options) {
    for (const char* const name :
         {"--tls-port", "--https-port", "--quic-port", "--prometheus-listen-address"}) {
        app.add_option_function<std::string>(
            name, [&options, name](const std::string&) { options.unused.emplace_back(name); },
            "Taken, without effect");
    }
    for (const char* const name :
         {"--disable-tls", "--disable-https", "--disable-quic", "--disable-prometheus"}) {
        app.add_flag_callback(
            name, [] {}, "Taken: it is not served");
    }
}

/// The text that `0x...` stands for; nullopt when it is not that.
std::optional<std::string> nsid_text(const std::string& hex) {
    if (!hex.starts_with("0x") || hex.size() > 2 + 2 * answer::nsid_bytes_max) return std::nullopt;
    const auto bytes = dns::decode(dns::Decoder::Base::base16, std::string_view(hex).substr(2));
    if (!bytes) return std::nullopt;
    return std::string(as_text(*bytes));
}

/// Reads the overrides; an empty text is fine, another says which option is wrong.
std::string read_overrides(const HickoryOptions& options, server::Overrides& out) {
    if (options.disable_tcp || options.disable_udp)
        return "--disable-tcp and --disable-udp: every address is served over UDP and TCP";
    out.port = options.port;
    out.workers = options.workers;
    out.log_level = options.quiet   ? log::Level::warning
                    : options.debug ? log::Level::debug
                                    : log::Level::info;
    if (options.nsid_hostname) {
        std::string name(256, '\0');
        if (::gethostname(name.data(), name.size() - 1) == 0) out.nsid = name.c_str();
    } else if (!options.nsid.empty()) {
        out.nsid = nsid_text(options.nsid);
        if (!out.nsid)
            return fmt::format("--nsid: expected 0x and hexadecimal digits, found '{}'",
                               options.nsid);
    }
    return {};
}

int validate(const server::ConfigSource& source, const server::Overrides& overrides,
             std::ostream& err) {
    net::SystemRng rng;
    server::Loader loader(source, overrides, rng);
    server::LoadedSnapshot loaded = loader.load();
    server::RecordZones::check(loaded);
    print_problems(loaded.problems, err);
    return has_errors(loaded.problems) ? 1 : 0;
}

int run(const HickoryOptions& options, std::ostream& out, std::ostream& err) {
    server::Overrides overrides;
    if (const std::string complaint = read_overrides(options, overrides); !complaint.empty()) {
        fmt::print(err, "Error: {}\n", complaint);
        return exit_usage;
    }
    for (const std::string& name : options.unused)
        fmt::print(err, "Warning: {} has no effect: it is not served\n", name);
    if (!std::filesystem::exists(options.config)) {
        fmt::print(err, "Error: expected a configuration at {}, found no file; -c names another\n",
                   options.config);
        return 1;
    }
    server::ConfigSource source;
    source.file = options.config;
    source.hickory.directory = options.zone_directory;
    if (options.validate) return validate(source, overrides, err);
    fmt::print(out, "kith " KITH_VERSION " starting\nloading configuration from: {}\n",
               options.config);
    return run_server(
        std::move(source), overrides,
        [&out](const server::Server& server) {
            for (const Endpoint& endpoint : server.endpoints()) {
                fmt::print(out, "listening for UDP on {0}\nlistening for TCP on {0}\n",
                           endpoint.to_text());
            }
            out << "awaiting connections...\n";
            out.flush();
        },
        err);
}

}  // namespace

std::optional<int> run_hickory_persona(const std::string& name,
                                       const std::vector<std::string>& arguments, std::ostream& out,
                                       std::ostream& err) {
    if (name != "named" && name != "trust-dns" && name != "hickory-dns") return std::nullopt;
    HickoryOptions options;
    CLI::App app("DNS server with the command line of trust-dns and hickory-dns (kith).", name);
    app.set_version_flag("-v,-V,--version", name + " (kith " KITH_VERSION ")");
    app.add_flag("-q,--quiet", options.quiet, "Log warnings and errors only");
    app.add_flag("-d,--debug", options.debug, "Log more");
    app.add_option("-c,--config", options.config, "Configuration (TOML)")->capture_default_str();
    app.add_option("-z,--zonedir", options.zone_directory,
                   "Folder of the zone files, whatever the configuration says");
    app.add_option("-p,--port", options.port, "Port, whatever the configuration says");
    app.add_flag("--validate", options.validate,
                 "Read the configuration and its zones, report every problem, and end");
    app.add_option("--workers", options.workers, "Threads that answer queries")
        ->transform(whole_number(1, config::workers_max));
    app.add_option("--nsid", options.nsid, "Answer to the NSID option, 0x and hexadecimal digits");
    app.add_flag("--nsid-hostname", options.nsid_hostname,
                 "Answer the NSID option with this machine's name");
    app.add_flag("--disable-tcp", options.disable_tcp,
                 "Refused: every address is served over UDP and TCP");
    app.add_flag("--disable-udp", options.disable_udp,
                 "Refused: every address is served over UDP and TCP");
    add_unused(app, options);
    try {
        std::vector<std::string> reversed(
            arguments.rbegin(), arguments.empty() ? arguments.rend() : arguments.rend() - 1);
        app.parse(std::move(reversed));
    } catch (const CLI::ParseError& error) {
        return app.exit(error, out, err) == 0 ? exit_good : exit_usage;
    }
    return run(options, out, err);
}

}  // namespace kith::cli
