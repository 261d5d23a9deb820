#pragma once
// The subcommands of `kith` for service discovery: options as data, one function each that does the
// work until it is done or interrupted, and returns the exit code. The grammar is in
// discovery_app.cpp.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kith::cli {

/// What all of them take.
struct DiscoveryOptions {
    std::vector<std::string> interfaces{};  // name patterns
    std::vector<std::string> ignore_interfaces{};
    bool ipv4_only = false;
    bool ipv6_only = false;
    std::string server{};   // for domains other than local; empty: resolv.conf's
    std::string backend{};  // auto, mdns, avahi, resolved, unicast; empty: the command's own choice
    bool verbose = false;   // says which back-end is used
    bool json = false;      // one JSON object a line
    double seconds = 0;     // end after so long; 0: the command's own rule
};

struct BrowseOptions : DiscoveryOptions {
    std::string type{};  // empty: all types
    std::string domain = "local";
    bool resolve = false;
    bool terminate = false;  // end when nothing new comes for a while
};
int browse(const BrowseOptions& options, std::ostream& out, std::ostream& err);

struct ResolveOptions : DiscoveryOptions {
    std::vector<std::string> words{};  // an instance as one or three words, a host, or an address
    bool follow = false;               // go on and tell changes
};
int resolve(const ResolveOptions& options, std::ostream& out, std::ostream& err);

struct RegisterOptions : DiscoveryOptions {
    std::string name{};
    std::string type{};
    std::uint16_t port = 0;
    std::vector<std::string> txt{};
    std::vector<std::string> subtypes{};
    std::string domain{};
    std::string host{};
    std::string host_name{};  // of this machine
    std::uint16_t priority = 0, weight = 0;
    bool no_rename = false;
    bool name_only = false;
};
int register_service(const RegisterOptions& options, std::ostream& out, std::ostream& err);

struct EnumerateOptions : DiscoveryOptions {
    std::string what = "types";  // types, or b, db, r, dr, lb
    std::string domain = "local";
};
int enumerate(const EnumerateOptions& options, std::ostream& out, std::ostream& err);

struct MonitorOptions : DiscoveryOptions {
    std::string name{};    // only what is about names that contain this
    bool packets = false;  // with every record of every packet
};
int monitor(const MonitorOptions& options, std::ostream& out, std::ostream& err);

struct MdnsOptions : DiscoveryOptions {
    std::string name{};
    std::string type = "A";
};
int mdns_query(const MdnsOptions& options, std::ostream& out, std::ostream& err);

/// Adds browse, resolve, register, enumerate, monitor and mdns.
void add_discovery(CLI::App& app);

/// Runs the command line of another program when `name` is one we can stand in for (avahi-browse,
/// avahi-publish ..., dns-sd); nullopt for any other.
std::optional<int> run_discovery_persona(const std::string& name,
                                         const std::vector<std::string>& arguments,
                                         std::ostream& out, std::ostream& err);

int avahi_browse(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);
/// As avahi-publish, avahi-publish-service or avahi-publish-address: argv[0] says which.
int avahi_publish(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);
/// As avahi-resolve, avahi-resolve-host-name or avahi-resolve-address.
int avahi_resolve(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);
int dns_sd(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace kith::cli
