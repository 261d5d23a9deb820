#include "config/json_reader.hpp"

#include <span>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/limits.hpp"

namespace kith::config {
namespace {

/// Writes every event down as one word with its line and column.
class Trace final : public JsonEvents {
public:
    explicit Trace(const Lines& lines) : lines_(lines) {}
    void on_object_begin(Offset at) override { add(at, "{"); }
    void on_object_end(Offset at) override { add(at, "}"); }
    void on_list_begin(Offset at) override { add(at, "["); }
    void on_list_end(Offset at) override { add(at, "]"); }
    void on_key(Offset at, std::string_view key) override { add(at, fmt::format("{}:", key)); }
    void on_scalar(Offset at, const Scalar& value) override { add(at, word(value)); }
    std::string text;

private:
    static std::string word(const Scalar& value) {
        switch (value.kind) {
            case Scalar::Kind::null: return "null";
            case Scalar::Kind::flag: return value.flag ? "yes" : "no";
            case Scalar::Kind::count: return fmt::format("#{}", value.count);
            case Scalar::Kind::number: return fmt::format("~{}", value.text);
            case Scalar::Kind::text: return fmt::format("'{}'", value.text);
        }
        return {};
    }
    void add(Offset at, std::string_view what) {
        const Place place = lines_.at(at);
        text += fmt::format("{}{}:{} {}", text.empty() ? "" : ", ", place.line, place.column, what);
    }
    const Lines& lines_;
};

/// The events of `text`, or where and why it is refused.
std::string events_of(std::string_view text) {
    const Lines lines(text);
    Trace trace(lines);
    const auto error = read_json(text, lines, trace);
    if (!error) return trace.text;
    const Place place = lines.at(error->at);
    return fmt::format("{}:{}: {}", place.line, place.column, error->text);
}

struct Row {
    const char* why;
    std::string_view text;
    std::string_view expected;
};

void check(std::span<const Row> rows) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(events_of(row.text), row.expected);
    }
}

TEST(ReadJson, SendsEveryValueWithItsPlace) {
    const Row rows[] = {
        {"all kinds", "{\"a\": [1, -1, true,\n false, null, \"x\"]}",
         "1:1 {, 1:2 a:, 1:7 [, 1:8 #1, 1:11 ~-1, 1:15 yes, 2:2 no, 2:9 null, 2:15 'x', 2:18 ], "
         "2:19 }"},
        {"empty ones", "[{}, []]", "1:1 [, 1:2 {, 1:3 }, 1:6 [, 1:7 ], 1:8 ]"},
        {"byte order mark", "\xef\xbb\xbf{}", "1:4 {, 1:5 }"},
        {"comma after the last", "[1,{\"a\":2,},]",
         "1:1 [, 1:2 #1, 1:4 {, 1:5 a:, 1:9 #2, 1:11 }, 1:13 ]"},
        {"comments everywhere", "//x\n[/**/1/***/,//\n2/*\n*/]//", "2:1 [, 2:6 #1, 3:1 #2, 4:3 ]"},
        {"a comment with stars before its end", "/** doc **/ 1", "1:13 #1"},
        {"largest count", "18446744073709551615", "1:1 #18446744073709551615"},
        {"beyond it", "18446744073709551616", "1:1 ~18446744073709551616"},
        {"other numbers", "[0, -0, 1.5, 2e3, 1E-2, 0.0]",
         "1:1 [, 1:2 #0, 1:5 ~-0, 1:9 ~1.5, 1:14 ~2e3, 1:19 ~1E-2, 1:25 ~0.0, 1:28 ]"},
        {"escapes", R"("a\"\\\/\b\f\n\r\t\u0041b")", "1:1 'a\"\\/\b\f\n\r\tAb'"},
        {"UTF-8 and a pair of surrogates", "\"\xc3\xa9\\ud83d\\ude00\\u00e9\"",
         "1:1 '\xc3\xa9\xf0\x9f\x98\x80\xc3\xa9'"},
        {"columns count bytes", "[\"\xc3\xa9\", 1]", "1:1 [, 1:2 '\xc3\xa9', 1:8 #1, 1:9 ]"},
        {"a nul in text", R"("\u0000")", std::string_view("1:1 '\0'", 7)},
    };
    check(rows);
}

TEST(ReadJson, SaysWhereItStopsAndWhy) {
    const Row rows[] = {
        {"nothing", "", "1:1: expected a JSON object, found nothing; the least is {}"},
        {"only a comment", "// x\n", "2:1: expected a JSON object, found nothing; the least is {}"},
        {"two values", "{} {}", "1:4: expected the end of the file, found '{'"},
        {"comma at the end", "{},", "1:3: expected the end of the file, found ','"},
        {"two commas", "[1,,2]", "1:4: expected a value or ']', found ','"},
        {"comma first", "[,1]", "1:2: expected a value or ']', found ','"},
        {"comma alone in an object", "{,}",
         "1:2: expected a key in double quotes or '}', found ','"},
        {"no comma", "[1 2]", "1:4: expected ',' or ']', found '2'"},
        {"wrong bracket", "[1}", "1:3: expected ',' or ']', found '}'"},
        {"key without quotes", "{a: 1}",
         "1:2: expected a key in double quotes or '}', found 'a'; put text in double quotes"},
        {"single quotes", "['a']", "1:2: expected a value or ']', found '''; use double quotes"},
        {"no colon", "{\"a\" 1}", "1:6: expected ':' after the key, found '1'"},
        {"no value", "{\"a\":}", "1:6: expected a value, found '}'"},
        {"end in a list", "[\n[1,",
         "2:4: expected ']' for the '[' in line 2, found the end of the file"},
        {"end in an object", "{\n",
         "2:1: expected '}' for the '{' in line 1, found the end of the file"},
        {"end after a key", "{\"a\"", "1:5: expected ':' after the key, found the end of the file"},
        {"end after a colon", "{\"a\":", "1:6: expected a value, found the end of the file"},
        {"end in text", "[\"abc", "1:2: expected '\"' to end this text, found none"},
        {"line end in text", "[\"abc\n\"]",
         "1:2: expected '\"' to end this text in its line, found the line's end"},
        {"control in text", "\"a\x01\"",
         "1:3: expected no control character in text, found '\\x01'; write it as \\u00XX"},
        {"unknown escape", R"("C:\dir")",
         R"(1:4: expected one of \" \\ \/ \b \f \n \r \t \uXXXX, found '\d'; write a backslash as \\)"},
        {"escape at the end", "\"\\",
         "1:2: expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found '\\'; write a "
         "backslash as \\\\"},
        {"short \\u", R"("\u12")", "1:2: expected four hexadecimal digits after \\u"},
        {"sign in \\u", R"("\u-123")", "1:2: expected four hexadecimal digits after \\u"},
        {"half a pair", R"("\ud800x")",
         "1:2: expected a pair of surrogates (\\ud800..\\udbff, then \\udc00..\\udfff), found one "
         "alone"},
        {"second half first", R"("\udc00\ud800")",
         "1:2: expected a pair of surrogates (\\ud800..\\udbff, then \\udc00..\\udfff), found one "
         "alone"},
        {"Latin-1", "\"\xe9t\"",
         "1:2: expected UTF-8, found the byte '\\xe9'; save the file as UTF-8"},
        {"overlong UTF-8", "\"\xc0\x80\"",
         "1:2: expected UTF-8, found the byte '\\xc0'; save the file as UTF-8"},
        {"surrogate as UTF-8", "\"\xed\xa0\x80\"",
         "1:2: expected UTF-8, found the byte '\\xed'; save the file as UTF-8"},
        {"beyond Unicode", "\"\xf4\x90\x80\x80\"",
         "1:2: expected UTF-8, found the byte '\\xf4'; save the file as UTF-8"},
        {"cut UTF-8", "\"\xe2\x82",
         "1:2: expected UTF-8, found the byte '\\xe2'; save the file as UTF-8"},
        {"leading zero", "[01]", "1:2: expected a number without leading zeros"},
        {"minus alone", "[-]", "1:2: expected a digit after '-'"},
        {"point at the end", "[1.]", "1:4: expected a digit after '.'"},
        {"exponent without digits", "[1e+]", "1:5: expected a digit after '+'"},
        {"plus", "[+1]", "1:2: expected a value or ']', found '+'"},
        {"an address without quotes", "[10.0.0.1]",
         "1:2: expected a number, found text that starts with one; put text in double quotes"},
        {"a word that starts well", "[trueish]",
         "1:2: expected a value, found 'trueish'; put text in double quotes"},
        {"another language's word", "[None]",
         "1:2: expected a value or ']', found 'None'; put text in double quotes"},
        {"comment without end", "{} /* x", "1:4: expected '*/' to end this comment, found none"},
        {"/*/ is not a whole comment", "/*/ 1",
         "1:1: expected '*/' to end this comment, found none"},
        {"slash alone", "{/}", "1:2: expected a comment ('//' or '/*'), found '/'"},
        {"binary", std::string_view("\0", 1), "1:1: expected a JSON object, found '\\x00'"},
    };
    check(rows);
}

TEST(ReadJson, BoundsDepth) {
    const std::string open(depth_max, '[');
    const std::string close(depth_max, ']');
    EXPECT_EQ(events_of(open + close).find("expected"), std::string::npos);
    EXPECT_EQ(events_of('[' + open + close + ']'),
              "1:17: expected at most 16 levels of lists and objects, found more");
}

TEST(ReadJson, BoundsText) {
    const std::string text(text_bytes_max, 'x');
    EXPECT_EQ(events_of('"' + text + '"').find("expected"), std::string::npos);
    EXPECT_EQ(events_of("[\"" + text + "x\"]"),
              "1:2: expected text of at most 262144 bytes, found more");
    EXPECT_EQ(events_of("[\"\\n" + text + "\"]"),
              "1:2: expected text of at most 262144 bytes, found more");
    EXPECT_EQ(events_of("{\"" + std::string(key_bytes_max + 1, 'k') + "\": 1}"),
              "1:2: expected text of at most 1024 bytes, found more");
    EXPECT_EQ(events_of('[' + std::string(key_bytes_max + 1, '9') + ']'),
              "1:2: expected a number of fewer digits");
}

}  // namespace
}  // namespace kith::config
