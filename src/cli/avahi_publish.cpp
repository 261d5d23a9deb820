// avahi-publish over our own discovery.

#include <charconv>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/avahi_words.hpp"
#include "cli/discovery_run.hpp"

namespace kith::cli {
namespace {

struct PublishWords {
    std::vector<std::string> words, subtypes;
    std::string domain, host;
    bool address = false, has_command = false, no_reverse = false;
};

std::optional<int> read_publish_words(const std::vector<std::string>& arguments, PublishWords& out,
                                      std::ostream& text) {
    enum { subtype_option = 1000 };
    static const option long_options[] = {{"help", no_argument, nullptr, 'h'},
                                          {"version", no_argument, nullptr, 'V'},
                                          {"service", no_argument, nullptr, 's'},
                                          {"address", no_argument, nullptr, 'a'},
                                          {"verbose", no_argument, nullptr, 'v'},
                                          {"domain", required_argument, nullptr, 'd'},
                                          {"host", required_argument, nullptr, 'H'},
                                          {"subtype", required_argument, nullptr, subtype_option},
                                          {"no-reverse", no_argument, nullptr, 'R'},
                                          {"no-fail", no_argument, nullptr, 'f'},
                                          {nullptr, 0, nullptr, 0}};
    const auto program = std::filesystem::path(arguments.at(0)).filename();
    out.address = program == "avahi-publish-address";
    out.has_command = out.address || program == "avahi-publish-service";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVsavRd:H:f", long_options,
                                       nullptr)) >= 0;) {
        switch (c) {
            case 'h':
                text
                    << "avahi-publish [options] -s <name> <type> <port> [<txt ...>]\navahi-publish [options] -a <host-name> <address>\n";
                return 0;
            case 'V': text << "avahi-publish 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 's':
            case 'a':
                out.address = c == 'a';
                out.has_command = true;
                break;
            case 'v':
            case 'f': break;
            case 'R': out.no_reverse = true; break;
            case 'd': out.domain = optarg; break;
            case 'H': out.host = optarg; break;
            case subtype_option: out.subtypes.emplace_back(optarg); break;
            default: return 1;
        }
    }
    out.words = words.rest();
    return std::nullopt;
}

/// `_printer._sub._http._tcp` or `_printer`: the subtype's label.
std::string subtype_label(const std::string& text) { return text.substr(0, text.find("._sub.")); }

std::optional<client::Service> read_service(const PublishWords& words) {
    client::Service out;
    out.instance = words.words[0];
    out.type = words.words[1];
    const std::string& port = words.words[2];
    const auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (fault != std::errc{} || end != port.data() + port.size()) return std::nullopt;
    const auto txt = client::parse_txt({words.words.begin() + 3, words.words.end()});
    if (!txt) return std::nullopt;
    out.txt = *txt;
    out.domain = words.domain;
    out.host = words.host;
    for (const std::string& subtype : words.subtypes)
        out.subtypes.push_back(subtype_label(subtype));
    return out;
}

}  // namespace

int avahi_publish(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    PublishWords words;
    if (const auto code = read_publish_words(arguments, words, out)) return *code;
    if (!words.has_command) {
        err << "No command specified.\n";
        return 1;
    }
    if (words.address ? words.words.size() != 2 : words.words.size() < 3) {
        err << "Bad number of arguments\n";
        return 1;
    }
    std::optional<client::Service> service;
    if (!words.address) {
        service = read_service(words);
        if (!service) {
            err << "avahi-publish: expected <name> <type> <port> [<key=value> ...]\n";
            return 1;
        }
    }
    const auto discovery = open_discovery({}, "avahi-publish", err);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    std::string last;
    const auto on_event = [&](const client::RegisterEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err, "Failed to register: {}\n", event.error);
            if (event.change == client::Change::removed) run.finish(1);
            return;
        }
        if (event.renamed && event.name.instance != last)
            fmt::print(err, "Service name collision, picking new name '{}'.\n",
                       client::printable(event.name.instance));
        last = event.name.instance;
        fmt::print(err, "Established under name '{}'\n", client::printable(event.name.instance));
    };
    const client::Operation operation =
        service ? discovery->register_service(*service, on_event)
                : discovery->register_address(words.words[0], words.words[1], on_event,
                                              !words.no_reverse);
    if (!operation) {
        fmt::print(err, "avahi-publish: {}\n", operation.error());
        return 1;
    }
    return run.run();
}

}  // namespace kith::cli
