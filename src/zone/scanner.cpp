#include "zone/scanner.hpp"

#include <array>
#include <cstring>

#include "zone/zone_file_limits.hpp"

namespace kith::zone {
namespace {

constexpr std::array<bool, 256> ends_word = [] {
    std::array<bool, 256> table{};
    for (std::size_t c = 0; c <= ' '; ++c) table[c] = true;
    for (const char c : {'"', '(', ')', ';', '\\', '\x7f'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_word_end(char c) { return ends_word[static_cast<unsigned char>(c)]; }

const char* find_newline(const char* at, const char* end) {
    const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    return found == nullptr ? end : static_cast<const char*>(found);
}

constexpr std::string_view control_text =
    "expected text, found a control character (write it as \\DDD; is this a text file?)";

}  // namespace

const char* find_word_end(const char* at, const char* end) {
    while (at != end && !is_word_end(*at)) ++at;
    return at;
}

Place Entry::place(const char* at) const {
    Place out{line, 1};
    const char* line_begin = begin;
    for (const char* stop = find_newline(begin, at); stop != at;
         stop = find_newline(line_begin, at)) {
        line_begin = stop + 1;
        ++out.line;
    }
    out.column = static_cast<std::uint32_t>(at - line_begin) + 1;
    return out;
}

Place Entry::place_of_token(std::size_t index) const {
    if (tokens.empty()) return {line, 1};
    if (index < tokens.size()) {
        const dns::Token& token = tokens[index];
        return place(token.text.data() - (token.quoted ? 1 : 0));
    }
    const dns::Token& last = tokens.back();
    return place(last.text.data() + last.text.size() + (last.quoted ? 1 : 0));
}

Scanner::Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {
    // Editors of some systems begin a UTF-8 file with a byte order mark (dialect: D9).
    if (text.starts_with("\xef\xbb\xbf")) at_ += 3;
}

void Scanner::next(Entry& entry) {
    entry.tokens.clear();
    entry.fault.reset();
    entry.inner_quote = nullptr;
    entry.blank_first = is_blank(*at_);
    entry.begin = at_;
    entry.line = line_;
    paren_ = nullptr;
    scan(entry);
    if (entry.fault) recover();
}

void Scanner::scan(Entry& entry) {
    while (true) {
        while (at_ != end_ && is_blank(*at_)) ++at_;
        if (at_ == end_) {
            if (paren_ != nullptr) fault(entry, "expected ')', found the end of the file", paren_);
            return;
        }
        switch (*at_) {
            case '\n':
                go_to_next_line();
                if (paren_ == nullptr) return;
                break;
            case '\r':
                if (at_ + 1 == end_ || at_[1] != '\n') {
                    fault(entry, "expected a line feed after the carriage return", at_);
                    return;
                }
                ++at_;
                break;
            case ';': at_ = find_newline(at_, end_); break;
            case '(':
                if (!open(entry)) return;
                break;
            case ')':
                if (!close(entry)) return;
                break;
            case '"':
                if (!scan_quoted(entry)) return;
                break;
            default:
                if (!scan_word(entry)) return;
        }
    }
}

bool Scanner::open(Entry& entry) {
    if (paren_ != nullptr) {
        return fault(entry, "expected ')' before the next '(': parentheses do not nest",
                     paren_line_ == line_ ? at_ : paren_);
    }
    paren_ = at_++;
    paren_line_ = line_;
    return true;
}

bool Scanner::close(Entry& entry) {
    if (paren_ == nullptr) return fault(entry, "expected '(' before ')'", at_);
    paren_ = nullptr;
    ++at_;
    return true;
}

/// Passes a quoted part, from its quote to behind its closing quote.
bool Scanner::pass_quoted(Entry& entry) {
    const char* const quote = at_++;
    while (at_ != end_ && *at_ != '"') {
        const auto byte = static_cast<unsigned char>(*at_);
        if (byte == '\n' || byte == '\r') break;
        if ((byte < ' ' && byte != '\t') || byte == 0x7f) return fault(entry, control_text, at_);
        at_ += byte == '\\' && at_ + 1 != end_ && at_[1] != '\n' && at_[1] != '\r' ? 2 : 1;
    }
    if (at_ == end_ || *at_ != '"') {
        return fault(entry,
                     "expected a closing '\"' on the same line (a line end in a string is \\010)",
                     quote);
    }
    ++at_;
    return true;
}

bool Scanner::scan_quoted(Entry& entry) {
    const char* const begin = at_ + 1;
    return pass_quoted(entry) && add(entry, begin, at_ - 1, true);
}

bool Scanner::pass_escape(Entry& entry) {
    const auto next = at_ + 1 == end_ ? '\n' : static_cast<unsigned char>(at_[1]);
    if (next == '\n' || next == '\r') {
        return fault(entry, "expected a character after the backslash, found the end of the line",
                     at_);
    }
    if (next < ' ' || next == 0x7f) return fault(entry, control_text, at_ + 1);
    at_ += 2;
    return true;
}

bool Scanner::scan_word(Entry& entry) {
    const char* const begin = at_;
    while ((at_ = find_word_end(at_, end_)) != end_) {
        if (*at_ == '\\') {
            if (!pass_escape(entry)) return false;
        } else if (*at_ == '"' && at_[-1] == '=') {
            if (entry.inner_quote == nullptr) entry.inner_quote = at_;
            if (!pass_quoted(entry)) return false;
        } else {
            break;
        }
    }
    if (at_ == begin) return fault(entry, control_text, at_);
    return add(entry, begin, at_, false);
}

bool Scanner::add(Entry& entry, const char* begin, const char* end, bool quoted) {
    if (entry.tokens.size() == entry_tokens_max) {
        return fault(entry, "expected at most 65,600 words in one record",
                     paren_ != nullptr ? paren_ : begin);
    }
    entry.tokens.push_back(
        {std::string_view(begin, static_cast<std::size_t>(end - begin)), quoted});
    return true;
}

bool Scanner::fault(Entry& entry, std::string_view text, const char* at) {
    entry.fault = ScanFault{text, entry.place(at)};
    return false;
}

void Scanner::go_to_next_line() {
    at_ = find_newline(at_, end_);
    if (at_ == end_) return;
    ++at_;
    ++line_;
}

void Scanner::recover() {
    if (paren_ == nullptr || paren_line_ == line_) {
        go_to_next_line();
        return;
    }
    // The words after an unclosed parenthesis belong to its record until a line that names an owner.
    at_ = paren_;
    line_ = paren_line_;
    do {
        go_to_next_line();
    } while (at_ != end_ &&
             (is_blank(*at_) || *at_ == '\n' || *at_ == '\r' || *at_ == ';' || *at_ == ')'));
}

}  // namespace kith::zone
