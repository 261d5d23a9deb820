#include "resolve/resolv_conf.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "resolve/forward_config.hpp"
#include "resolve/limits.hpp"

namespace kith::resolve {
namespace {

/// The words of one line, each with its column, as resolv.conf(5) separates them: blanks and tabs.
class Words {
public:
    explicit Words(std::string_view line) : line_(line) {}
    /// Empty at the end of the line.
    std::string_view next() {
        at_ = std::min(line_.find_first_not_of(" \t\r", at_), line_.size());
        start_ = at_;
        at_ = std::min(line_.find_first_of(" \t\r", at_), line_.size());
        return line_.substr(start_, at_ - start_);
    }
    std::uint32_t column() const { return static_cast<std::uint32_t>(start_ + 1); }

private:
    std::string_view line_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;
};

std::optional<std::uint32_t> parse_number(std::string_view text) {
    std::uint32_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A bare address (the port is always 53), with `%index` after it for link-local IPv6.
std::optional<Endpoint> parse_nameserver(std::string_view text) {
    const std::size_t percent = text.find('%');
    const std::optional<IpAddress> address = IpAddress::from_text(text.substr(0, percent));
    if (!address || address->is_multicast()) return std::nullopt;
    Endpoint endpoint{*address, 53, 0};
    if (percent != std::string_view::npos) {
        const auto zone = parse_number(text.substr(percent + 1));
        if (!zone || !address->is_link_local()) return std::nullopt;
        endpoint.scope = *zone;
    }
    // glibc reads 0.0.0.0 and :: as this host.
    if (address->is_unspecified())
        endpoint.address = *IpAddress::from_text(address->is_v4() ? "127.0.0.1" : "::1");
    return endpoint;
}

class Reader {
public:
    explicit Reader(Problems* problems) : problems_(problems) {}

    void line(std::string_view text) {
        ++line_;
        Words words(text);
        const std::string_view keyword = words.next();
        if (keyword.empty() || text[0] == '#' || text[0] == ';') return;
        if (keyword == "nameserver") {
            nameserver(words);
        } else if (keyword == "search" || keyword == "domain") {
            search(words);
        } else if (keyword == "options") {
            options(words);
        } else if (keyword != "sortlist") {
            warn(words.column(),
                 fmt::format("expected nameserver, search, domain, options or sortlist, found {}: "
                             "the line is skipped",
                             log_text(keyword)));
        }
    }
    ResolvConf take() { return std::move(conf_); }

private:
    /// What a line holds, short and printable.
    static std::string log_text(std::string_view word) {
        std::string out = "\"";
        for (const char c : word.substr(0, 64)) out += c >= ' ' && c < 127 ? c : '?';
        return out + '"';
    }

    void nameserver(Words& words) {
        const std::string_view word = words.next();
        const std::optional<Endpoint> server = parse_nameserver(word);
        if (!server) {
            warn(words.column(),
                 fmt::format("expected an IP address, found {}: the line is skipped",
                             log_text(word)));
        } else if (std::ranges::find(conf_.upstreams, *server) != conf_.upstreams.end()) {
            return;
        } else if (conf_.upstreams.size() == route_upstreams_max) {
            warn(words.column(), fmt::format("more than {} nameservers: this one is not used",
                                             route_upstreams_max));
        } else {
            conf_.upstreams.push_back(*server);
        }
    }

    void search(Words& words) {
        conf_.search.clear();
        for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
            const dns::Text<dns::Name> name = dns::Name::from_text(word);
            if (name) {
                conf_.search.push_back(*name);
            } else {
                warn(words.column(), fmt::format("expected a domain, found {}: {}", log_text(word),
                                                 name.error().text));
            }
            if (conf_.search.size() == 256) return;  // glibc's limit is 256 bytes of text
        }
    }

    void options(Words& words) {
        for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
            const std::size_t colon = std::min(word.find(':'), word.size());
            const std::string_view key = word.substr(0, colon);
            const auto value = parse_number(word.substr(std::min(colon + 1, word.size())));
            if (key == "rotate") conf_.rotate = true;
            if (key == "trust-ad") conf_.trust_ad = true;
            if (key != "timeout" && key != "attempts")
                continue;  // others concern the C library only
            if (!value) {
                warn(words.column(),
                     fmt::format("expected {}:number, found {}", key, log_text(word)));
            } else if (key == "timeout") {
                conf_.timeout = std::chrono::seconds(std::clamp<std::uint32_t>(*value, 1, 30));
            } else {
                conf_.attempts = static_cast<int>(std::clamp<std::uint32_t>(*value, 1, 5));
            }
        }
    }

    void warn(std::uint32_t column, std::string text) {
        if (problems_ == nullptr || problems_->size() >= 100) return;
        problems_->push_back({{}, line_, column, std::move(text), Severity::warning});
    }

    Problems* problems_;
    ResolvConf conf_;
    std::uint32_t line_ = 0;
};

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text, Problems* problems) {
    Reader reader(problems);
    text = text.substr(0, resolv_conf_bytes_max);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        reader.line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return reader.take();
}

}  // namespace kith::resolve
