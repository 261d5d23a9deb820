// `kith enumerate`: the types on offer in a domain, or the domains to browse and register in.

#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"

namespace kith::cli {
namespace {

constexpr double default_seconds = 3;

}  // namespace

int enumerate(const EnumerateOptions& options, std::ostream& out, std::ostream& err) {
    const auto discovery = open_discovery(options, "kith enumerate", err);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    run.end_in(options.seconds > 0 ? options.seconds : default_seconds);
    bool found = false;
    const auto tell = [&](const client::EventHead& event, std::string_view key,
                          const std::string& value, const std::string& domain) {
        if (!event.error.empty()) {
            fmt::print(err, "kith enumerate: {}\n", event.error);
            return;
        }
        found = true;
        if (options.json) {
            JsonLine line;
            line.text("event", change_word(event.change))
                .text("interface", event.interface.name)
                .text(key, value);
            if (!domain.empty()) line.text("in", domain);
            out << line.finish() << '\n';
        } else {
            fmt::print(out, "{} {:<8} {}{}\n", change_sign(event.change),
                       event.interface.name.empty() ? "-" : event.interface.name,
                       client::printable(value),
                       domain.empty() ? "" : " in " + client::printable(domain));
        }
        if (!event.more_coming) out.flush();
    };
    client::Operation operation;
    if (options.what == "types") {
        operation = discovery->browse_types(
            [&](const client::TypeEvent& event) { tell(event, "type", event.type, event.domain); },
            options.domain);
    } else {
        const std::string kind = options.what == "domains" ? "b" : options.what;
        operation = discovery->browse_domains(
            kind,
            [&](const client::DomainEvent& event) { tell(event, "domain", event.domain, {}); },
            options.domain);
    }
    if (!operation) {
        fmt::print(err, "kith enumerate: {}\n", operation.error());
        return 2;
    }
    const int code = run.run();
    return found || run.was_interrupted() ? code : 1;
}

}  // namespace kith::cli
