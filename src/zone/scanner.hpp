#pragma once
// Splits a master file (RFC 1035 §5.1) into entries and their words. An entry is one line, or more
// where parentheses join them. This layer knows blanks, comments, quotes, parentheses and that a
// backslash protects the next character; it does not know what the words mean.
//
// Damage is local: after a fault the scanner goes on at the next line, or, when a parenthesis was
// never closed, at the next line below it that begins with a word. So one missing `)` does not
// swallow the rest of the file, and no line is scanned more than twice.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "dns/rdata.hpp"

namespace kith::zone {

/// A place in a text, both from 1; columns count bytes.
struct Place {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    friend bool operator==(const Place&, const Place&) = default;
};

/// Why an entry could not be split.
struct ScanFault {
    std::string_view text;  // static
    Place place;
};

/// One entry. Its views point into the scanned text.
struct Entry {
    std::vector<dns::Token> tokens;  // none: a blank line or a comment
    bool blank_first = false;        // begins with a blank: the owner is the last one
    std::uint32_t line = 0;          // where it begins
    const char* begin = nullptr;
    const char* inner_quote = nullptr;  // the first quote inside a word, after `=` (dialect: D10)
    std::optional<ScanFault> fault;

    /// Where `at` stands; requires `at` inside this entry's text.
    Place place(const char* at) const;
    /// Where token `index` begins (its quote, if it has one), or where the last one ends.
    Place place_of_token(std::size_t index) const;
};

/// Reads a text entry by entry. The text must outlive the scanner and its entries.
class Scanner {
public:
    explicit Scanner(std::string_view text);

    bool at_end() const { return at_ == end_; }
    /// The next entry, into storage that is reused; requires !at_end().
    void next(Entry& entry);

    /// For readers that take well-known lines themselves (zone_file_address.hpp).
    const char* at() const { return at_; }
    const char* end() const { return end_; }
    std::uint32_t line() const { return line_; }
    /// Goes to `at`, the first character of the next line.
    void skip_line_to(const char* at) {
        at_ = at;
        ++line_;
    }

private:
    void scan(Entry& entry);
    bool scan_quoted(Entry& entry);
    bool scan_word(Entry& entry);
    bool pass_escape(Entry& entry);
    bool pass_quoted(Entry& entry);
    bool open(Entry& entry);
    bool close(Entry& entry);
    bool add(Entry& entry, const char* begin, const char* end, bool quoted);
    bool fault(Entry& entry, std::string_view text, const char* at);
    void recover();
    void go_to_next_line();

    const char* at_;
    const char* end_;
    std::uint32_t line_ = 1;
    const char* paren_ = nullptr;  // the open parenthesis
    std::uint32_t paren_line_ = 0;
};

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// End of the word at `at`: the first blank, control character, quote, parenthesis, semicolon or
/// backslash, or `end`.
const char* find_word_end(const char* at, const char* end);

}  // namespace kith::zone
