// `kith mdns`: asks the link for the records of one name and type.

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"
#include "cli/problems.hpp"
#include "cli/words.hpp"

namespace kith::cli {
namespace {

constexpr double default_seconds = 2;

}  // namespace

int mdns_query(const MdnsOptions& options, std::ostream& out, std::ostream& err) {
    if (const auto type = read_type(options.type); !type)
        return wrong_usage(err, "mdns", type.error());
    client::Options base;
    if (options.type == "ANY")
        base.backend = client::Backend::mdns;  // daemons take no such question
    const auto discovery = open_discovery(options, "kith mdns", err, base);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    run.end_in(options.seconds > 0 ? options.seconds : default_seconds);
    bool found = false;
    const auto on_event = [&](const client::RecordEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err, "kith mdns: {}\n", event.error);
            return;
        }
        found = true;
        if (options.json) {
            JsonLine line;
            line.text("event",
                      event.is_absent ? std::string_view("absent") : change_word(event.change))
                .text("interface", event.interface.name);
            line.text("name", event.name).text("type", event.type);
            if (!event.is_absent) line.number("ttl", event.ttl).text("data", event.text);
            out << line.finish() << '\n';
        } else if (event.is_absent) {
            fmt::print(out, "; {} says that it has no {} ({})\n", event.name, event.type,
                       event.interface.name);
        } else {
            fmt::print(out, "{}{}\t{}\tIN\t{}\t{}\t; {}\n",
                       event.change == client::Change::removed ? "; gone: " : "", event.name,
                       event.ttl, event.type, event.text, event.interface.name);
        }
        if (!event.more_coming) out.flush();
    };
    const client::Operation operation = discovery->query(options.name, options.type, on_event);
    if (!operation) {
        fmt::print(err, "kith mdns: {}\n", operation.error());
        return 2;
    }
    const int code = run.run();
    return found || run.was_interrupted() ? code : 1;
}

}  // namespace kith::cli
