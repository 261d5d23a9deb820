// The command line of Apple's dns-sd over our own discovery: the common commands, with the columns
// that scripts cut.

#include <charconv>
#include <ctime>
#include <map>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/discovery_run.hpp"
#include "cli/dns_sd_lines.hpp"
#include "cli/resolving.hpp"

namespace kith::cli {
namespace {

namespace lines = dns_sd_lines;
using Words = std::vector<std::string>;

constexpr const char* usage =
    "dns-sd -E                             (Enumerate recommended registration domains)\n"
    "dns-sd -F                             (Enumerate recommended browsing domains)\n"
    "dns-sd -R <Name> <Type> <Domain> <Port> [<TXT>...]              (Register a service)\n"
    "dns-sd -P <Name> <Type> <Domain> <Port> <Host> <IP> [<TXT>...]  (Proxy)\n"
    "dns-sd -B <Type> <Domain>             (Browse for service instances)\n"
    "dns-sd -L <Name> <Type> <Domain>      (Resolve (\"lookup\") a service instance)\n"
    "dns-sd -Q <name> <rrtype> <rrclass>   (Generic query for any record type)\n"
    "dns-sd -G v4/v6/v4v6 <name>           (Get address information for a host name)\n"
    "dns-sd -C <name> <rrtype> <rrclass>   (Query; reconfirms each result)\n"
    "dns-sd -Z <Type> <Domain>             (Print what is found as a zone)\n"
    "dns-sd -V                             (Version)\n"
    "dns-sd -t <seconds> ...               (End after so many seconds)\n";

// kDNSServiceFlags that are printed.
constexpr unsigned flag_more_coming = 1, flag_add = 2, flag_default = 4;

unsigned flags_of(const client::EventHead& event) {
    return (event.more_coming ? flag_more_coming : 0) |
           (event.change == client::Change::removed ? 0 : flag_add);
}

std::string stamp() {
    std::string out = clock_text();
    if (out.starts_with('0')) out[0] = ' ';
    return out;
}

lines::Head head_of(const client::EventHead& event) {
    return {stamp(), event.change != client::Change::removed, flags_of(event),
            event.interface.index};
}

std::string dotted(std::string text) {
    return text.empty() ? "local." : text.ends_with('.') ? text : text + ".";
}

std::string or_local(const std::string& domain) {
    return domain.empty() || domain == "." ? "local" : domain;
}

std::string word(const Words& words, std::size_t index) {
    return index < words.size() ? words[index] : std::string();
}

class Tool {
public:
    Tool(client::Discovery& discovery, DiscoveryRun& run, std::ostream& out, std::ostream& err)
        : discovery_(discovery),
          run_(run),
          out_(out),
          err_(err),
          zones_(discovery, [this](const client::ResolveEvent& event) { on_zone(event); }) {}

    /// The exit code, when nothing could be started.
    std::optional<int> start(const std::string& command, const Words& words) {
        if (command == "-B" || command == "-Z") {
            browse(command == "-Z", lines::whole_type(word(words, 0)), word(words, 1));
        } else if (command == "-L") {
            lookup(words);
        } else if (command == "-R" || command == "-P") {
            if (!publish(command == "-P", words)) return 1;
        } else if (command == "-E" || command == "-F") {
            domains(command == "-E");
        } else if (command == "-Q" || command == "-q" || command == "-C") {
            query(command == "-C", word(words, 0), word(words, 1).empty() ? "A" : word(words, 1));
        } else if (command == "-X") {
            err_ << "dns-sd: kith opens no ports in routers\n";
            return 1;
        } else if (command == "-G") {
            addresses(word(words, 0), word(words, 1));
        } else {
            err_ << usage;
            return 1;
        }
        for (const client::Operation& operation : operations_) {
            if (operation) continue;
            fmt::print(err_, "dns-sd: {}\n", operation.error());
            return 1;
        }
        out_.flush();
        return std::nullopt;
    }

private:
    void head() {
        const std::time_t now = std::time(nullptr);
        std::tm local{};
        ::localtime_r(&now, &local);
        char date[64];
        std::strftime(date, sizeof date, "%a %d %b %Y", &local);
        fmt::print(out_, "DATE: ---{}---\n{:>12}  ...STARTING...\n", date, stamp());
    }

    void browse(bool as_zone, const std::string& type, const std::string& domain) {
        fmt::print(out_, "Browsing for {}{}{}\n", type, domain.empty() || domain == "." ? "" : ".",
                   domain == "." ? "" : domain);
        head();
        if (type.starts_with("_services._dns-sd._udp")) return browse_types(domain);
        operations_.push_back(discovery_.browse(
            type,
            [this, as_zone](const client::BrowseEvent& event) {
                if (!event.error.empty()) return;
                if (as_zone) return zones_.take(event);
                if (printed_++ == 0) out_ << lines::browse_heading;
                out_ << lines::browse(head_of(event), dotted(event.name.domain),
                                      dotted(event.name.type),
                                      client::printable(event.name.instance));
                out_.flush();
            },
            or_local(domain)));
    }

    /// The types on offer, split as the names of instances are.
    void browse_types(const std::string& domain) {
        operations_.push_back(discovery_.browse_types(
            [this](const client::TypeEvent& event) {
                if (!event.error.empty()) return;
                if (printed_++ == 0) out_ << lines::browse_heading;
                const std::size_t dot = event.type.find('.');
                out_ << lines::browse(head_of(event), ".",
                                      event.type.substr(dot + 1) + "." + dotted(event.domain),
                                      event.type.substr(0, dot));
                out_.flush();
            },
            or_local(domain)));
    }

    void on_zone(const client::ResolveEvent& event) {
        if (!event.error.empty() || event.change == client::Change::removed) return;
        if (printed_++ == 0)
            fmt::print(out_,
                       "\n; put the domain to browse in place of '@'\n{:<47} PTR     @\n\n"
                       "; hosts are named as on the link: DNS needs the names they have there\n",
                       "lb._dns-sd._udp");
        out_ << lines::zone(event.name, event.target, event.txt);
        out_.flush();
    }

    void lookup(const Words& words) {
        const client::ServiceName name{word(words, 0), lines::whole_type(word(words, 1)),
                                       or_local(word(words, 2))};
        fmt::print(out_, "Lookup {}.{}.{}\n", client::printable(name.instance), name.type,
                   name.domain);
        head();
        operations_.push_back(discovery_.resolve(name, [this](const client::ResolveEvent& event) {
            if (!event.error.empty() || event.change == client::Change::removed) return;
            fmt::print(out_, "{:>12}  {} can be reached at {}:{} (interface {})\n", stamp(),
                       lines::full_name(event.name), dotted(event.target.host), event.target.port,
                       event.interface.index);
            for (const client::TxtPair& pair : event.txt) fmt::print(out_, " {}", lines::txt(pair));
            if (!event.txt.empty()) out_ << '\n';
            out_.flush();
        }));
    }

    bool publish(bool proxy, const Words& words) {
        if (words.size() < (proxy ? 6U : 4U)) {
            err_ << usage;
            return false;
        }
        client::Service service;
        service.instance = words[0] == "." ? "" : words[0];
        // Subtypes follow the type behind commas.
        const std::string& type = words[1];
        service.type = type.substr(0, type.find(','));
        for (std::size_t comma = type.find(','); comma != std::string::npos;) {
            const std::size_t next = type.find(',', comma + 1);
            service.subtypes.push_back(
                type.substr(comma + 1, next == std::string::npos ? next : next - comma - 1));
            comma = next;
        }
        service.domain = words[2] == "." ? "" : words[2];
        const auto [end, fault] =
            std::from_chars(words[3].data(), words[3].data() + words[3].size(), service.port);
        const auto txt = client::parse_txt({words.begin() + (proxy ? 6 : 4), words.end()});
        if (fault != std::errc{} || end != words[3].data() + words[3].size() || !txt) {
            err_ << usage;
            return false;
        }
        service.txt = *txt;
        service.name_only = service.port == 0;  // as Apple's: a placeholder (RFC 6763 §8)
        if (proxy) {
            service.host = words[4];
            operations_.push_back(discovery_.register_address(
                words[4], words[5],
                [this, host = words[4]](const client::RegisterEvent& event) {
                    on_registered("record " + host, event);
                },
                true));
        }
        fmt::print(out_, "Registering Service {}.{}{}{} port {}",
                   client::printable(service.instance), service.type,
                   service.domain.empty() ? "" : ".", service.domain, words[3]);
        for (const client::TxtPair& pair : service.txt) fmt::print(out_, " {}", txt_text(pair));
        out_ << '\n';
        head();
        operations_.push_back(
            discovery_.register_service(service, [this](const client::RegisterEvent& event) {
                on_registered(fmt::format("service {}.", client::printable(event.name.to_text())),
                              event);
            }));
        return true;
    }

    void on_registered(const std::string& what, const client::RegisterEvent& event) {
        if (!event.error.empty()) {
            fmt::print(err_, "dns-sd: {}\n", event.error);
            if (event.change == client::Change::removed) run_.finish(255);
            return;
        }
        fmt::print(out_, "{:>12}  Got a reply for {}: Name now registered and active\n", stamp(),
                   what);
        out_.flush();
    }

    void domains(bool registering) {
        fmt::print(out_, "Looking for recommended {} domains:\n",
                   registering ? "registration" : "browsing");
        head();
        const auto on_event = [this](const client::DomainEvent& event, unsigned extra) {
            if (!event.error.empty()) return;
            if (printed_++ == 0) out_ << "Timestamp     Recommended domain\n";
            fmt::print(out_, "{:>12}  {} ({}) {}\n", stamp(),
                       event.change == client::Change::removed ? "Removed" : "Added",
                       flags_of(event) | extra, dotted(event.domain));
            out_.flush();
        };
        operations_.push_back(discovery_.browse_domains(
            registering ? "r" : "b",
            [on_event](const client::DomainEvent& event) { on_event(event, 0); }));
        operations_.push_back(discovery_.browse_domains(
            registering ? "dr" : "db",
            [on_event](const client::DomainEvent& event) { on_event(event, flag_default); }));
        // The link itself always is one.
        client::DomainEvent local;
        local.domain = "local";
        on_event(local, flag_default);
    }

    void query(bool reconfirms, const std::string& name, const std::string& type) {
        head();
        operations_.push_back(
            discovery_.query(name, type, [this, reconfirms](const client::RecordEvent& event) {
                if (!event.error.empty()) return;
                if (printed_++ == 0) out_ << lines::query_heading;
                out_ << lines::query(head_of(event), event.name, event.type,
                                     event.is_absent        ? "0.0.0.0    No Such Record"
                                     : event.type == "AAAA" ? lines::long_address(event.text, "")
                                                            : event.text);
                out_.flush();
                if (reconfirms && event.change == client::Change::added)
                    discovery_.reconfirm(operations_.front());
            }));
    }

    void addresses(const std::string& families, const std::string& name) {
        head();
        const auto on_event = [this](const client::RecordEvent& event) {
            if (!event.error.empty() || event.is_absent) return;
            if (printed_++ == 0) out_ << lines::address_heading;
            out_ << lines::address(head_of(event), event.name,
                                   lines::long_address(event.text, event.interface.name),
                                   event.ttl);
            out_.flush();
        };
        if (families.find("v4") != std::string::npos)
            operations_.push_back(discovery_.query(name, "A", on_event));
        if (families.find("v6") != std::string::npos)
            operations_.push_back(discovery_.query(name, "AAAA", on_event));
        if (operations_.empty()) fmt::print(err_, "{}", usage);
    }

    client::Discovery& discovery_;
    DiscoveryRun& run_;
    std::ostream& out_;
    std::ostream& err_;
    std::vector<client::Operation> operations_;
    Resolving zones_;
    int printed_ = 0;
};

}  // namespace

int dns_sd(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
    Words words(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
    double seconds = 0;
    if (words.size() >= 2 && (words[0] == "-t" || words[0] == "-timeout")) {
        const auto [end, fault] =
            std::from_chars(words[1].data(), words[1].data() + words[1].size(), seconds);
        if (fault != std::errc{}) seconds = 0;
        words.erase(words.begin(), words.begin() + 2);
    }
    if (words.empty() || words[0] == "-h" || words[0] == "--help") {
        (words.empty() ? err : out) << usage;
        return words.empty() ? 1 : 0;
    }
    if (words[0] == "-V") {
        out << "Currently running daemon (system service) is version 0.0 (kith " KITH_VERSION ")\n";
        return 0;
    }
    const auto discovery = open_discovery({}, "dns-sd", err);
    if (discovery == nullptr) return 1;
    DiscoveryRun run(*discovery);
    if (seconds > 0) run.end_in(seconds);
    const std::string command = words[0];
    words.erase(words.begin());
    Tool tool(*discovery, run, out, err);
    if (const auto code = tool.start(command, words)) return *code;
    return run.run();
}

}  // namespace kith::cli
