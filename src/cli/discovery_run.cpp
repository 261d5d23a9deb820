#include "cli/discovery_run.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <ostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "base/ip_address.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "dns/encoding.hpp"
#include "net/interfaces.hpp"

namespace kith::cli {
namespace {

// What is withdrawn is said within a second; a machine without network has nobody to say it to.
constexpr auto goodbye_patience = std::chrono::seconds(2);

sigset_t ending_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&set, signal);
    return set;
}

client::Backend backend_of(const std::string& word, client::Backend otherwise) {
    for (const BackendWord& row : backend_words) {
        if (word == row.word) return row.backend;
    }
    return otherwise;
}

}  // namespace

std::unique_ptr<client::Discovery> open_discovery(const DiscoveryOptions& options,
                                                  std::string_view command, std::ostream& err,
                                                  client::Options base) {
    base.interfaces = options.interfaces;
    base.ignore_interfaces = options.ignore_interfaces;
    if (options.ipv4_only != options.ipv6_only)
        base.family = options.ipv4_only ? client::Family::ipv4 : client::Family::ipv6;
    if (!options.server.empty()) base.servers = {options.server};
    base.backend = backend_of(options.backend, base.backend);
    std::string error;
    auto out = client::Discovery::open(base, &error);
    if (out == nullptr) {
        err << command << ": " << error << '\n';
    } else if (options.verbose) {
        const std::string backend = out->backend();
        fmt::print(err, "{}: the link is asked by {}\n", command,
                   backend.empty() ? "nobody" : backend);
    }
    if (out != nullptr && !out->has_link()) {
        fmt::print(
            err,
            "{}: expected an interface that is up, has an address and is not left out, found "
            "none: waiting for one; see `ip addr`\n",
            command);
    }
    return out;
}

std::vector<std::string> link_reverse_names(const std::vector<std::string>& addresses) {
    std::vector<std::string> out;
    const std::vector<IpPrefix> neighbors = net::on_link_prefixes();
    for (const std::string& text : addresses) {
        const auto address = IpAddress::from_text(text);
        if (!address) continue;
        const bool near = std::ranges::any_of(
            neighbors, [&](const IpPrefix& prefix) { return prefix.contains(*address); });
        if (near) out.push_back(discovery::dnssd::reverse_name(*address).to_text());
    }
    return out;
}

DiscoveryRun::DiscoveryRun(client::Discovery& discovery) : discovery_(discovery) {
    const sigset_t set = ending_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = net::Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

DiscoveryRun::~DiscoveryRun() {
    read_signals();  // one that waits still must not end us now
    const sigset_t set = ending_signals();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void DiscoveryRun::end_in(double seconds) {
    end_at(Clock::now() +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
}

void DiscoveryRun::finish(int code) {
    finished_ = true;
    code_ = code;
}

void DiscoveryRun::watch(int fd, std::function<void()> on_readable) {
    watched_ = fd;
    on_watched_ = std::move(on_readable);
}

void DiscoveryRun::read_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info)
        finished_ = interrupted_ = true;
}

void DiscoveryRun::turn(std::optional<Clock::time_point> until) {
    int wait = discovery_.timeout_ms();
    if (until) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
        const int most = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
        wait = wait < 0 ? most : std::min(wait, most);
    }
    pollfd polls[] = {
        {discovery_.fd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}, {watched_, POLLIN, 0}};
    ::poll(polls, 3, wait);
    read_signals();
    if ((polls[2].revents & (POLLIN | POLLHUP)) != 0 && on_watched_) {
        const auto call = on_watched_;  // it may replace itself
        call();
    }
    discovery_.process();
}

void DiscoveryRun::say_goodbye() {
    discovery_.shut_down();
    const auto deadline = Clock::now() + goodbye_patience;
    while (!discovery_.is_quiet() && Clock::now() < deadline) turn(deadline);
}

int DiscoveryRun::run() {
    while (!finished_ && (!end_ || Clock::now() < *end_)) turn(end_);
    say_goodbye();
    return code_;
}

void JsonLine::key(std::string_view name) {
    if (out_.size() > 1) out_ += ", ";
    out_ += json_string(name) + ": ";
}

JsonLine& JsonLine::text(std::string_view name, std::string_view value) {
    return raw(name, json_string(value));
}
JsonLine& JsonLine::number(std::string_view name, std::uint64_t value) {
    return raw(name, fmt::format("{}", value));
}
JsonLine& JsonLine::boolean(std::string_view name, bool value) {
    return raw(name, value ? "true" : "false");
}

JsonLine& JsonLine::raw(std::string_view name, std::string_view json) {
    key(name);
    out_ += json;
    return *this;
}

namespace {

/// True when printable() changes nothing but backslashes: it is UTF-8 without control characters.
bool is_plain(std::string_view value) {
    std::string doubled;
    for (const char c : value) doubled += c == '\\' ? std::string("\\\\") : std::string(1, c);
    return client::printable(value) == doubled;
}

}  // namespace

std::string json_string(std::string_view value) {
    const std::string text = is_plain(value) ? std::string(value) : client::printable(value);
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string json_txt(const std::vector<client::TxtPair>& txt) {
    std::string out = "[";
    for (const client::TxtPair& pair : txt) {
        if (out.size() > 1) out += ", ";
        std::string value = "null";
        if (pair.value && is_plain(*pair.value)) value = json_string(*pair.value);
        if (pair.value && !is_plain(*pair.value)) {
            value = "{\"hex\": \"";
            dns::append_hex(value, as_bytes(*pair.value));
            value += "\"}";
        }
        out += fmt::format("[{}, {}]", json_string(pair.key), value);
    }
    return out + "]";
}

std::string_view change_word(client::Change change) {
    switch (change) {
        case client::Change::added: return "added";
        case client::Change::changed: return "changed";
        case client::Change::removed: return "removed";
    }
    return "";
}

char change_sign(client::Change change) {
    return change == client::Change::added ? '+' : change == client::Change::changed ? '=' : '-';
}

std::string name_text(const client::ServiceName& name) {
    std::string out;
    for (const char c : client::printable(name.instance)) {
        if (c == '.') out += '\\';
        out += c;
    }
    return fmt::format("{}.{}.{}", out, client::printable(name.type),
                       client::printable(name.domain));
}

std::string txt_text(const client::TxtPair& pair) {
    std::string out = client::printable(pair.key);
    if (pair.value) out += "=" + client::printable(*pair.value);
    return out;
}

std::string clock_text() {
    const auto now = std::chrono::system_clock::now();
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    const auto millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() %
        1000;
    return fmt::format("{:02}:{:02}:{:02}.{:03}", local.tm_hour, local.tm_min, local.tm_sec,
                       millis);
}

}  // namespace kith::cli
