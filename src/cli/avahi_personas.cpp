// The command lines of Avahi's tools over our own discovery: what scripts pass and what they parse.

#include <getopt.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "base/ip_address.hpp"
#include "cli/discovery_run.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "net/link_monitor.hpp"

namespace kith::cli {
namespace {

constexpr double quiet_seconds = 1.5;    // of --terminate
constexpr double resolve_seconds = 5;    // of avahi-resolve

/// Types as Avahi names them for people; others stay what they are.
constexpr std::pair<std::string_view, std::string_view> type_names[] = {
    {"_afpovertcp._tcp", "Apple File Sharing"}, {"_airplay._tcp", "Apple AirPlay"},     {"_daap._tcp", "iTunes Audio Access"},
    {"_dns._udp", "DNS Server"},                {"_domain._udp", "DNS Server"},         {"_ftp._tcp", "FTP File Transfer"},
    {"_http._tcp", "Web Site"},                 {"_https._tcp", "Secure Web Site"},     {"_imap._tcp", "IMAP Mail Access"},
    {"_ipp._tcp", "Internet Printer"},          {"_ipps._tcp", "Secure Internet Printer"}, {"_ldap._tcp", "LDAP Directory Server"},
    {"_nfs._tcp", "Network File System"},       {"_ntp._udp", "NTP Time Server"},       {"_pdl-datastream._tcp", "PDL Printer"},
    {"_pop3._tcp", "POP3 Mail Access"},         {"_printer._tcp", "UNIX Printer"},      {"_raop._tcp", "AirTunes Remote Audio"},
    {"_rfb._tcp", "VNC Remote Access"},         {"_rtsp._tcp", "RTSP Realtime Streaming Server"}, {"_sftp-ssh._tcp", "SFTP File Transfer"},
    {"_sip._udp", "SIP Telephony"},             {"_smb._tcp", "Microsoft Windows Network"}, {"_ssh._tcp", "SSH Remote Terminal"},
    {"_telnet._tcp", "Telnet Remote Terminal"}, {"_tftp._udp", "TFTP Trivial File Transfer"}, {"_webdav._tcp", "WebDAV File Share"},
    {"_workstation._tcp", "Workstation"},
};

std::string_view type_name_for(std::string_view type) {
    for (const auto& [key, name] : type_names) {
        if (key == type) return name;
    }
    return type;
}

/// argv for getopt_long(), which wants to write to it.
class Words {
public:
    explicit Words(const std::vector<std::string>& arguments) : words_(arguments) {
        for (std::string& word : words_) pointers_.push_back(word.data());
        pointers_.push_back(nullptr);
        optind = 0;  // glibc: begin anew
    }
    int count() const { return static_cast<int>(words_.size()); }
    char** values() { return pointers_.data(); }
    std::vector<std::string> rest() const {
        return {words_.begin() + std::min<std::ptrdiff_t>(optind, count()), words_.end()};
    }

private:
    std::vector<std::string> words_;
    std::vector<char*> pointers_;
};

/// What Avahi does to a name in -p: letters, digits, `-` and `_` stay, `.` and `\` have a backslash, all
/// else is \DDD.
std::string escape_label(std::string_view label) {
    std::string out;
    for (const char c : label) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (c == '.' || c == '\\') {
            out += '\\';
            out += c;
        } else if (plain) {
            out += c;
        } else {
            out += fmt::format("\\{:03}", static_cast<std::uint8_t>(c));
        }
    }
    return out;
}

/// TXT strings as Avahi prints them, the last first: `"b=2" "a=1"`. Scripts know them so.
std::string quoted_txt(const std::vector<client::TxtPair>& txt) {
    std::string out;
    for (auto pair = txt.rbegin(); pair != txt.rend(); ++pair) {
        std::string text = pair->key;
        if (pair->value) text += "=" + *pair->value;
        if (!out.empty()) out += ' ';
        out += '"';
        for (const char c : text) {
            const auto byte = static_cast<std::uint8_t>(c);
            if (byte < 0x20 || byte == 0x7f) {
                out += fmt::format("\\{:03}", byte);
                continue;
            }
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out;
}

using FamilySet = std::set<client::Family, std::greater<>>;  // IPv6 first, as Avahi

/// Families that each interface has addresses of; Avahi shows a service once for each.
std::map<std::uint32_t, FamilySet> read_families() {
    std::map<std::uint32_t, FamilySet> out;
    const auto monitor = net::LinkMonitor::open();
    if (!monitor) return out;
    const auto links = monitor->read();
    if (!links) return out;
    for (const net::LinkState& link : *links) {
        for (const IpPrefix& prefix : link.addresses) out[link.index].insert(prefix.address.is_v4() ? client::Family::ipv4 : client::Family::ipv6);
    }
    return out;
}

std::string_view family_name(client::Family family) { return family == client::Family::ipv6 ? "IPv6" : "IPv4"; }

struct BrowseWords {
    std::vector<std::string> types;
    std::string domain = "local";
    bool all = false, domains = false, dump = false, terminate = false, resolve = false, parsable = false, verbose = false, no_lookup = false;
};

class AvahiBrowser {
public:
    AvahiBrowser(const BrowseWords& words, client::Discovery& discovery, DiscoveryRun& run, std::ostream& out, std::ostream& err)
        : words_(words), discovery_(discovery), run_(run), out_(out), err_(err), families_(read_families()) {}

    bool start() {
        note_news();
        if (words_.domains) {
            domains_ = discovery_.browse_domains("b", [this](const client::DomainEvent& event) { on_domain(event); }, words_.domain);
            return started(domains_);
        }
        if (words_.all) {
            types_ = discovery_.browse_types([this](const client::TypeEvent& event) {
                if (event.error.empty() && event.change == client::Change::added) browse(event.type);
            }, words_.domain);
            return started(types_);
        }
        return std::ranges::all_of(words_.types, [this](const std::string& type) { return browse(type); });
    }

private:
    bool started(const client::Operation& operation) {
        if (operation) return true;
        fmt::print(err_, "avahi-browse: {}\n", operation.error());
        return false;
    }
    void note_news() {
        if (words_.terminate) run_.end_in(quiet_seconds);
    }

    bool browse(const std::string& type) {
        if (browsing_.contains(type)) return true;
        note_news();
        auto operation = discovery_.browse(type, [this](const client::BrowseEvent& event) { on_instance(event); }, words_.domain);
        if (!started(operation)) return false;
        browsing_.emplace(type, std::move(operation));
        return true;
    }

    void on_domain(const client::DomainEvent& event) {
        if (!event.error.empty()) return;
        note_news();
        const char sign = event.change == client::Change::removed ? '-' : '+';
        for (const client::Family family : families_of(event.interface.index)) {
            if (words_.parsable) {
                fmt::print(out_, "{};{};{};{}\n", sign, event.interface.name, family_name(family), event.domain);
            } else {
                fmt::print(out_, "{} {:>4} {:>4} {}\n", sign, event.interface.name, family_name(family), client::printable(event.domain));
            }
        }
        out_.flush();
    }

    void on_instance(const client::BrowseEvent& event) {
        if (!event.error.empty()) return;
        note_news();
        const bool gone = event.change == client::Change::removed;
        for (const client::Family family : families_of(event.interface.index)) print_line(gone ? '-' : '+', event.interface, family, event.name, "\n");
        if (!event.more_coming) out_.flush();
        if (!words_.resolve) return;
        const std::pair key(event.name.to_text(), event.interface.index);
        if (gone) {
            resolving_.erase(key);
        } else if (!resolving_.contains(key)) {
            auto operation = discovery_.resolve(event.name, [this](const client::ResolveEvent& found) { on_resolved(found); },
                                                {event.interface.index, client::Family::any});
            if (operation) resolving_.emplace(key, std::move(operation));
        }
    }

    void on_resolved(const client::ResolveEvent& event) {
        if (!event.error.empty() || event.change == client::Change::removed) return;
        note_news();
        std::set<client::Family> told;
        for (const client::Address& address : event.addresses) {
            if (!told.insert(address.family).second) continue;  // one a family, as Avahi
            print_line('=', event.interface, address.family, event.name, "");
            client::Address bare = address;
            bare.interface = 0;  // the interface stands in its own column
            if (words_.parsable) {
                fmt::print(out_, ";{};{};{};{}\n", event.target.host, bare.to_text(), event.target.port, quoted_txt(event.txt));
            } else {
                fmt::print(out_, "\n   hostname = [{}]\n   address = [{}]\n   port = [{}]\n   txt = [{}]\n", client::printable(event.target.host), bare.to_text(),
                           event.target.port, quoted_txt(event.txt));
            }
        }
        out_.flush();
    }

    FamilySet families_of(std::uint32_t index) const {
        const auto found = families_.find(index);
        return found == families_.end() ? FamilySet{client::Family::ipv4} : found->second;
    }

    void print_line(char sign, const client::Interface& interface, client::Family family, const client::ServiceName& name, std::string_view end) {
        const std::string_view type = words_.no_lookup ? std::string_view(name.type) : type_name_for(name.type);
        const std::string& device = interface.name.empty() ? std::string("n/a") : interface.name;
        if (words_.parsable) {
            fmt::print(out_, "{};{};{};{};{};{}{}", sign, device, family_name(family), escape_label(name.instance), type, name.domain, end);
        } else {
            fmt::print(out_, "{} {:>6} {:>4} {:<45} {:<20} {}{}", sign, device, family_name(family), client::printable(name.instance), type, name.domain, end);
        }
    }

    const BrowseWords& words_;
    client::Discovery& discovery_;
    DiscoveryRun& run_;
    std::ostream& out_;
    std::ostream& err_;
    std::map<std::uint32_t, FamilySet> families_;
    client::Operation types_, domains_;
    std::map<std::string, client::Operation> browsing_;
    std::map<std::pair<std::string, std::uint32_t>, client::Operation> resolving_;
};

constexpr const char* browse_usage =
    "avahi-browse [options] <service type>\navahi-browse [options] -a\navahi-browse [options] -D\navahi-browse [options] -b\n\n"
    "kith in place of Avahi's tool; -a -d -D -t -c -l -r -f -p -k -b -v as there.\n";

/// The exit code, when the words alone decide it.
std::optional<int> read_browse_words(const std::vector<std::string>& arguments, BrowseWords& out, std::ostream& text, std::ostream& err) {
    static const option long_options[] = {
        {"help", no_argument, nullptr, 'h'},           {"version", no_argument, nullptr, 'V'},   {"browse-domains", no_argument, nullptr, 'D'},
        {"domain", required_argument, nullptr, 'd'},   {"all", no_argument, nullptr, 'a'},       {"verbose", no_argument, nullptr, 'v'},
        {"terminate", no_argument, nullptr, 't'},      {"cache", no_argument, nullptr, 'c'},     {"ignore-local", no_argument, nullptr, 'l'},
        {"resolve", no_argument, nullptr, 'r'},        {"no-fail", no_argument, nullptr, 'f'},   {"parsable", no_argument, nullptr, 'p'},
        {"no-db-lookup", no_argument, nullptr, 'k'},   {"dump-db", no_argument, nullptr, 'b'},   {nullptr, 0, nullptr, 0}};
    out.domains = std::filesystem::path(arguments.at(0)).filename() == "avahi-browse-domains";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVd:avtclrfDpkb", long_options, nullptr)) >= 0;) {
        switch (c) {
            case 'h': text << browse_usage; return 0;
            case 'V': text << "avahi-browse 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 'D': out.domains = true; break;
            case 'd': out.domain = optarg; break;
            case 'a': out.all = true; break;
            case 'v': out.verbose = true; break;
            case 't': case 'c': out.terminate = true; break;
            case 'l': case 'f': break;  // nothing here is local, and no daemon can be missing
            case 'r': out.resolve = true; break;
            case 'p': out.parsable = true; break;
            case 'k': out.no_lookup = true; break;
            case 'b': out.dump = true; break;
            default: return 1;
        }
    }
    out.types = words.rest();
    if (out.dump) {
        for (const auto& [type, name] : type_names) fmt::print(text, "{}\n", out.no_lookup ? type : name);
        return 0;
    }
    if (out.types.empty() == !(out.all || out.domains) || out.types.size() > 1) {
        err << (out.types.size() > 1 ? "Too many arguments\n" : out.types.empty() ? "Too few arguments\n" : "Too many arguments\n");
        return 1;
    }
    return std::nullopt;
}

struct PublishWords {
    std::vector<std::string> words, subtypes;
    std::string domain, host;
    bool address = false, no_reverse = false;
};

std::optional<int> read_publish_words(const std::vector<std::string>& arguments, PublishWords& out, std::ostream& text) {
    enum { subtype_option = 1000 };
    static const option long_options[] = {
        {"help", no_argument, nullptr, 'h'},         {"version", no_argument, nullptr, 'V'},       {"service", no_argument, nullptr, 's'},
        {"address", no_argument, nullptr, 'a'},      {"verbose", no_argument, nullptr, 'v'},       {"domain", required_argument, nullptr, 'd'},
        {"host", required_argument, nullptr, 'H'},   {"subtype", required_argument, nullptr, subtype_option},
        {"no-reverse", no_argument, nullptr, 'R'},   {"no-fail", no_argument, nullptr, 'f'},       {nullptr, 0, nullptr, 0}};
    out.address = std::filesystem::path(arguments.at(0)).filename() == "avahi-publish-address";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVsavRd:H:f", long_options, nullptr)) >= 0;) {
        switch (c) {
            case 'h': text << "avahi-publish [options] -s <name> <type> <port> [<txt ...>]\navahi-publish [options] -a <host-name> <address>\n"; return 0;
            case 'V': text << "avahi-publish 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 's': out.address = false; break;
            case 'a': out.address = true; break;
            case 'v': case 'f': break;
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
    for (const std::string& subtype : words.subtypes) out.subtypes.push_back(subtype_label(subtype));
    return out;
}

}  // namespace

int avahi_browse(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    BrowseWords words;
    if (const auto code = read_browse_words(arguments, words, out, err)) return *code;
    const auto discovery = open_discovery({}, "avahi-browse", err);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    AvahiBrowser browser(words, *discovery, run, out, err);
    if (!browser.start()) return 1;
    return run.run();
}

int avahi_publish(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    PublishWords words;
    if (const auto code = read_publish_words(arguments, words, out)) return *code;
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
        if (event.renamed && event.name.instance != last) fmt::print(err, "Service name collision, picking new name '{}'.\n", client::printable(event.name.instance));
        last = event.name.instance;
        fmt::print(err, "Established under name '{}'\n", client::printable(event.name.instance));
    };
    const client::Operation operation = service ? discovery->register_service(*service, on_event)
                                                : discovery->register_address(words.words[0], words.words[1], on_event, !words.no_reverse);
    if (!operation) {
        fmt::print(err, "avahi-publish: {}\n", operation.error());
        return 1;
    }
    return run.run();
}

namespace {

struct ResolveWords {
    std::vector<std::string> words;
    bool addresses = false, v4_only = false, v6_only = false;
};

std::optional<int> read_resolve_words(const std::vector<std::string>& arguments, ResolveWords& out, std::ostream& text) {
    static const option long_options[] = {{"help", no_argument, nullptr, 'h'},    {"version", no_argument, nullptr, 'V'}, {"name", no_argument, nullptr, 'n'},
                                          {"address", no_argument, nullptr, 'a'}, {"verbose", no_argument, nullptr, 'v'}, {nullptr, 0, nullptr, 0}};
    out.addresses = std::filesystem::path(arguments.at(0)).filename() == "avahi-resolve-address";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVnav46", long_options, nullptr)) >= 0;) {
        switch (c) {
            case 'h': text << "avahi-resolve [options] -n <host name ...>\navahi-resolve [options] -a <address ... >\n"; return 0;
            case 'V': text << "avahi-resolve 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 'n': out.addresses = false; break;
            case 'a': out.addresses = true; break;
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
            if (!event.error.empty() || event.is_absent || event.change != client::Change::added || waiting.erase(word) == 0) return;
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
            operations.push_back(discovery->query(discovery::dnssd::reverse_name(*address).to_text(), "PTR", on_event));
            continue;
        }
        if (!words.v6_only) operations.push_back(discovery->query(word, "A", on_event));
        if (!words.v4_only) operations.push_back(discovery->query(word, "AAAA", on_event));
    }
    const int code = run.run();
    for (const std::string& word : waiting) {
        fmt::print(err, "Failed to resolve {} '{}': Timeout reached\n", words.addresses ? "address" : "host name", word);
    }
    return waiting.empty() ? code : 1;
}

}  // namespace kith::cli
