#include "discovery/dnssd/xml_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "discovery/dnssd/service_name.hpp"
#include "discovery/dnssd/utf8.hpp"

namespace kith::discovery::dnssd {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':';
}

/// UTF-8 of a code point that XML 1.0 §2.2 allows; false for others.
bool append_character(std::uint32_t code, std::string& out) {
    const bool allowed = code == 9 || code == 10 || code == 13 ||
                         (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd) ||
                         (code >= 0x10000 && code <= 0x10ffff);
    if (!allowed) return false;
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
    return true;
}

}  // namespace

std::unexpected<dns::TextError> XmlScanner::error(std::string what, std::size_t at) const {
    return std::unexpected(dns::TextError{std::move(what), std::min(at, text_.size())});
}

void XmlScanner::skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

dns::Text<std::string> XmlScanner::read_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    if (at_ == start) return error("expected a name", start);
    return std::string(text_.substr(start, at_ - start));
}

dns::Text<void> XmlScanner::resolve_one(std::string_view entity, std::size_t at,
                                        std::string& out) const {
    static constexpr std::pair<std::string_view, char> known[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [name, character] : known) {
        if (entity == name) {
            out += character;
            return {};
        }
    }
    if (!entity.starts_with('#'))
        return error(
            fmt::format(
                "'&{};' is none of the entities known here: &amp; &lt; &gt; &quot; &apos; &#number;",
                printable(entity)),
            at);
    std::string_view digits = entity.substr(1);
    int base = 10;
    if (digits.starts_with('x')) {
        digits.remove_prefix(1);
        base = 16;
    }
    std::uint32_t code = 0;
    const auto [end, fault] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    if (fault != std::errc{} || end != digits.data() + digits.size() ||
        !append_character(code, out)) {
        return error(fmt::format("'&{};' is no character", printable(entity)), at);
    }
    return {};
}

dns::Text<std::string> XmlScanner::resolve(std::string_view raw, std::size_t at) const {
    std::string out;
    for (std::size_t i = 0; i < raw.size();) {
        if (raw[i] != '&') {
            out += raw[i++];
            continue;
        }
        const std::size_t end = raw.find(';', i);
        if (end == std::string_view::npos || end - i > 12)
            return error("expected an entity such as &amp; behind '&'", at + i);
        KITH_TRY_VOID(resolve_one(raw.substr(i + 1, end - i - 1), at + i, out));
        i = end + 1;
    }
    return out;
}

/// Passes over comments, processing instructions and the document type.
dns::Text<void> XmlScanner::skip_markup() {
    struct Row {
        std::string_view open, close, name;
    };
    static constexpr Row rows[] = {{"<!--", "-->", "comment"},
                                   {"<?", "?>", "processing instruction"},
                                   {"<!DOCTYPE", ">", "document type"}};
    for (bool more = true; more;) {
        more = false;
        for (const Row& row : rows) {
            if (!starts_with(row.open)) continue;
            const std::size_t end = text_.find(row.close, at_ + row.open.size());
            if (end == std::string_view::npos)
                return error(fmt::format("the {} has no end", row.name), at_);
            // A subset of its own would declare entities.
            if (row.open == "<!DOCTYPE" &&
                text_.substr(at_, end - at_).find('[') != std::string_view::npos) {
                return error("a document type with declarations of its own is not read", at_);
            }
            at_ = end + row.close.size();
            more = true;
            break;
        }
        if (open_.empty()) skip_blanks();
    }
    return {};
}

dns::Text<XmlToken> XmlScanner::next(int depth_max) {
    if (pending_close_) {
        XmlToken out;
        out.kind = XmlToken::Kind::close;
        out.name = *std::exchange(pending_close_, std::nullopt);
        out.at = at_;
        return out;
    }
    KITH_TRY_VOID(skip_markup());
    if (at_ >= text_.size()) {
        if (!open_.empty()) return error(fmt::format("<{}> is not closed", open_.back()), at_);
        return XmlToken{XmlToken::Kind::end, {}, {}, {}, at_};
    }
    if (starts_with("</")) return read_close();
    if (starts_with("<") && !starts_with("<![CDATA[")) return read_open(depth_max);
    if (open_.empty()) return error("expected an element, found text", at_);
    return read_text();
}

dns::Text<XmlToken> XmlScanner::read_open(int depth_max) {
    XmlToken out{XmlToken::Kind::open, {}, {}, {}, at_};
    ++at_;
    KITH_TRY(out.name, read_name());
    if (open_.size() >= static_cast<std::size_t>(depth_max))
        return error(fmt::format("elements are nested more than {} deep", depth_max), out.at);
    while (true) {
        skip_blanks();
        if (starts_with("/>")) {
            at_ += 2;
            pending_close_ = out.name;
            return out;
        }
        if (starts_with(">")) {
            ++at_;
            open_.push_back(out.name);
            return out;
        }
        KITH_TRY(std::string name, read_name());
        skip_blanks();
        if (!starts_with("="))
            return error(fmt::format("expected '=' behind the attribute '{}'", name), at_);
        ++at_;
        skip_blanks();
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote != '"' && quote != '\'') return error("expected a quoted value", at_);
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) return error("the quoted value has no end", at_);
        KITH_TRY(std::string value, resolve(text_.substr(at_ + 1, end - at_ - 1), at_ + 1));
        at_ = end + 1;
        out.attributes.emplace_back(std::move(name), std::move(value));
    }
}

dns::Text<XmlToken> XmlScanner::read_close() {
    XmlToken out{XmlToken::Kind::close, {}, {}, {}, at_};
    at_ += 2;
    KITH_TRY(out.name, read_name());
    skip_blanks();
    if (!starts_with(">")) return error("expected '>'", at_);
    ++at_;
    if (open_.empty() || open_.back() != out.name) {
        return error(open_.empty()
                         ? fmt::format("</{}> closes nothing", out.name)
                         : fmt::format("expected </{}>, found </{}>", open_.back(), out.name),
                     out.at);
    }
    open_.pop_back();
    return out;
}

dns::Text<XmlToken> XmlScanner::read_text() {
    XmlToken out{XmlToken::Kind::text, {}, {}, {}, at_};
    constexpr std::string_view cdata = "<![CDATA[";
    if (starts_with(cdata)) {
        const std::size_t end = text_.find("]]>", at_);
        if (end == std::string_view::npos) return error("the CDATA section has no end", at_);
        out.text = text_.substr(at_ + cdata.size(), end - at_ - cdata.size());
        at_ = end + 3;
    } else {
        const std::size_t end = std::min(text_.find('<', at_), text_.size());
        KITH_TRY(out.text, resolve(text_.substr(at_, end - at_), at_));
        at_ = end;
    }
    if (!is_utf8(out.text)) return error("expected UTF-8", out.at);
    return out;
}

}  // namespace kith::discovery::dnssd
