#include "zone/scanner.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/zone_file_limits.hpp"

namespace kith::zone {
namespace {

/// Every entry as its words with `|` between, quoted ones in quotes, a `_` first when it begins
/// with a blank; faults as line:column.
std::vector<std::string> scan(std::string_view text) {
    std::vector<std::string> out;
    Scanner scanner(text);
    Entry entry;
    while (!scanner.at_end()) {
        scanner.next(entry);
        if (entry.fault) {
            out.push_back("fault " + std::to_string(entry.fault->place.line) + ":" +
                          std::to_string(entry.fault->place.column));
            continue;
        }
        if (entry.tokens.empty()) continue;
        std::string line = entry.blank_first ? "_" : "";
        for (const dns::Token& token : entry.tokens) {
            if (line.size() > 1 || (line.size() == 1 && line != "_")) line += '|';
            line += token.quoted ? '"' + std::string(token.text) + '"' : std::string(token.text);
        }
        out.push_back(line);
    }
    return out;
}

struct Row {
    std::string_view text;
    std::vector<std::string> entries;
    std::string_view why;
};

TEST(Scanner, SplitsEntriesIntoWords) {
    const Row rows[] = {
        {"", {}, "an empty file has no entries"},
        {"\n \n\t\n; only a comment\n  ; another", {}, "blank lines and comments are no entries"},
        {"a b\tc", {"a|b|c"}, "blanks separate; the last line needs no line feed"},
        {" a\n\ta\na", {"_a", "_a", "a"}, "a leading blank is remembered"},
        {"a b\r\nc\r\n", {"a|b", "c"}, "lines may end as on Windows"},
        {"a;b c\nd", {"a", "d"}, "a semicolon ends a word and begins a comment"},
        {"a \"b c;()\" d", {"a|\"b c;()\"|d"}, "nothing is special in quotes"},
        {"a \"\" b", {"a|\"\"|b"}, "an empty quoted string is a word"},
        {"a \"x\\\"y\" b", {"a|\"x\\\"y\"|b"}, "a backslash protects a quote"},
        {"a\\ b c\\;d \\(e\\) f\\\"",
         {"a\\ b|c\\;d|\\(e\\)|f\\\""},
         "a backslash protects what ends words"},
        {"a ( b\n c ; comment )\n\n d ) e\nf", {"a|b|c|d|e", "f"}, "parentheses join lines"},
        {"a(b)c", {"a|b|c"}, "parentheses end words"},
        {"(a\nb)\n", {"a|b"}, "an entry may begin with a parenthesis"},
        {"a\"b\"c", {"a|\"b\"|c"}, "quotes end words"},
        {"a k=\"x y\" b", {"a|k=\"x y\"|b"}, "a value may be quoted (RFC 9460 Appendix A.1)"},
        {"\xef\xbb\xbf"
         "a b",
         {"a|b"},
         "a byte order mark is no part of the first name"},
        {"a \xc3\xa9 \"\xc3\xa9\"", {"a|\xc3\xa9|\"\xc3\xa9\""}, "bytes from 128 are text"},
    };
    for (const Row& row : rows) EXPECT_EQ(scan(row.text), row.entries) << row.why;
}

TEST(Scanner, SaysWhereDamageIsAndGoesOnBehindIt) {
    using namespace std::string_view_literals;
    const Row rows[] = {
        {"a \"b\nc d\n", {"fault 1:3", "c|d"}, "a quote is closed on its line"},
        {"a \"b", {"fault 1:3"}, "the file ends inside a quote"},
        {"a \"b\\", {"fault 1:3"}, "the file ends after a backslash inside a quote"},
        {"a b\\\nc\n", {"fault 1:4", "c"}, "a backslash does not protect the line's end"},
        {"a b\\", {"fault 1:4"}, "nor the file's"},
        {"a ) b\nc", {"fault 1:3", "c"}, "a closing parenthesis without an opening one"},
        {"a (b (c) )\nd", {"fault 1:6", "d"}, "parentheses do not nest"},
        {"a (b\n c d\ne f\n",
         {"fault 1:3", "e|f"},
         "an unclosed parenthesis: on at the next owner"},
        {"a (b\n c\nd (e)\nf", {"fault 1:3", "d|e", "f"}, "noticed at the next opening one"},
        {"a \x01 b\nc", {"fault 1:3", "c"}, "control characters are escaped in text"},
        {"a b\0c\nd"sv, {"fault 1:4", "d"}, "NUL as well"},
        {"a \"\x7f\"\nd", {"fault 1:4", "d"}, "and DEL, and in quotes"},
        {"a\rb\nc", {"fault 1:2", "c"}, "a carriage return belongs before a line feed"},
        {"a ( b\n \"c\n d )\ne",
         {"fault 2:2", "e"},
         "damage inside parentheses spoils its entry only"},
    };
    for (const Row& row : rows) EXPECT_EQ(scan(row.text), row.entries) << row.why;
}

TEST(Scanner, KnowsPlaces) {
    Scanner scanner("\n\na (b\n  \"c\" d)\n");
    Entry entry;
    scanner.next(entry);
    scanner.next(entry);
    scanner.next(entry);
    ASSERT_EQ(entry.tokens.size(), 4U);
    EXPECT_EQ(entry.place_of_token(0), (Place{3, 1}));
    EXPECT_EQ(entry.place_of_token(1), (Place{3, 4}));
    EXPECT_EQ(entry.place_of_token(2), (Place{4, 3})) << "a quoted word begins with its quote";
    EXPECT_EQ(entry.place_of_token(3), (Place{4, 7}));
    EXPECT_EQ(entry.place_of_token(4), (Place{4, 8})) << "behind the last word";
}

TEST(Scanner, BoundsTheWordsOfAnEntry) {
    std::string text = "a (";
    for (std::size_t i = 0; i < entry_tokens_max; ++i) text += " x";
    EXPECT_THAT(scan(text + ")\nb c\n"), testing::ElementsAre("fault 1:3", "b|c"));
}

}  // namespace
}  // namespace kith::zone
