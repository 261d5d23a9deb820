#include "config/text.hpp"

#include <gtest/gtest.h>

namespace kith::config {
namespace {

using std::chrono::milliseconds;

TEST(Durations, AreReadAndPrintedInTheLargestUnit) {
    struct Row {
        std::string_view text;
        std::int64_t milliseconds;
        std::string_view printed;
    };
    const Row rows[] = {{"0s", 0, "0s"},           {"250ms", 250, "250ms"},
                        {"3s", 3000, "3s"},        {"90s", 90'000, "90s"},
                        {"60s", 60'000, "1m"},     {"2h", 7'200'000, "2h"},
                        {"24h", 86'400'000, "1d"}, {"1500ms", 1500, "1500ms"}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const auto value = parse_duration(row.text);
        ASSERT_TRUE(value.has_value());
        EXPECT_EQ(value->count(), row.milliseconds);
        EXPECT_EQ(duration_text(*value), row.printed);
    }
    for (const std::string_view text : {"", "3", "s", "3 s", "-3s", "3S", "3w", "1.5s", "36526d",
                                        "18446744073709551615d", "99999999999999999999s"}) {
        EXPECT_FALSE(parse_duration(text).has_value()) << text;
    }
}

TEST(Sizes, AreReadAndPrintedInTheLargestUnit) {
    struct Row {
        std::string_view text;
        std::uint64_t bytes;
        std::string_view printed;
    };
    const Row rows[] = {{"0", 0, "0"},
                        {"1000", 1000, "1000"},
                        {"64KiB", 65'536, "64KiB"},
                        {"1kB", 1000, "1000"},
                        {"64MiB", 67'108'864, "64MiB"},
                        {"1024MiB", 1'073'741'824, "1GiB"},
                        {"2GB", 2'000'000'000, "1953125KiB"}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.text);
        const auto value = parse_size(row.text);
        ASSERT_TRUE(value.has_value());
        EXPECT_EQ(*value, row.bytes);
        EXPECT_EQ(size_text(*value), row.printed);
    }
    for (const std::string_view text :
         {"", "MiB", "1 MiB", "-1", "1mib", "1M", "1.5GiB", "99999999999GiB"}) {
        EXPECT_FALSE(parse_size(text).has_value()) << text;
    }
}

TEST(TimeText, IsUtc) {
    EXPECT_EQ(time_text(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(time_text(1'709'251'199), "2024-02-29T23:59:59Z");
}

TEST(SplitWords, KnowsSpacesAndTabs) {
    EXPECT_EQ(split_words(" a\t\tbc  "), (std::vector<std::string_view>{"a", "bc"}));
    EXPECT_TRUE(split_words("\t ").empty());
}

TEST(Nearest, FindsWhatWasMeant) {
    const std::string_view known[] = {"upstream", "upstream_port", "cache_ttl",
                                      "A",        "AAAA",          "primaries"};
    struct Row {
        const char* why;
        std::string_view word;
        std::optional<std::string_view> expected;
    };
    const Row rows[] = {
        {"neighbors swapped", "upstraem", "upstream"},
        {"a letter short", "upstrem", "upstream"},
        {"another case", "UPSTREAM", "upstream"},
        {"another sign", "cache-ttl", "cache_ttl"},
        {"the exact one first", "upstream_prt", "upstream_port"},
        {"short words: one edit", "AAA", "AAAA"},
        {"the plural of a long word", "primary", "primaries"},
        {"too far", "downstairs", std::nullopt},
        {"nothing", "", "A"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(nearest(row.word, known), row.expected);
    }
    EXPECT_EQ(nearest(std::string(1'000'000, 'x'), known), std::nullopt);
}

TEST(Shown, IsSafeForATerminal) {
    EXPECT_EQ(shown("plain"), "'plain'");
    EXPECT_EQ(shown("\x1b[31mred\n\xff"), "'\\x1b[31mred\\x0a\\xff'");
    EXPECT_EQ(shown(std::string(65, 'x')), '\'' + std::string(64, 'x') + "'...");
}

TEST(JsonText, EscapesWhatJsonAsksFor) {
    EXPECT_EQ(json_text("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\u0001\"");
}

}  // namespace
}  // namespace kith::config
