// `kith register`: offers a service until it is interrupted. A line on standard input replaces the TXT
// record: what a script sets while it runs.

#include <unistd.h>

#include <ostream>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"
#include "cli/problems.hpp"

namespace kith::cli {
namespace {

/// Empty: fine; else what is wrong with the command line.
std::string read_service(const RegisterOptions& options, client::Service& out) {
    out.instance = options.name;
    out.type = options.type;
    out.subtypes = options.subtypes;
    out.domain = options.domain;
    out.host = options.host;
    out.may_rename = !options.no_rename;
    out.name_only = options.name_only;
    out.port = options.port;
    out.priority = options.priority;
    out.weight = options.weight;
    const auto txt = client::parse_txt(options.txt);
    if (!txt)
        return "expected TXT as key=value or key: printable ASCII before the '=', at most 255 bytes in all";
    out.txt = *txt;
    return {};
}

class Registering {
public:
    Registering(const RegisterOptions& options, client::Discovery& discovery, DiscoveryRun& run,
                std::ostream& out, std::ostream& err)
        : options_(options), discovery_(discovery), run_(run), out_(out), err_(err) {}

    bool start(const client::Service& service) {
        operation_ = discovery_.register_service(
            service, [this](const client::RegisterEvent& event) { on_event(event); });
        if (operation_) return true;
        fmt::print(err_, "kith register: {}\n", operation_.error());
        return false;
    }

    void on_input() {
        char buffer[4096];
        const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (got <= 0) return run_.watch(-1, {});
        pending_.append(buffer, static_cast<std::size_t>(got));
        if (pending_.size() > sizeof buffer * 4) pending_.clear();  // no line is so long
        for (std::size_t end = pending_.find('\n'); end != std::string::npos;
             end = pending_.find('\n')) {
            set_txt(pending_.substr(0, end));
            pending_.erase(0, end + 1);
        }
    }

private:
    void set_txt(const std::string& line) {
        std::istringstream words(line);
        std::vector<std::string> strings;
        for (std::string word; words >> word;) strings.push_back(word);
        const auto txt = client::parse_txt(strings);
        std::string complaint = "expected key=value pairs, separated by blanks";
        if (txt) complaint = discovery_.update_txt(operation_, *txt);
        if (!complaint.empty()) fmt::print(err_, "kith register: {}\n", complaint);
    }

    void on_event(const client::RegisterEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err_, "kith register: {}\n", event.error);
            if (event.change == client::Change::removed) run_.finish(1);
            return;
        }
        if (options_.json) {
            JsonLine line;
            line.text("event", "registered")
                .text("name", event.name.instance)
                .text("type", event.name.type)
                .text("domain", event.name.domain);
            line.boolean("renamed", event.renamed).text("host", discovery_.host_name());
            out_ << line.finish() << '\n';
        } else {
            fmt::print(out_, "registered {}{}\n", name_text(event.name),
                       event.renamed ? " (the name asked for is another's)" : "");
        }
        out_.flush();
    }

    const RegisterOptions& options_;
    client::Discovery& discovery_;
    DiscoveryRun& run_;
    std::ostream& out_;
    std::ostream& err_;
    client::Operation operation_;
    std::string pending_;
};

}  // namespace

int register_service(const RegisterOptions& options, std::ostream& out, std::ostream& err) {
    client::Service service;
    if (const std::string complaint = read_service(options, service); !complaint.empty())
        return wrong_usage(err, "register", complaint);
    client::Options base;
    base.host_name = options.host_name;
    const auto discovery = open_discovery(options, "kith register", err, base);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    if (options.seconds > 0) run.end_in(options.seconds);
    Registering registering(options, *discovery, run, out, err);
    if (!registering.start(service)) return 2;
    run.watch(STDIN_FILENO, [&registering] { registering.on_input(); });
    return run.run();
}

}  // namespace kith::cli
