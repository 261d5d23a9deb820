// avahi-browse over our own discovery: what scripts pass and what they parse.

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <ostream>
#include <set>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/avahi_words.hpp"
#include "cli/discovery_run.hpp"
#include "cli/resolving.hpp"
#include "net/link_monitor.hpp"

namespace kith::cli {
namespace {

constexpr double quiet_seconds = 1.5;  // of --terminate

/// Types as Avahi names them for people; others stay what they are.
constexpr std::pair<std::string_view, std::string_view> type_names[] = {
    {"_afpovertcp._tcp", "Apple File Sharing"},
    {"_airplay._tcp", "Apple AirPlay"},
    {"_daap._tcp", "iTunes Audio Access"},
    {"_dns._udp", "DNS Server"},
    {"_domain._udp", "DNS Server"},
    {"_ftp._tcp", "FTP File Transfer"},
    {"_http._tcp", "Web Site"},
    {"_https._tcp", "Secure Web Site"},
    {"_imap._tcp", "IMAP Mail Access"},
    {"_ipp._tcp", "Internet Printer"},
    {"_ipps._tcp", "Secure Internet Printer"},
    {"_ldap._tcp", "LDAP Directory Server"},
    {"_nfs._tcp", "Network File System"},
    {"_ntp._udp", "NTP Time Server"},
    {"_pdl-datastream._tcp", "PDL Printer"},
    {"_pop3._tcp", "POP3 Mail Access"},
    {"_printer._tcp", "UNIX Printer"},
    {"_raop._tcp", "AirTunes Remote Audio"},
    {"_rfb._tcp", "VNC Remote Access"},
    {"_rtsp._tcp", "RTSP Realtime Streaming Server"},
    {"_sftp-ssh._tcp", "SFTP File Transfer"},
    {"_sip._udp", "SIP Telephony"},
    {"_smb._tcp", "Microsoft Windows Network"},
    {"_ssh._tcp", "SSH Remote Terminal"},
    {"_telnet._tcp", "Telnet Remote Terminal"},
    {"_tftp._udp", "TFTP Trivial File Transfer"},
    {"_webdav._tcp", "WebDAV File Share"},
    {"_workstation._tcp", "Workstation"},
};

std::string_view type_name_for(std::string_view type) {
    for (const auto& [key, name] : type_names) {
        if (key == type) return name;
    }
    return type;
}

/// What Avahi does to a name in -p: letters, digits, `-` and `_` stay, `.` and `\` have a backslash, all
/// else is \DDD.
std::string escape_label(std::string_view label) {
    std::string out;
    for (const char c : label) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
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

/// What it does to a name otherwise: a byte that is not printable ASCII is `_`.
std::string avahi_printable(std::string_view text) {
    std::string out(text);
    std::ranges::replace_if(
        out, [](char c) { return c < 0x20 || c > 0x7e; }, '_');
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
        for (const IpPrefix& prefix : link.addresses)
            out[link.index].insert(prefix.address.is_v4() ? client::Family::ipv4
                                                          : client::Family::ipv6);
    }
    return out;
}

std::string_view family_name(client::Family family) {
    return family == client::Family::ipv6 ? "IPv6" : "IPv4";
}

struct BrowseWords {
    std::vector<std::string> types;
    std::string domain = "local";
    bool all = false, domains = false, dump = false, terminate = false, resolve = false,
         parsable = false, verbose = false, no_lookup = false;
};

class AvahiBrowser {
public:
    AvahiBrowser(const BrowseWords& words, client::Discovery& discovery, DiscoveryRun& run,
                 std::ostream& out, std::ostream& err)
        : words_(words),
          discovery_(discovery),
          run_(run),
          out_(out),
          err_(err),
          families_(read_families()),
          resolving_(discovery, [this](const client::ResolveEvent& event) { on_resolved(event); }) {
    }

    bool start() {
        note_news();
        if (words_.domains) {
            domains_ = discovery_.browse_domains(
                "b", [this](const client::DomainEvent& event) { on_domain(event); }, words_.domain);
            return started(domains_);
        }
        if (words_.all) {
            types_ = discovery_.browse_types(
                [this](const client::TypeEvent& event) {
                    if (event.error.empty() && event.change == client::Change::added)
                        browse(event.type);
                },
                words_.domain);
            return started(types_);
        }
        return std::ranges::all_of(words_.types,
                                   [this](const std::string& type) { return browse(type); });
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
        auto operation = discovery_.browse(
            type, [this](const client::BrowseEvent& event) { on_instance(event); }, words_.domain);
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
                fmt::print(out_, "{};{};{};{}\n", sign, event.interface.name, family_name(family),
                           event.domain);
            } else {
                fmt::print(out_, "{} {:>4} {:>4} {}\n", sign, event.interface.name,
                           family_name(family), avahi_printable(event.domain));
            }
        }
        out_.flush();
    }

    void on_instance(const client::BrowseEvent& event) {
        if (!event.error.empty()) return;
        note_news();
        const bool gone = event.change == client::Change::removed;
        for (const client::Family family : families_of(event.interface.index))
            print_line(gone ? '-' : '+', event.interface, family, event.name, "\n");
        if (!event.more_coming) out_.flush();
        if (words_.resolve) resolving_.take(event);
    }

    /// Once for each family of the interface, as what was found: with an address of this family, if there
    /// is one.
    void on_resolved(const client::ResolveEvent& event) {
        note_news();
        if (event.addresses.empty()) return;
        for (const client::Family family : families_of(event.interface.index)) {
            const auto found = std::ranges::find(event.addresses, family, &client::Address::family);
            print_resolved(family, event,
                           found == event.addresses.end() ? event.addresses.front() : *found);
        }
        out_.flush();
    }

    void print_resolved(client::Family family, const client::ResolveEvent& event,
                        client::Address address) {
        address.interface = 0;  // the interface stands in its own column
        print_line('=', event.interface, family, event.name, "");
        if (words_.parsable) {
            fmt::print(out_, ";{};{};{};{}\n", event.target.host, address.to_text(),
                       event.target.port, quoted_txt(event.txt));
        } else {
            fmt::print(out_,
                       "\n   hostname = [{}]\n   address = [{}]\n   port = [{}]\n   txt = [{}]\n",
                       avahi_printable(event.target.host), address.to_text(), event.target.port,
                       quoted_txt(event.txt));
        }
    }

    FamilySet families_of(std::uint32_t index) const {
        const auto found = families_.find(index);
        return found == families_.end() ? FamilySet{client::Family::ipv4} : found->second;
    }

    void print_line(char sign, const client::Interface& interface, client::Family family,
                    const client::ServiceName& name, std::string_view end) {
        const std::string_view type =
            words_.no_lookup ? std::string_view(name.type) : type_name_for(name.type);
        const std::string& device = interface.name.empty() ? std::string("n/a") : interface.name;
        if (words_.parsable) {
            fmt::print(out_, "{};{};{};{};{};{}{}", sign, device, family_name(family),
                       escape_label(name.instance), type, name.domain, end);
        } else {
            fmt::print(out_, "{} {:>6} {:>4} {:<45} {:<20} {}{}", sign, device, family_name(family),
                       avahi_printable(name.instance), type, name.domain, end);
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
    Resolving resolving_;
};

constexpr const char* browse_usage =
    "avahi-browse [options] <service type>\navahi-browse [options] -a\navahi-browse [options] -D\navahi-browse [options] -b\n\n"
    "kith in place of Avahi's tool; -a -d -D -t -c -l -r -f -p -k -b -v as there.\n";

/// The exit code, when the words alone decide it.
std::optional<int> read_browse_words(const std::vector<std::string>& arguments, BrowseWords& out,
                                     std::ostream& text, std::ostream& err) {
    static const option long_options[] = {{"help", no_argument, nullptr, 'h'},
                                          {"version", no_argument, nullptr, 'V'},
                                          {"browse-domains", no_argument, nullptr, 'D'},
                                          {"domain", required_argument, nullptr, 'd'},
                                          {"all", no_argument, nullptr, 'a'},
                                          {"verbose", no_argument, nullptr, 'v'},
                                          {"terminate", no_argument, nullptr, 't'},
                                          {"cache", no_argument, nullptr, 'c'},
                                          {"ignore-local", no_argument, nullptr, 'l'},
                                          {"resolve", no_argument, nullptr, 'r'},
                                          {"no-fail", no_argument, nullptr, 'f'},
                                          {"parsable", no_argument, nullptr, 'p'},
                                          {"no-db-lookup", no_argument, nullptr, 'k'},
                                          {"dump-db", no_argument, nullptr, 'b'},
                                          {nullptr, 0, nullptr, 0}};
    out.domains = std::filesystem::path(arguments.at(0)).filename() == "avahi-browse-domains";
    Words words(arguments);
    for (int c = 0; (c = ::getopt_long(words.count(), words.values(), "hVd:avtclrfDpkb",
                                       long_options, nullptr)) >= 0;) {
        switch (c) {
            case 'h': text << browse_usage; return 0;
            case 'V': text << "avahi-browse 0.8 (kith " KITH_VERSION ")\n"; return 0;
            case 'D': out.domains = true; break;
            case 'd': out.domain = optarg; break;
            case 'a': out.all = true; break;
            case 'v': out.verbose = true; break;
            case 't':
            case 'c': out.terminate = true; break;
            case 'l':
            case 'f': break;  // nothing here is local, and no daemon can be missing
            case 'r': out.resolve = true; break;
            case 'p': out.parsable = true; break;
            case 'k': out.no_lookup = true; break;
            case 'b': out.dump = true; break;
            default: return 1;
        }
    }
    out.types = words.rest();
    if (out.dump) {
        for (const auto& [type, name] : type_names)
            fmt::print(text, "{}\n", out.no_lookup ? type : name);
        return 0;
    }
    if (out.types.empty() == !(out.all || out.domains) || out.types.size() > 1) {
        err << (out.types.size() > 1 ? "Too many arguments\n"
                : out.types.empty()  ? "Too few arguments\n"
                                     : "Too many arguments\n");
        return 1;
    }
    return std::nullopt;
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

}  // namespace kith::cli
