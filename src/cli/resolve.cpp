// `kith resolve`: where an instance, a host or an address is.

#include <memory>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "base/ip_address.hpp"
#include "cli/discovery_run.hpp"
#include "discovery/dnssd/enumeration.hpp"

namespace kith::cli {
namespace {

constexpr double default_seconds =
    5;  // the second question follows after one second, the third after three
// After the first answer others may follow: the other family, another interface.
constexpr double grace_seconds = 0.3;

struct Resolution {
    const ResolveOptions& options;
    DiscoveryRun& run;
    std::ostream& out;
    std::ostream& err;
    bool found = false;

    void answered() {
        found = true;
        out.flush();
        if (!options.follow) run.end_in(grace_seconds);
    }

    void on_service(const client::ResolveEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err, "kith resolve: {}\n", event.error);
            return;
        }
        if (options.json) {
            std::string addresses;
            for (const client::Address& address : event.addresses)
                addresses += (addresses.empty() ? "" : ", ") + json_string(address.to_text());
            JsonLine line;
            line.text("event", change_word(event.change))
                .text("interface", event.interface.name)
                .text("name", event.name.instance);
            line.text("type", event.name.type)
                .text("domain", event.name.domain)
                .text("host", event.target.host);
            line.number("port", event.target.port)
                .number("priority", event.target.priority)
                .number("weight", event.target.weight);
            line.raw("addresses", "[" + addresses + "]").raw("txt", json_txt(event.txt));
            out << line.finish() << '\n';
        } else {
            fmt::print(out, "{} {} at {}:{}{}\n", change_sign(event.change), name_text(event.name),
                       client::printable(event.target.host), event.target.port,
                       event.interface.name.empty() ? "" : " on " + event.interface.name);
            for (const client::Address& address : event.addresses)
                fmt::print(out, "    address {}\n", address.to_text());
            for (const client::TxtPair& pair : event.txt)
                fmt::print(out, "    txt {}\n", txt_text(pair));
            for (const client::Target& target : event.alternatives) {
                fmt::print(out, "    else {}:{} (priority {}, weight {})\n",
                           client::printable(target.host), target.port, target.priority,
                           target.weight);
            }
        }
        answered();
    }

    void on_record(const client::RecordEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err, "kith resolve: {}\n", event.error);
            return;
        }
        if (event.is_absent) return;
        if (options.json) {
            JsonLine line;
            line.text("event", change_word(event.change))
                .text("interface", event.interface.name)
                .text("name", event.name);
            line.text("type", event.type).number("ttl", event.ttl).text("data", event.text);
            out << line.finish() << '\n';
        } else {
            fmt::print(out, "{} {} {} {}{}\n", change_sign(event.change), event.name, event.type,
                       event.text,
                       event.interface.name.empty() ? "" : " on " + event.interface.name);
        }
        answered();
    }
};

/// The words as one instance; nullopt: a host or an address.
std::optional<client::ServiceName> read_service(const std::vector<std::string>& words) {
    if (words.size() >= 2)
        return client::ServiceName{words[0], words[1], words.size() > 2 ? words[2] : "local"};
    return words.empty() ? std::nullopt : client::ServiceName::from_text(words[0]);
}

}  // namespace

int resolve(const ResolveOptions& options, std::ostream& out, std::ostream& err) {
    client::Options base;
    base.multicast_domains = link_reverse_names(options.words);
    const auto discovery = open_discovery(options, "kith resolve", err, base);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    if (!options.follow) run.end_in(options.seconds > 0 ? options.seconds : default_seconds);
    Resolution resolution{options, run, out, err};
    std::vector<client::Operation> operations;
    const auto on_record = [&resolution](const client::RecordEvent& event) {
        resolution.on_record(event);
    };
    if (const auto service = read_service(options.words)) {
        operations.push_back(discovery->resolve(
            *service,
            [&resolution](const client::ResolveEvent& event) { resolution.on_service(event); }));
    } else if (const auto address =
                   IpAddress::from_text(options.words.empty() ? "" : options.words[0])) {
        operations.push_back(
            discovery->query(discovery::dnssd::reverse_name(*address).to_text(), "PTR", on_record));
    } else {
        const std::string host = options.words.empty() ? "" : options.words[0];
        if (!options.ipv6_only) operations.push_back(discovery->query(host, "A", on_record));
        if (!options.ipv4_only) operations.push_back(discovery->query(host, "AAAA", on_record));
    }
    for (const client::Operation& operation : operations) {
        if (operation) continue;
        fmt::print(err, "kith resolve: {}\n", operation.error());
        return 2;
    }
    const int code = run.run();
    if (resolution.found || run.was_interrupted()) return code;
    fmt::print(err, "kith resolve: nobody answers for '{}'\n", fmt::join(options.words, " "));
    return 1;
}

}  // namespace kith::cli
