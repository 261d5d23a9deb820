// `kith query`: a dig for people who have only kith. Words are read as dig reads them, so that
// fingers need not learn anything; the long options say the same in full.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "auth/tsig.hpp"
#include "cli/commands.hpp"
#include "cli/key_word.hpp"
#include "cli/problems.hpp"
#include "cli/words.hpp"
#include "config/text.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "dns/json.hpp"
#include "dns/message_builder.hpp"
#include "dns/message_text.hpp"
#include "dns/rdata.hpp"
#include "net/exchange.hpp"
#include "net/system.hpp"
#include "resolve/resolv_conf.hpp"

namespace kith::cli {
namespace {

using dns::Header;
using dns::RrClass;
using dns::RrType;
using Message = std::vector<std::uint8_t>;

/// What to ask and whom, after all words and options have been read.
struct Plan {
    QueryOptions options;
    Endpoint server;
    dns::Name name;
    bool has_name = false;
    RrType type = RrType::A;
    bool has_type = false;
    RrClass klass = RrClass::IN;
    client::MessageKey key;
};

/// Usage problems are texts for the user; empty: fine.
using Complaint = std::string;

struct Flag {
    std::string_view word;
    bool QueryOptions::*member;
    bool value;
};

// dig's +flags that kith knows, with the option each sets.
constexpr Flag flags[] = {
    {"tcp", &QueryOptions::tcp, true},
    {"vc", &QueryOptions::tcp, true},
    {"notcp", &QueryOptions::tcp, false},
    {"json", &QueryOptions::json, true},
    {"short", &QueryOptions::brief, true},
    {"dnssec", &QueryOptions::dnssec, true},
    {"do", &QueryOptions::dnssec, true},
    {"noedns", &QueryOptions::no_edns, true},
    {"norecurse", &QueryOptions::no_recurse, true},
    {"norec", &QueryOptions::no_recurse, true},
    {"recurse", &QueryOptions::no_recurse, false},
    {"nsid", &QueryOptions::nsid, true},
    {"cookie", &QueryOptions::cookie, true},
    {"ignore", &QueryOptions::ignore_truncation, true},
};

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc{} && end == text.data() + text.size();
}

Complaint read_flag(std::string_view word, QueryOptions& options) {
    for (const Flag& flag : flags) {
        if (flag.word == word) {
            options.*flag.member = flag.value;
            return {};
        }
    }
    int seconds = 0;
    if (word.starts_with("bufsize=") && parse_number(word.substr(8), options.payload_bytes))
        return {};
    if (word.starts_with("tries=") && parse_number(word.substr(6), options.tries)) return {};
    if (word.starts_with("time=") && parse_number(word.substr(5), seconds)) {
        options.timeout_seconds = seconds;
        return {};
    }
    std::string known = "+bufsize=N +tries=N +time=N";
    for (const Flag& flag : flags) known += fmt::format(" +{}", flag.word);
    return fmt::format("unknown flag {}; expected one of {}",
                       config::shown(fmt::format("+{}", word)), known);
}

Complaint read_word(std::string_view word, Plan& plan) {
    if (word.starts_with('@')) {
        plan.options.server = std::string(word.substr(1));
        return {};
    }
    if (word.starts_with('+')) return read_flag(word.substr(1), plan.options);
    // After the name a type or class; before it only if it could not be one.
    if (plan.has_name) {
        if (const auto klass = dns::parse_class(word); klass && word != "ANY" && word != "any") {
            plan.klass = *klass;
            return {};
        }
        const auto type = read_type(word);
        if (!type) return type.error();
        plan.type = *type;
        plan.has_type = true;
        return {};
    }
    const auto name = read_name("name", word);
    if (!name) return name.error();
    plan.name = *name;
    plan.has_name = true;
    return {};
}

Complaint choose_server(Plan& plan) {
    const std::uint16_t port = plan.options.port.value_or(53);
    if (plan.options.server) {
        const auto server = read_server(*plan.options.server, port);
        if (!server) return server.error();
        plan.server = *server;
        return {};
    }
    std::ifstream file("/etc/resolv.conf");
    std::stringstream text;
    text << file.rdbuf();
    const auto servers = resolve::parse_resolv_conf(text.str()).upstreams;
    plan.server =
        servers.empty() ? Endpoint{IpAddress::v4(127, 0, 0, 1), port, 0} : servers.front();
    if (plan.options.port) plan.server.port = port;
    return {};
}

Complaint choose_key(Plan& plan) {
    auto key = read_key(plan.options.key_word, plan.options.key_file, {});
    if (!key) return key.error();
    if (*key && client::tsig_of(*key) == nullptr)
        return "expected a TSIG key, found a private key: queries are signed with TSIG only";
    plan.key = *std::move(key);
    return {};
}

Complaint make_plan(const QueryOptions& options, Plan& plan) {
    plan.options = options;
    if (Complaint complaint = choose_key(plan); !complaint.empty()) return complaint;
    if (options.reverse) {
        const auto address = IpAddress::from_text(*options.reverse);
        if (!address)
            return fmt::format("-x: expected an IP address, found {}",
                               config::shown(*options.reverse));
        plan.name = discovery::dnssd::reverse_name(*address);
        plan.has_name = plan.has_type = true;
        plan.type = RrType::PTR;
    }
    for (const std::string& word : options.words) {
        if (Complaint complaint = read_word(word, plan); !complaint.empty()) return complaint;
    }
    if (!plan.has_name && !plan.has_type)
        plan.type = RrType::NS;  // as dig: the root's name servers
    // Of the long options these were checked; +tries=0 and +time=0 are words.
    if (plan.options.tries < 1 || plan.options.tries > query_tries_max)
        return fmt::format("+tries: expected 1 to {}, found {}", query_tries_max,
                           plan.options.tries);
    if (!(plan.options.timeout_seconds > 0 && plan.options.timeout_seconds <= query_seconds_max))
        return fmt::format("+time: expected more than 0 and up to {} seconds, found {}",
                           query_seconds_max, plan.options.timeout_seconds);
    return choose_server(plan);
}

Message make_query(const Plan& plan, Rng& rng) {
    Message buffer(512);
    dns::MessageBuilder builder;
    builder.start(buffer, buffer.size());
    builder.header().id = static_cast<std::uint16_t>(rng.next());
    if (!plan.options.no_recurse) builder.set_flag(Header::rd);
    builder.set_flag(Header::ad);  // "tell me whether you validated", RFC 6840 §5.7
    builder.add_question(plan.name, plan.type, plan.klass);
    if (!plan.options.no_edns) {
        std::array<std::uint8_t, 32> bytes;
        dns::Writer options(bytes);
        if (plan.options.nsid) options.u32(static_cast<std::uint32_t>(dns::OptionCode::NSID) << 16);
        if (plan.options.cookie) {
            options.u16(static_cast<std::uint16_t>(dns::OptionCode::COOKIE));
            options.u16(8);
            options.u32(static_cast<std::uint32_t>(rng.next()));
            options.u32(static_cast<std::uint32_t>(rng.next()));
        }
        const std::uint16_t edns_flags = plan.options.dnssec ? 0x8000 : 0;
        builder.add_opt(plan.options.payload_bytes, dns::Rcode::NOERROR, 0, edns_flags,
                        options.written());
    }
    const Bytes message = builder.finish();
    return {message.begin(), message.end()};
}

/// Appends a TSIG when there is a key; `mac` is what the reply is checked with.
void sign_query(const Plan& plan, Message& message, auth::TsigMac& mac) {
    if (!plan.key) return;
    const std::size_t size = message.size();
    message.resize(size + auth::tsig_request_bytes(*client::tsig_of(plan.key)));
    auth::sign_tsig_request(*client::tsig_of(plan.key), message, size, net::unix_now(), mac);
}

/// What the reply's TSIG says against believing it; empty: nothing.
Complaint check_reply(const Plan& plan, const auth::TsigMac& mac, Bytes reply) {
    if (!plan.key) return {};
    const auth::TsigReply checked =
        auth::check_tsig_response(*client::tsig_of(plan.key), mac, reply, net::unix_now());
    if (checked.is_good()) return {};
    const std::string name = client::tsig_of(plan.key)->name.to_text();
    if (checked.error != dns::Rcode::NOERROR)
        return fmt::format("the server refuses key {}: {}", name,
                           auth::tsig_error_name(checked.error));
    if (checked.verdict == auth::TsigVerdict::unsigned_)
        return fmt::format("the reply is not signed with key {}", name);
    if (checked.verdict == auth::TsigVerdict::bad_time)
        return "the reply was signed at another time: check the clocks";
    return fmt::format("the reply's signature is not one of key {}", name);
}

struct Exchange {
    Message reply;
    bool over_tcp = false;
    std::chrono::microseconds took{};
};

net::Net<Exchange> ask(const Plan& plan, Bytes message) {
    using clock = std::chrono::steady_clock;
    const auto timeout = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(plan.options.timeout_seconds));
    bool over_tcp = plan.options.tcp;
    Time start = clock::now();
    auto reply = over_tcp ? net::exchange_tcp(plan.server, message, timeout)
                          : net::exchange_udp(plan.server, message, timeout);
    for (int attempt = 1; !over_tcp && !reply && attempt < plan.options.tries; ++attempt) {
        start = clock::now();
        reply = net::exchange_udp(plan.server, message, timeout);
    }
    if (!reply) return std::unexpected(reply.error());
    const auto header = dns::read_header(*reply);
    if (!over_tcp && header && header->has(Header::tc) && !plan.options.ignore_truncation) {
        over_tcp = true;
        start = clock::now();
        KITH_TRY(*reply, net::exchange_tcp(plan.server, message, timeout));
    }
    return Exchange{std::move(*reply), over_tcp,
                    std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - start)};
}

void print_brief(const dns::MessageView& reply, std::ostream& out) {
    reply.for_each(dns::Section::answer, [&](const dns::RecordView& record) {
        std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
        dns::Writer rdata(buffer);
        const bool good = dns::expand_rdata(reply.bytes(), record, rdata).has_value();
        out << (good ? dns::rdata_to_text(record.type, record.klass, rdata.written())
                     : std::string("(unreadable)"))
            << '\n';
    });
}

void print_reply(const Plan& plan, const Exchange& exchange, const dns::MessageView& reply,
                 std::ostream& out) {
    if (plan.options.json) {
        out << dns::to_json(reply) << '\n';
    } else if (plan.options.brief) {
        print_brief(reply, out);
    } else {
        fmt::print(out, "{}\n;; {:.3f} ms, {} over {}, {} bytes\n", dns::to_text(reply),
                   static_cast<double>(exchange.took.count()) / 1000, plan.server.to_text(),
                   exchange.over_tcp ? "TCP" : "UDP", exchange.reply.size());
    }
}

}  // namespace

int query(const QueryOptions& options, std::ostream& out, std::ostream& err) {
    Plan plan;
    if (const Complaint complaint = make_plan(options, plan); !complaint.empty())
        return wrong_usage(err, "query", complaint);
    net::SystemRng rng;
    Message message = make_query(plan, rng);
    auth::TsigMac mac;
    sign_query(plan, message, mac);
    const auto exchange = ask(plan, message);
    if (!exchange) return failed(err, "query", exchange.error().text);
    const auto reply = dns::MessageView::parse(exchange->reply);
    if (!reply)
        return failed(err, "query",
                      fmt::format("the reply of {} is malformed: {}", plan.server.to_text(),
                                  reply.error().to_text()));
    print_reply(plan, *exchange, *reply, out);
    if (const Complaint complaint = check_reply(plan, mac, exchange->reply); !complaint.empty())
        return failed(err, "query", complaint);
    return exit_good;
}

}  // namespace kith::cli
