// A recursive descent over RFC 8259's grammar; depth_max bounds the recursion. A text without
// escapes is handed out as a view into the file, so most files are read without one copy.

#include "config/json_reader.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "config/limits.hpp"
#include "config/text.hpp"

namespace kith::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// True for the bytes a text may hold as they are, and that need no second look.
constexpr std::array<bool, 256> plain = [] {
    std::array<bool, 256> out{};
    for (std::size_t byte = 0x20; byte < 0x80; ++byte) out[byte] = byte != '"' && byte != '\\';
    return out;
}();

void append_utf8(std::string& out, std::uint32_t code) {
    const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
        add(0xc0 | code >> 6U);
    } else if (code < 0x10000) {
        add(0xe0 | code >> 12U);
        add(0x80 | (code >> 6U & 0x3f));
    } else {
        add(0xf0 | code >> 18U);
        add(0x80 | (code >> 12U & 0x3f));
        add(0x80 | (code >> 6U & 0x3f));
    }
    add(0x80 | (code & 0x3f));
}

/// Bytes of the UTF-8 sequence at the start of `text` (RFC 3629 §4); 0 when it is not one.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (first == 0xe0 && byte(1) < 0xa0) return 0;   // overlong
        if (first == 0xed && byte(1) >= 0xa0) return 0;  // a surrogate
        return tail(1) && tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (first == 0xf0 && byte(1) < 0x90) return 0;   // overlong
        if (first == 0xf4 && byte(1) >= 0x90) return 0;  // beyond U+10FFFF
        return tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

class JsonReader {
public:
    JsonReader(std::string_view text, const Lines& lines, JsonEvents& events)
        : text_(text), lines_(lines), events_(events) {}

    std::optional<SyntaxError> read() {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
        if (skip_blank() && at_ == text_.size()) {
            fail(at_, "expected a JSON object, found nothing; the least is {}");
        } else if (!error_ && read_value("a JSON object") && skip_blank() && at_ < text_.size()) {
            fail(at_, fmt::format("expected the end of the file, found {}", found()));
        }
        return std::move(error_);
    }

private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool at_end() const { return at_ >= text_.size(); }
    Offset here() const { return static_cast<Offset>(at_); }

    bool fail(std::size_t at, std::string text) {
        if (!error_) error_ = SyntaxError{static_cast<Offset>(at), std::move(text)};
        return false;
    }

    /// What stands at the cursor, in words.
    std::string found() const {
        if (at_end()) return "the end of the file";
        std::size_t end = at_;
        while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
        return shown(text_.substr(at_, std::max<std::size_t>(1, end - at_)));
    }

    /// Passes blanks and comments. False: a comment that never ends.
    bool skip_blank() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
                ++at_;
            } else if (c != '/') {
                return true;
            } else if (!skip_comment()) {
                return false;
            }
        }
        return true;
    }

    bool skip_comment() {
        const std::string_view opening = text_.substr(at_, 2);
        if (opening == "//") {
            at_ = std::min(text_.find('\n', at_), text_.size());
            return true;
        }
        if (opening != "/*") return fail(at_, "expected a comment ('//' or '/*'), found '/'");
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == text_.npos) return fail(at_, "expected '*/' to end this comment, found none");
        at_ = end + 2;
        return true;
    }

    bool read_value(std::string_view what) {
        switch (peek()) {
            case '{': return read_object();
            case '[': return read_list();
            case '"': return read_text_value();
            case 't': return read_word("true", {.kind = Scalar::Kind::flag, .flag = true});
            case 'f': return read_word("false", {.kind = Scalar::Kind::flag});
            case 'n': return read_word("null", {});
            default:
                if (is_digit(peek()) || peek() == '-') return read_number();
                return fail_value(what);
        }
    }

    bool fail_value(std::string_view what) {
        const char c = peek();
        std::string hint;
        if (is_letter(c)) hint = "; put text in double quotes";
        if (c == '\'') hint = "; use double quotes";
        return fail(at_, fmt::format("expected {}, found {}{}", what, found(), hint));
    }

    bool enter(std::size_t opened) {
        if (++depth_ <= depth_max) return true;
        return fail(
            opened,
            fmt::format("expected at most {} levels of lists and objects, found more", depth_max));
    }

    /// After an item: passes the comma. False in `more`: the closing bracket comes now.
    bool next_item(char closing, std::size_t opened, bool& more) {
        if (!skip_blank()) return false;
        const bool comma = peek() == ',' && !at_end();
        if (comma) {
            ++at_;
            if (!skip_blank()) return false;
        }
        more = at_end() || peek() != closing;
        if (!more || (comma && !at_end())) return true;
        if (at_end()) {
            return fail(at_, fmt::format("expected '{}' for the '{}' in line {}, found the end of "
                                         "the file",
                                         closing, text_[opened], line_of(opened)));
        }
        return fail(at_, fmt::format("expected ',' or '{}', found {}", closing, found()));
    }

    std::uint32_t line_of(std::size_t at) const { return lines_.at(static_cast<Offset>(at)).line; }

    bool read_object() {
        const std::size_t opened = at_;
        if (!enter(opened)) return false;
        events_.on_object_begin(here());
        ++at_;
        if (!skip_blank()) return false;
        for (bool more = peek() != '}'; more;) {
            if (!read_member(opened) || !next_item('}', opened, more)) return false;
        }
        events_.on_object_end(here());
        ++at_;
        --depth_;
        return true;
    }

    bool read_member(std::size_t opened) {
        if (at_end()) {
            return fail(at_, fmt::format("expected '}}' for the '{{' in line {}, found the end of "
                                         "the file",
                                         line_of(opened)));
        }
        if (peek() != '"') return fail_value("a key in double quotes or '}'");
        const Offset at = here();
        std::string_view key;
        if (!read_text(key, key_bytes_max)) return false;
        events_.on_key(at, key);
        if (!skip_blank()) return false;
        if (peek() != ':')
            return fail(at_, fmt::format("expected ':' after the key, found {}", found()));
        ++at_;
        return skip_blank() && read_value("a value");
    }

    bool read_list() {
        const std::size_t opened = at_;
        if (!enter(opened)) return false;
        events_.on_list_begin(here());
        ++at_;
        if (!skip_blank()) return false;
        for (bool more = at_end() || peek() != ']'; more;) {
            if (!read_value("a value or ']'") || !next_item(']', opened, more)) return false;
        }
        events_.on_list_end(here());
        ++at_;
        --depth_;
        return true;
    }

    bool read_word(std::string_view word, const Scalar& value) {
        const std::string_view rest = text_.substr(at_);
        const bool longer = rest.size() > word.size() &&
                            (is_letter(rest[word.size()]) || is_digit(rest[word.size()]));
        if (!rest.starts_with(word) || longer) return fail_value("a value");
        events_.on_scalar(here(), value);
        at_ += word.size();
        return true;
    }

    std::size_t skip_digits(std::size_t at) const {
        while (at < text_.size() && is_digit(text_[at])) ++at;
        return at;
    }

    bool read_number() {
        const std::size_t start = at_;
        const auto is = [this](std::size_t at, char a, char b) {
            return at < text_.size() && (text_[at] == a || text_[at] == b);
        };
        std::size_t at = start + (peek() == '-' ? 1 : 0);
        const std::size_t whole = at;
        at = skip_digits(at);
        if (at == whole) return fail(start, "expected a digit after '-'");
        if (at > whole + 1 && text_[whole] == '0') {
            return fail(start, "expected a number without leading zeros");
        }
        bool integer = whole == start;
        for (const auto& [a, b] : {std::pair{'.', '.'}, std::pair{'e', 'E'}}) {
            if (!is(at, a, b)) continue;
            integer = false;
            ++at;
            if (a == 'e' && is(at, '+', '-')) ++at;
            const std::size_t digits = at;
            at = skip_digits(at);
            if (at == digits)
                return fail(at, fmt::format("expected a digit after '{}'", text_[at - 1]));
        }
        return send_number(text_.substr(start, at - start), integer);
    }

    bool send_number(std::string_view digits, bool integer) {
        if (digits.size() > key_bytes_max) return fail(at_, "expected a number of fewer digits");
        Scalar value{.kind = Scalar::Kind::number, .text = digits};
        if (integer) {
            const auto end = digits.data() + digits.size();
            const auto [_, error] = std::from_chars(digits.data(), end, value.count);
            if (error == std::errc{}) value.kind = Scalar::Kind::count;
        }
        if (const std::size_t after = at_ + digits.size();
            after < text_.size() && (is_letter(text_[after]) || text_[after] == '.')) {
            // 192.168.0.1 without quotes is the usual reason.
            return fail(at_,
                        "expected a number, found text that starts with one; put text in "
                        "double quotes");
        }
        events_.on_scalar(here(), value);
        at_ += digits.size();
        return true;
    }

    bool read_text_value() {
        const Offset at = here();
        Scalar value{.kind = Scalar::Kind::text};
        if (!read_text(value.text, text_bytes_max)) return false;
        events_.on_scalar(at, value);
        return true;
    }

    /// The text whose opening quote is at the cursor: a view into the file or into scratch_.
    bool read_text(std::string_view& out, std::size_t bytes_max) {
        const std::size_t opened = at_++;
        bool copied = false;
        std::size_t start = at_;  // of what is not yet in scratch_
        scratch_.clear();
        while (true) {
            while (at_ < text_.size() && plain[static_cast<unsigned char>(text_[at_])]) ++at_;
            if (scratch_.size() + (at_ - start) > bytes_max) {
                return fail(opened, fmt::format("expected text of at most {} bytes, found more",
                                                bytes_max));
            }
            if (at_end()) return fail(opened, "expected '\"' to end this text, found none");
            const char c = text_[at_];
            if (c == '"') break;
            if (c == '\\') {
                scratch_.append(text_, start, at_ - start);
                copied = true;
                if (!read_escape()) return false;
                start = at_;
            } else if (!pass_other(opened)) {
                return false;
            }
        }
        out = text_.substr(start, at_ - start);
        if (copied) out = scratch_.append(out);
        ++at_;
        return true;
    }

    /// Passes one character beyond ASCII; control characters are refused.
    bool pass_other(std::size_t opened) {
        if (text_[at_] == '\n' || text_[at_] == '\r') {
            return fail(opened, "expected '\"' to end this text in its line, found the line's end");
        }
        if (static_cast<unsigned char>(text_[at_]) < ' ') {
            return fail(at_, fmt::format("expected no control character in text, found {}; write "
                                         "it as \\u00XX",
                                         shown(text_.substr(at_, 1))));
        }
        const std::size_t length = utf8_length(text_.substr(at_, 4));
        if (length == 0) {
            return fail(at_,
                        fmt::format("expected UTF-8, found the byte {}; save the file as UTF-8",
                                    shown(text_.substr(at_, 1))));
        }
        at_ += length;
        return true;
    }

    bool read_escape() {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
        if (c == 'u') return read_unicode_escape();
        const std::size_t which = letters.find(c);
        if (which == letters.npos) {
            return fail(at_,
                        fmt::format("expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, "
                                    "found {}; write a backslash as \\\\",
                                    shown(text_.substr(at_, 2))));
        }
        scratch_ += meanings[which];
        at_ += 2;
        return true;
    }

    /// The four digits of `\uXXXX` at the cursor; nullopt when they are not there.
    std::optional<std::uint32_t> unicode_unit(std::size_t at) const {
        const std::string_view escape = text_.substr(std::min(at, text_.size()), 6);
        if (escape.size() != 6 || !escape.starts_with("\\u")) return std::nullopt;
        std::uint32_t unit = 0;
        const auto [end, error] = std::from_chars(escape.data() + 2, escape.data() + 6, unit, 16);
        if (error != std::errc{} || end != escape.data() + 6) return std::nullopt;
        return unit;
    }

    bool read_unicode_escape() {
        const auto first = unicode_unit(at_);
        if (!first) return fail(at_, "expected four hexadecimal digits after \\u");
        std::uint32_t code = *first;
        if (code >= 0xd800 && code <= 0xdfff) {
            const auto second = unicode_unit(at_ + 6);
            if (code >= 0xdc00 || !second || *second < 0xdc00 || *second > 0xdfff) {
                return fail(at_,
                            "expected a pair of surrogates (\\ud800..\\udbff, then "
                            "\\udc00..\\udfff), found one alone");
            }
            code = 0x10000 + ((code - 0xd800) << 10U) + (*second - 0xdc00);
            at_ += 6;
        }
        at_ += 6;
        append_utf8(scratch_, code);
        return true;
    }

    std::string_view text_;
    const Lines& lines_;
    JsonEvents& events_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::string scratch_;
    std::optional<SyntaxError> error_;
};

}  // namespace

std::optional<SyntaxError> read_json(std::string_view text, const Lines& lines,
                                     JsonEvents& events) {
    if (text.size() > config_bytes_max) {
        return SyntaxError{0, fmt::format("expected a file of at most {}, found {}",
                                          size_text(config_bytes_max), size_text(text.size()))};
    }
    return JsonReader(text, lines, events).read();
}

}  // namespace kith::config
