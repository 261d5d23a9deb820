#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands.hpp"
#include "cli/problems.hpp"
#include "config/doc.hpp"
#include "config/nanodns.hpp"
#include "files/file_text.hpp"
#include "net/system.hpp"
#include "server/loader.hpp"
#include "server/record_zones.hpp"

namespace kith::cli {
namespace {

int check_as_nanodns(const CheckOptions& options, const server::LoadedSnapshot& loaded,
                     std::ostream& out, std::ostream& err) {
    if (!files::FileText::read(options.config)) {
        fmt::print(err, "✗ Config invalid: {}\n", config::nanodns_unreadable(options.config));
        return 1;
    }
    if (has_errors(loaded.problems)) {
        fmt::print(err, "✗ Config invalid: {}\n",
                   config::nanodns_reason(loaded.config, loaded.problems, options.config));
        return 1;
    }
    out << config::nanodns_check_text(loaded.config, options.config);
    return 0;
}

void print_summary(const CheckOptions& options, const server::LoadedSnapshot& loaded,
                   std::ostream& out) {
    const answer::AnswerSnapshot& answer = loaded.snapshot->answer;
    const std::string counts = count_text(loaded.problems);
    fmt::print(out, "{}: valid{}{}\n", options.config, counts.empty() ? "" : ", ", counts);
    for (const zone::ZonePtr& zone : answer.zones.zones()) {
        fmt::print(out, "  zone {}  {} records, serial {}\n", zone->apex().to_text(),
                   zone->record_count(), zone->serial());
    }
    for (const server::LoadedZone& each : loaded.zones) {
        const config::Zone& settings = loaded.config.zones[each.index];
        if (!settings.is_secondary()) continue;
        fmt::print(out, "  secondary zone {}  from", each.apex.to_text());
        for (const config::TextAt& primary : settings.transfer->primaries)
            fmt::print(out, "  {}", primary.text);
        out << '\n';
    }
    if (answer.records != nullptr)
        fmt::print(out, "  records outside zones  {}\n", answer.records->record_count() - 1);
    if (!answer.rewrites.empty()) fmt::print(out, "  rewrites  {}\n", answer.rewrites.size());
    for (const resolve::Route& route : loaded.snapshot->forward->routes) {
        fmt::print(out, "  forward {}", route.domain.to_text());
        for (const Endpoint& upstream : route.upstreams)
            fmt::print(out, "  {}", upstream.to_text());
        out << (route.upstreams.empty() ? "  nowhere\n" : "\n");
    }
    for (const Endpoint& endpoint : loaded.config.server.listen_endpoints())
        fmt::print(out, "  listen {}\n", endpoint.to_text());
}

}  // namespace

int check(const CheckOptions& given, std::ostream& out, std::ostream& err) {
    CheckOptions options = given;
    options.config = find_config(given.config);
    if (options.config.empty()) {
        return failed(
            err, "check",
            "no config: neither kith.json here nor /etc/kith/kith.json exists; `kith init` writes one, "
            "`kith check FILE` checks another");
    }
    net::SystemRng rng;
    server::Loader loader({options.config, {}, false}, {}, rng);
    server::LoadedSnapshot loaded = loader.load();
    server::RecordZones::check(loaded);
    if (options.persona == Persona::nanodns) return check_as_nanodns(options, loaded, out, err);
    const bool failed = is_failure(loaded.problems, options.strict);
    if (options.json) {
        print_problems_json(loaded.problems, out);
    } else {
        print_problems(loaded.problems, err);
        if (failed)
            fmt::print(err, "{}: not valid: {}\n", options.config, count_text(loaded.problems));
        if (!failed) print_summary(options, loaded, out);
    }
    return failed ? 1 : 0;
}

int config_text(const ConfigTextOptions& options, std::ostream& out, std::ostream& err) {
    if (options.which == ConfigText::schema) {
        out << config::schema_json();
        return 0;
    }
    if (options.key.empty()) {
        out << config::doc_markdown();
        return 0;
    }
    const auto text = config::doc_text(options.key);
    if (!text) return failed(err, "config doc", text.error());
    out << *text;
    return exit_good;
}

}  // namespace kith::cli
