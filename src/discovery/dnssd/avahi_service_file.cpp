// Avahi's service files: one group, one name, one or more services under it.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "discovery/dnssd/file_problems.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/service_file.hpp"
#include "discovery/dnssd/txt.hpp"
#include "discovery/dnssd/xml_scanner.hpp"
#include "dns/decode.hpp"

namespace kith::discovery::dnssd {
namespace {

/// avahi.service(5): in names with replace-wildcards="yes" `%h` is the host's name, `%%` a percent sign.
std::string replace_wildcards(std::string_view text, const Specifiers& specifiers) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 1 < text.size() && (text[i + 1] == 'h' || text[i + 1] == '%')) {
            out += text[i + 1] == 'h' ? specifiers.host : "%";
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

class Reader {
public:
    Reader(std::string_view text, std::string_view file, const Specifiers& specifiers)
        : text_(text), specifiers_(specifiers), scanner_(text), problems_(text, file) {}

    ServiceFile read() {
        if (text_.size() > service_file_bytes_max) {
            problems_.add(0, fmt::format("a service file has at most {} bytes, found {}",
                                         service_file_bytes_max, text_.size()));
            return finish();
        }
        while (step()) {
        }
        if (!problems_.has_errors()) check();
        return finish();
    }

private:
    /// One token; false at the end or at what is no XML.
    bool step() {
        auto token = scanner_.next(service_file_depth_max);
        if (!token) {
            problems_.add(token.error().position, token.error().text);
            return false;
        }
        switch (token->kind) {
            case XmlToken::Kind::end:
                if (!seen_group_) problems_.add(0, "expected <service-group>, found nothing");
                return false;
            case XmlToken::Kind::open: open(*token); return true;
            case XmlToken::Kind::close: close(*token); return true;
            case XmlToken::Kind::text: value_ += token->text; return true;
        }
        return false;
    }

    void open(const XmlToken& token) {
        value_.clear();
        value_at_ = token.at;
        attributes_ = token.attributes;
        path_.push_back(token.name);
        if (path_.size() == 1) {
            seen_group_ = true;
            if (token.name != "service-group")
                problems_.add(token.at,
                              fmt::format("expected <service-group>, found <{}>", token.name));
        } else if (path_.size() == 2 && token.name == "service") {
            start_service(token);
        } else if (!is_known()) {
            problems_.add(token.at,
                          fmt::format("<{}> is not known here; it is ignored", token.name),
                          Severity::warning);
        }
    }

    bool is_known() const {
        static constexpr std::string_view inside[] = {"type",      "subtype", "domain-name",
                                                      "host-name", "port",    "txt-record"};
        if (path_.size() == 2) return path_[1] == "name";
        return path_.size() == 3 && path_[1] == "service" &&
               std::ranges::find(inside, path_[2]) != std::end(inside);
    }

    void start_service(const XmlToken& token) {
        if (services_.size() >= services_per_file_max) {
            problems_.add(token.at, fmt::format("a file describes at most {} services",
                                                services_per_file_max));
            return;
        }
        services_.push_back({});
        places_.push_back(token.at);
        txt_.emplace_back();
        const auto protocol = attribute("protocol");
        if (protocol == "ipv4") services_.back().family = IpFamily::v4;
        if (protocol == "ipv6") services_.back().family = IpFamily::v6;
        if (protocol && protocol != "ipv4" && protocol != "ipv6" && protocol != "any") {
            problems_.add(
                token.at,
                fmt::format("expected protocol=\"ipv4\", \"ipv6\" or \"any\", found \"{}\"",
                            printable(*protocol)));
        }
    }

    std::optional<std::string> attribute(std::string_view name) const {
        for (const auto& [key, value] : attributes_) {
            if (key == name) return value;
        }
        return std::nullopt;
    }

    void close(const XmlToken&) {
        const bool known = is_known();
        if (known && path_.size() == 2) {
            const std::string text(trimmed(value_));
            name_ = attribute("replace-wildcards") == "yes" ? replace_wildcards(text, specifiers_)
                                                            : text;
        } else if (known && !services_.empty()) {
            take(path_[2]);
        }
        path_.pop_back();
        value_.clear();
    }

    void take(std::string_view element) {
        Service& service = services_.back();
        const std::string_view text = trimmed(value_);
        if (element == "type") {
            const auto selector = TypeSelector::from_text(text);
            if (!selector) return problems_.add(value_at_, selector.error().text);
            service.type = selector->type;
            if (!selector->subtype.empty()) service.subtypes.push_back(selector->subtype);
        } else if (element == "subtype") {
            const auto selector = TypeSelector::from_text(text);
            if (!selector || selector->subtype.empty())
                return problems_.add(
                    value_at_,
                    fmt::format("expected a subtype such as _printer._sub._http._tcp, found '{}'",
                                printable(text)));
            service.subtypes.push_back(selector->subtype);
        } else if (element == "domain-name" || element == "host-name") {
            const auto name = dns::Name::from_text(text);
            if (!name)
                return problems_.add(value_at_, fmt::format("'{}' is no name: {}", printable(text),
                                                            name.error().text));
            (element == "domain-name" ? service.domain : service.host) = *name;
        } else if (element == "port") {
            const auto [end, fault] =
                std::from_chars(text.data(), text.data() + text.size(), service.port);
            if (fault != std::errc{} || end != text.data() + text.size())
                problems_.add(value_at_, fmt::format("expected a port from 0 to 65535, found '{}'",
                                                     printable(text)));
        } else {
            take_txt();
        }
    }

    void take_txt() {
        const std::string format = attribute("value-format").value_or("text");
        std::string string = value_;
        const std::size_t equals = string.find('=');
        if (format != "text") {
            if (equals == std::string::npos) return problems_.add(value_at_, "expected key=value");
            const std::string_view coded = trimmed(std::string_view(string).substr(equals + 1));
            std::optional<std::vector<std::uint8_t>> bytes;
            if (format == "binary-hex") {
                bytes = dns::decode(dns::Decoder::Base::base16, coded);
            } else if (format == "binary-base64") {
                bytes = dns::decode(dns::Decoder::Base::base64, coded);
            } else {
                return problems_.add(
                    value_at_,
                    fmt::format(
                        "expected value-format=\"text\", \"binary-hex\" or \"binary-base64\", found \"{}\"",
                        printable(format)));
            }
            if (!bytes)
                return problems_.add(
                    value_at_,
                    fmt::format("the value is not what value-format=\"{}\" says", format));
            string.resize(equals + 1);
            string.append(bytes->begin(), bytes->end());
        }
        if (string.size() > txt_string_bytes_max)
            return problems_.add(
                value_at_,
                fmt::format("a TXT string has at most 255 bytes, found {}", string.size()));
        txt_.back().push_back(std::move(string));
    }

    void check() {
        if (name_.empty()) problems_.add(0, "expected a <name> that is not empty");
        if (services_.empty())
            problems_.add(0, "expected at least one <service>, found none", Severity::warning);
        for (std::size_t i = 0; i < services_.size(); ++i) {
            services_[i].instance = name_;
            services_[i].txt = {*txt_rdata(txt_[i])};
            if (const auto good = check_service(services_[i]); !good)
                problems_.add(places_[i], good.error().text);
        }
    }

    ServiceFile finish() {
        const bool good = !problems_.has_errors();
        return {good ? std::move(services_) : std::vector<Service>(), problems_.take()};
    }

    std::string_view text_;
    const Specifiers& specifiers_;
    XmlScanner scanner_;
    FileProblems problems_;
    std::vector<std::string> path_;
    std::string value_;
    std::size_t value_at_ = 0;
    std::vector<std::pair<std::string, std::string>> attributes_;
    std::string name_;
    bool seen_group_ = false;
    std::vector<Service> services_;
    std::vector<std::size_t> places_;
    std::vector<std::vector<std::string>> txt_;  // of each service
};

}  // namespace

ServiceFile read_avahi_service(std::string_view text, std::string_view file,
                               const Specifiers& specifiers) {
    return Reader(text, file, specifiers).read();
}

}  // namespace kith::discovery::dnssd
