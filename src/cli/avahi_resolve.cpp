// avahi-resolve over our own discovery.

#include <filesystem>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "base/ip_address.hpp"
#include "cli/avahi_words.hpp"
#include "cli/discovery_run.hpp"
#include "discovery/dnssd/enumeration.hpp"

namespace kith::cli {
namespace {

constexpr double resolve_seconds = 5;

struct ResolveWords {
    std::vector<std::string> words;
    bool addresses = false, has_command = false, v4_only = false, v6_only = false;
};

std::optional<int> read_resolve_words(const std::vector<std::string>& arguments, ResolveWords& out,
                                      std::ostream& text) {
    static const option long_options[] = {
        {"help", no_argument, nullptr, 'h'},    {"version", no_argument, nullptr, 'V'},
        {"name", no_argument, nullptr, 'n'},    {"address", no_argument, nullptr, 'a'},
        {"verbose", no_argument, nullptr, 'v'}, {nullptr, 0, nullptr, 0}};
    const auto program = std::filesystem::path(arguments.at(0)).filename();
    out.addresses = program == "avahi-resolve-address";
    out.has_command = out.addresses || program == "avahi-resolve-host-name";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVnav46", long_options,
                                       nullptr)) >= 0;) {
        switch (c) {
            case 'h':
                text
                    << "avahi-resolve [options] -n <host name ...>\navahi-resolve [options] -a <address ... >\n";
                return 0;
            case 'V': text << "avahi-resolve 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 'n':
            case 'a':
                out.addresses = c == 'a';
                out.has_command = true;
                break;
            case 'v': break;
            case '4': out.v4_only = true; break;
            case '6': out.v6_only = true; break;
            default: return 1;
        }
    }
    out.words = words.rest();
    return std::nullopt;
}

}  // namespace

int avahi_resolve(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    ResolveWords words;
    if (const auto code = read_resolve_words(arguments, words, out)) return *code;
    if (!words.has_command) {
        err << "No command specified.\n";
        return 1;
    }
    if (words.words.empty()) {
        err << "Too few arguments\n";
        return 1;
    }
    client::Options base;
    if (words.addresses) base.multicast_domains = link_reverse_names(words.words);
    const auto discovery = open_discovery({}, "avahi-resolve", err, base);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    run.end_in(resolve_seconds);
    std::set<std::string> waiting(words.words.begin(), words.words.end());
    std::vector<client::Operation> operations;
    for (const std::string& word : words.words) {
        const auto on_event = [&, word](const client::RecordEvent& event) {
            if (!event.error.empty() || event.is_absent || event.change != client::Change::added ||
                waiting.erase(word) == 0)
                return;
            std::string text = event.text;
            if (words.addresses && text.ends_with('.')) text.pop_back();
            fmt::print(out, "{}\t{}\n", word, text);
            out.flush();
            if (waiting.empty()) run.finish();
        };
        const auto address = IpAddress::from_text(word);
        if (words.addresses && !address) {
            fmt::print(err, "Failed to parse address '{}'\n", word);
            return 1;
        }
        if (words.addresses) {
            operations.push_back(discovery->query(
                discovery::dnssd::reverse_name(*address).to_text(), "PTR", on_event));
            continue;
        }
        if (!words.v6_only) operations.push_back(discovery->query(word, "A", on_event));
        if (!words.v4_only) operations.push_back(discovery->query(word, "AAAA", on_event));
    }
    const int code = run.run();
    for (const std::string& word : waiting) {
        fmt::print(err, "Failed to resolve {} '{}': Timeout reached\n",
                   words.addresses ? "address" : "host name", word);
    }
    return waiting.empty() ? code : 1;
}

}  // namespace kith::cli
