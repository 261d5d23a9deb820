// systemd's service files: sections of `Key=value` lines (systemd.syntax(7)), of which [Service] is ours.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "discovery/dnssd/file_problems.hpp"
#include "discovery/dnssd/limits.hpp"
#include "discovery/dnssd/service_file.hpp"
#include "discovery/dnssd/txt.hpp"
#include "dns/decode.hpp"

namespace kith::discovery::dnssd {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// One word of a list: quotes taken off, C escapes resolved (systemd.syntax(7)). nullopt: a broken one.
std::optional<std::string> next_word(std::string_view text, std::size_t& at) {
    std::string out;
    char quote = '\0';
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (quote == '\0' && blanks.find(c) != std::string_view::npos) break;
        if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else if (c == quote && quote != '\0') {
            quote = '\0';
        } else if (c == '\\') {
            if (++at >= text.size()) return std::nullopt;
            static constexpr std::string_view from = "abfnrtv\\\"'s", to = "\a\b\f\n\r\t\v\\\"' ";
            if (const std::size_t found = from.find(text[at]); found != std::string_view::npos) {
                out += to[found];
            } else if (text[at] == 'x') {
                unsigned byte = 0;
                const std::string_view digits = text.substr(at + 1, 2);
                const auto [end, fault] =
                    std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
                if (digits.size() != 2 || fault != std::errc{} || end != digits.data() + 2)
                    return std::nullopt;
                out += static_cast<char>(byte);
                at += 2;
            } else {
                return std::nullopt;
            }
        } else {
            out += c;
        }
    }
    if (quote != '\0') return std::nullopt;
    return out;
}

class Reader {
public:
    Reader(std::string_view text, std::string_view file, const Specifiers& specifiers)
        : text_(text), specifiers_(specifiers), problems_(text, file) {}

    ServiceFile read() {
        if (text_.size() > service_file_bytes_max) {
            problems_.add(0, fmt::format("a service file has at most {} bytes, found {}",
                                         service_file_bytes_max, text_.size()));
            return finish();
        }
        for (std::size_t at = 0; at < text_.size();) {
            const std::size_t end = std::min(text_.find('\n', at), text_.size());
            read_line(text_.substr(at, end - at), at);
            at = end + 1;
        }
        if (!problems_.has_errors()) check();
        return finish();
    }

private:
    void read_line(std::string_view line, std::size_t at) {
        const std::string_view text = trimmed(line);
        if (text.empty() || text[0] == '#' || text[0] == ';') return;
        if (text.front() == '[') {
            if (text.back() != ']')
                return problems_.add(at, "expected ']' at the end of the section's name");
            in_service_ = text == "[Service]";
            seen_service_ |= in_service_;
            return;
        }
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos)
            return problems_.add(at, "expected Key=value or [Section]");
        if (!in_service_) return;
        set(trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1)), at);
    }

    void set(std::string_view key, std::string_view value, std::size_t at) {
        if (key == "Name") {
            if (const auto name = expand(value, at)) service_.instance = *name;
        } else if (key == "Type") {
            const auto selector = TypeSelector::from_text(value);
            if (!selector) return problems_.add(at, selector.error().text);
            service_.type = selector->type;
            has_type_ = true;
        } else if (key == "SubType") {
            // `_printer`, or in full `_printer._sub._http._tcp`.
            const auto selector = TypeSelector::from_text(value);
            service_.subtypes.emplace_back(
                selector && !selector->subtype.empty() ? selector->subtype : std::string(value));
        } else if (key == "Port") {
            set_number(value, service_.port, at);
        } else if (key == "Priority") {
            set_number(value, service_.priority, at);
        } else if (key == "Weight") {
            set_number(value, service_.weight, at);
        } else if (key == "TxtText" || key == "TxtData") {
            add_txt(key == "TxtData", value, at);
        } else {
            problems_.add(at, fmt::format("'{}' is not known here; it is ignored", printable(key)),
                          Severity::warning);
        }
    }

    void set_number(std::string_view value, std::uint16_t& out, std::size_t at) {
        const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), out);
        if (fault != std::errc{} || end != value.data() + value.size())
            problems_.add(
                at, fmt::format("expected a number from 0 to 65535, found '{}'", printable(value)));
    }

    /// Each line is a TXT record of its own; an empty one forgets those before.
    void add_txt(bool is_data, std::string_view value, std::size_t at) {
        if (value.empty()) return txt_.clear();
        std::vector<std::string> strings;
        for (std::size_t in = 0; in < value.size();) {
            if (blanks.find(value[in]) != std::string_view::npos) {
                ++in;
                continue;
            }
            auto word = next_word(value, in);
            if (!word) return problems_.add(at, "expected words with whole quotes and escapes");
            if (is_data && !decode(*word))
                return problems_.add(
                    at, fmt::format("expected key=base64, found '{}'", printable(*word)));
            if (word->size() > txt_string_bytes_max)
                return problems_.add(
                    at, fmt::format("a TXT string has at most 255 bytes, found {}", word->size()));
            strings.push_back(std::move(*word));
        }
        if (txt_.size() >= txt_records_max)
            return problems_.add(
                at, fmt::format("a service has at most {} TXT records", txt_records_max));
        txt_.push_back(*txt_rdata(strings));
    }

    static bool decode(std::string& word) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) return false;
        const auto bytes =
            dns::decode(dns::Decoder::Base::base64, std::string_view(word).substr(equals + 1));
        if (!bytes) return false;
        word.resize(equals + 1);
        word.append(bytes->begin(), bytes->end());
        return true;
    }

    /// The specifiers of systemd.dnssd(5).
    std::optional<std::string> expand(std::string_view value, std::size_t at) {
        std::string out;
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (value[i] != '%') {
                out += value[i];
                continue;
            }
            const char letter = i + 1 < value.size() ? value[i + 1] : '\0';
            const std::string* const meant = specifier(letter);
            if (letter == '%') {
                out += '%';
            } else if (meant != nullptr) {
                out += *meant;
            } else {
                problems_.add(
                    at, "expected %H, %m, %b, %v, %a, %o, %w or %% where a percent sign stands");
                return std::nullopt;
            }
            ++i;
        }
        return out;
    }

    const std::string* specifier(char letter) const {
        switch (letter) {
            case 'H': return &specifiers_.host;
            case 'm': return &specifiers_.machine_id;
            case 'b': return &specifiers_.boot_id;
            case 'v': return &specifiers_.kernel;
            case 'a': return &specifiers_.architecture;
            case 'o': return &specifiers_.os_id;
            case 'w': return &specifiers_.os_version;
            default: return nullptr;
        }
    }

    void check() {
        if (!seen_service_) return problems_.add(0, "expected a section [Service], found none");
        if (service_.instance.empty()) problems_.add(0, "expected Name= in [Service]");
        if (!has_type_) problems_.add(0, "expected Type= in [Service]");
        if (problems_.has_errors()) return;
        service_.txt = txt_;
        if (const auto good = check_service(service_); !good) problems_.add(0, good.error().text);
    }

    ServiceFile finish() {
        ServiceFile out;
        if (!problems_.has_errors()) out.services.push_back(std::move(service_));
        out.problems = problems_.take();
        return out;
    }

    std::string_view text_;
    const Specifiers& specifiers_;
    FileProblems problems_;
    Service service_;
    std::vector<std::vector<std::uint8_t>> txt_;
    bool in_service_ = false, seen_service_ = false, has_type_ = false;
};

}  // namespace

ServiceFile read_systemd_dnssd(std::string_view text, std::string_view file,
                               const Specifiers& specifiers) {
    return Reader(text, file, specifiers).read();
}

}  // namespace kith::discovery::dnssd
