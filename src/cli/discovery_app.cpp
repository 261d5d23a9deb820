// The grammar of the discovery commands.

#include <fmt/format.h>

#include "cli/discovery_commands.hpp"
#include "cli/discovery_run.hpp"
#include "cli/grammar.hpp"

namespace kith::cli {
namespace {

constexpr double seconds_max = 1e9;  // 30 years: as good as for ever

template <class Options>
std::shared_ptr<Options> add_command(CLI::App& app, CLI::App*& command, const char* name,
                                     const char* what,
                                     int (*work)(const Options&, std::ostream&, std::ostream&)) {
    auto options = std::make_shared<Options>();
    command = app.add_subcommand(name, what);
    command->add_option("-i,--interface", options->interfaces,
                        "Interfaces to use, by name pattern (eth*)");
    command->add_option("--ignore-interface", options->ignore_interfaces,
                        "Interfaces to leave alone, by name pattern");
    CLI::Option* const v4 = command->add_flag("-4,--ipv4", options->ipv4_only, "IPv4 only");
    command->add_flag("-6,--ipv6", options->ipv6_only, "IPv6 only")->excludes(v4);
    command->add_option("-s,--server", options->server,
                        "DNS server for domains other than local; default: resolv.conf's first");
    std::vector<std::string_view> words;
    std::string who = "Who asks the link";
    for (const BackendWord& row : backend_words) {
        who += fmt::format("{} {}{}", words.empty() ? ":" : ",", row.word, row.who);
        words.emplace_back(row.word);
    }
    command->add_option("--backend", options->backend, who)->check(one_of(std::move(words)));
    command->add_flag("-v,--verbose", options->verbose, "Say which back-end is used");
    command->add_flag("--json", options->json, "One JSON object a line, for scripts");
    command->add_option("-t,--time", options->seconds, "End after so many seconds")
        ->transform(number(0, seconds_max));
    run_with(command, options, work);
    return options;
}

void add_browse(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<BrowseOptions>(
        app, command, "browse", "Show the services on offer as they come and go", browse);
    command->add_option("type", options->type,
                        "Such as _ipp._tcp, or _printer._sub._http._tcp; default: all types");
    command->add_option("-d,--domain", options->domain, "Domain to browse")->capture_default_str();
    command->add_flag("-r,--resolve", options->resolve,
                      "Also say where each is: host, port, addresses, TXT");
    command->add_flag("--terminate", options->terminate, "End when nothing new comes");
}

void add_resolve(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<ResolveOptions>(
        app, command, "resolve", "Say where a service, a host or an address is", resolve);
    command
        ->add_option(
            "name", options->words,
            "'My Printer._ipp._tcp.local', or instance, type and domain; nas.local; 192.0.2.7")
        ->required();
    command->add_flag("-f,--follow", options->follow, "Go on and tell changes");
}

void add_register(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<RegisterOptions>(
        app, command, "register",
        "Offer a service until interrupted; lines on standard input replace its TXT",
        register_service);
    command->add_option("name", options->name, "Name of the instance, for people")->required();
    command->add_option("type", options->type, "Such as _http._tcp")->required();
    command->add_option("port", options->port, "Its port")->transform(port_number())->required();
    command->add_option("txt", options->txt, "TXT record: key=value or key");
    command->add_option("--subtype", options->subtypes,
                        "Also found as this subtype, such as _printer");
    command->add_option("-d,--domain", options->domain, "Domain; default: local");
    command->add_option("-H,--host", options->host, "Host it runs on, if not this one");
    command->add_option("--host-name", options->host_name,
                        "First label of this machine's name; default: its host name");
    command->add_option("--priority", options->priority, "Smaller is tried first")
        ->transform(whole_number(0, 65'535))
        ->capture_default_str();
    command->add_option("--weight", options->weight, "Share among those of equal priority")
        ->transform(whole_number(0, 65'535))
        ->capture_default_str();
    command->add_flag("--no-rename", options->no_rename, "Give up when the name is another's");
    command->add_flag("--name-only", options->name_only, "Claim the name; be found by nobody");
}

void add_enumerate(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<EnumerateOptions>(
        app, command, "enumerate", "List types of services, or domains", enumerate);
    command
        ->add_option("what", options->what,
                     "types; or domains: b (browse), db, r (register), dr, lb")
        ->check(one_of({"types", "domains", "b", "db", "r", "dr", "lb"}))
        ->capture_default_str();
    command->add_option("-d,--domain", options->domain, "Domain to ask in")->capture_default_str();
}

void add_monitor(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<MonitorOptions>(
        app, command, "monitor", "Show who says what on the link, and why names change", monitor);
    command->add_option("name", options->name, "Only what is about names that contain this");
    command->add_flag("-p,--packets", options->packets,
                      "With all questions and records of each packet");
}

void add_mdns(CLI::App& app) {
    CLI::App* command = nullptr;
    const auto options = add_command<MdnsOptions>(
        app, command, "mdns", "Ask the link for the records of a name", mdns_query);
    command->add_option("name", options->name, "Such as nas.local")->required();
    command->add_option("type", options->type, "Record type")->capture_default_str();
}

}  // namespace

void add_discovery(CLI::App& app) {
    add_browse(app);
    add_resolve(app);
    add_register(app);
    add_enumerate(app);
    add_monitor(app);
    add_mdns(app);
}

std::optional<int> run_discovery_persona(const std::string& name,
                                         const std::vector<std::string>& arguments,
                                         std::ostream& out, std::ostream& err) {
    if (name == "avahi-browse" || name == "avahi-browse-domains")
        return avahi_browse(arguments, out, err);
    if (name == "avahi-publish" || name == "avahi-publish-service" ||
        name == "avahi-publish-address")
        return avahi_publish(arguments, out, err);
    if (name == "avahi-resolve" || name == "avahi-resolve-host-name" ||
        name == "avahi-resolve-address")
        return avahi_resolve(arguments, out, err);
    if (name == "dns-sd") return dns_sd(arguments, out, err);
    return std::nullopt;
}

}  // namespace kith::cli
