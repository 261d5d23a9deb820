#pragma once
// What the discovery commands share: opening, running until interrupted, saying goodbye, JSON.

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/discovery_commands.hpp"
#include "client/discovery.hpp"
#include "net/descriptor.hpp"

namespace kith::cli {

/// What `--backend` takes.
struct BackendWord {
    const char* word;
    client::Backend backend;
    const char* who;  // for the help, where the word does not say it
};
inline constexpr BackendWord backend_words[] = {
    {"auto", client::Backend::automatic, ""},
    {"mdns", client::Backend::mdns, " (kith itself)"},
    {"avahi", client::Backend::avahi, ""},
    {"resolved", client::Backend::resolved, ""},
    {"unicast", client::Backend::none, " (nobody)"},
};

/// Opens discovery as the options say; null after telling `err` why not.
std::unique_ptr<client::Discovery> open_discovery(const DiscoveryOptions& options,
                                                  std::string_view command, std::ostream& err,
                                                  client::Options base = {});

/// The reverse name of an address when neighbors have it (private, link-local, a network of this machine):
/// then the link is asked, as other tools do. Empty: DNS is.
std::vector<std::string> link_reverse_names(const std::vector<std::string>& addresses);

/// Runs a Discovery until something ends it. SIGINT and SIGTERM end it at once and cleanly: while it lives
/// they are blocked, and read from a descriptor.
class DiscoveryRun {
public:
    using Clock = std::chrono::steady_clock;

    explicit DiscoveryRun(client::Discovery& discovery);
    ~DiscoveryRun();
    DiscoveryRun(const DiscoveryRun&) = delete;
    DiscoveryRun& operator=(const DiscoveryRun&) = delete;

    /// Ends at this moment, unless put off again.
    void end_at(Clock::time_point when) { end_ = when; }
    void end_in(double seconds);
    /// Ends as soon as possible, with this exit code.
    void finish(int code = 0);
    /// Also watches a descriptor; `on_readable` is called when it is.
    void watch(int fd, std::function<void()> on_readable);
    /// Runs until finish(), end_at() or a signal; then says goodbye for what is registered. The exit code.
    int run();
    bool was_interrupted() const { return interrupted_; }

private:
    void turn(std::optional<Clock::time_point> until);
    void read_signals();
    void say_goodbye();

    client::Discovery& discovery_;
    net::Descriptor signals_;
    int watched_ = -1;
    std::function<void()> on_watched_;
    std::optional<Clock::time_point> end_;
    bool finished_ = false;
    bool interrupted_ = false;
    int code_ = 0;
};

/// A JSON object, written member by member.
class JsonLine {
public:
    JsonLine& text(std::string_view key, std::string_view value);
    JsonLine& number(std::string_view key, std::uint64_t value);
    JsonLine& boolean(std::string_view key, bool value);
    /// A value that is JSON already.
    JsonLine& raw(std::string_view key, std::string_view json);
    std::string finish() const { return out_ + "}"; }

private:
    void key(std::string_view name);
    std::string out_ = "{";
};

/// `"..."`. What is not UTF-8 becomes \DDD, as printable() does.
std::string json_string(std::string_view value);
/// [["key", "value"], ["flag", null]]; values that are not UTF-8 are {"hex": "00FF"}.
std::string json_txt(const std::vector<client::TxtPair>& txt);
std::string_view change_word(client::Change change);  // "added", "changed", "removed"
/// `+`, `=` and `-`.
char change_sign(client::Change change);
/// `My Web._http._tcp.local` for a terminal, as `kith resolve` takes it back: dots and backslashes of the
/// instance escaped, control characters and broken UTF-8 as \DDD.
std::string name_text(const client::ServiceName& name);
/// `key=value` for a terminal.
std::string txt_text(const client::TxtPair& pair);
/// `HH:MM:SS.mmm`, local time now.
std::string clock_text();

}  // namespace kith::cli
