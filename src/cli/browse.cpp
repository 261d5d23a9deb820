// `kith browse`: what is on offer, as it comes and goes.

#include <functional>
#include <map>
#include <ostream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"
#include "cli/problems.hpp"
#include "cli/resolving.hpp"

namespace kith::cli {
namespace {

// With --terminate: answers to a question come within half a second on a link that works; the
// second question of a series follows after one second.
constexpr double quiet_seconds = 1.5;

class Browser {
public:
    Browser(const BrowseOptions& options, client::Discovery& discovery, DiscoveryRun& run,
            std::ostream& out, std::ostream& err)
        : options_(options),
          discovery_(discovery),
          run_(run),
          out_(out),
          err_(err),
          resolving_(discovery, [this](const client::ResolveEvent& event) { on_resolved(event); }) {
    }

    bool start() {
        note_news();
        if (!options_.type.empty()) return browse(options_.type, options_.domain);
        types_ = discovery_.browse_types([this](const client::TypeEvent& event) { on_type(event); },
                                         options_.domain);
        return started(types_);
    }

private:
    bool started(const client::Operation& operation) {
        if (operation) return true;
        fmt::print(err_, "kith browse: {}\n", operation.error());
        run_.finish(1);
        return false;
    }

    /// Something came: with --terminate the end is put off.
    void note_news() {
        if (options_.terminate) run_.end_in(quiet_seconds);
    }

    bool browse(const std::string& type, const std::string& domain) {
        const std::string key = type + "." + domain;
        if (browsing_.contains(key)) return true;
        auto operation = discovery_.browse(
            type, [this](const client::BrowseEvent& event) { on_instance(event); }, domain);
        if (!started(operation)) return false;
        browsing_.emplace(key, std::move(operation));
        return true;
    }

    void on_type(const client::TypeEvent& event) {
        if (complained(event)) return;
        if (event.change == client::Change::added) {
            note_news();
            browse(event.type, event.domain);
        }
    }

    bool complained(const client::EventHead& event) {
        if (event.error.empty()) return false;
        fmt::print(err_, "kith browse: {}\n", event.error);
        return true;
    }

    void on_instance(const client::BrowseEvent& event) {
        if (complained(event)) return;
        note_news();
        if (options_.json) {
            if (!options_.resolve || event.change == client::Change::removed)
                print_json(event, event.name, nullptr);
        } else {
            print_line(change_sign(event.change), event.interface.name, event.name);
        }
        flush_unless(event.more_coming);
        if (options_.resolve) resolving_.take(event);
    }

    void on_resolved(const client::ResolveEvent& event) {
        note_news();
        if (options_.json) {
            print_json(event, event.name, [&event](JsonLine& line) { add_resolved(line, event); });
        } else {
            print_line('=', event.interface.name, event.name);
            fmt::print(out_, "    at {}:{}\n", client::printable(event.target.host),
                       event.target.port);
            for (const client::Address& address : event.addresses)
                fmt::print(out_, "    address {}\n", address.to_text());
            for (const client::TxtPair& pair : event.txt)
                fmt::print(out_, "    txt {}\n", txt_text(pair));
        }
        flush_unless(event.more_coming);
    }

    static void add_resolved(JsonLine& line, const client::ResolveEvent& event) {
        std::string addresses;
        for (const client::Address& address : event.addresses)
            addresses += (addresses.empty() ? "" : ", ") + json_string(address.to_text());
        line.text("host", event.target.host)
            .number("port", event.target.port)
            .raw("addresses", "[" + addresses + "]")
            .raw("txt", json_txt(event.txt));
    }

    void print_json(const client::EventHead& event, const client::ServiceName& name,
                    const std::function<void(JsonLine&)>& add) {
        JsonLine line;
        line.text("event", change_word(event.change)).text("interface", event.interface.name);
        line.text("name", name.instance).text("type", name.type).text("domain", name.domain);
        if (add) add(line);
        out_ << line.finish() << '\n';
    }

    void print_line(char sign, const std::string& interface, const client::ServiceName& name) {
        fmt::print(out_, "{} {:<8} {:<20} {:<10} {}\n", sign, interface.empty() ? "-" : interface,
                   name.type, name.domain, client::printable(name.instance));
    }

    void flush_unless(bool more_coming) {
        if (!more_coming) out_.flush();
    }

    const BrowseOptions& options_;
    client::Discovery& discovery_;
    DiscoveryRun& run_;
    std::ostream& out_;
    std::ostream& err_;
    client::Operation types_;
    std::map<std::string, client::Operation> browsing_;
    Resolving resolving_;
};

}  // namespace

int browse(const BrowseOptions& options, std::ostream& out, std::ostream& err) {
    const auto discovery = open_discovery(options, "kith browse", err);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    if (options.seconds > 0) run.end_in(options.seconds);
    Browser browser(options, *discovery, run, out, err);
    if (!browser.start()) return exit_usage;
    return run.run();
}

}  // namespace kith::cli
