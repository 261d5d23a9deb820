#include "discovery/dnssd/txt.hpp"

#include <gtest/gtest.h>

#include "discovery/dnssd/limits.hpp"

namespace kith::discovery::dnssd {
namespace {

using B = std::vector<std::uint8_t>;

B rdata(std::initializer_list<std::string> strings) {
    B out;
    for (const std::string& string : strings) {
        out.push_back(static_cast<std::uint8_t>(string.size()));
        out.insert(out.end(), string.begin(), string.end());
    }
    return out;
}

struct Row {
    const char* why;
    B rdata;
    std::vector<TxtEntry> entries;
};

// 6763-06, -07, -08, -09: every shape a TXT record comes in.
TEST(Txt, Reads6763_06_07_08_09) {
    const Row rows[] = {
        {"no bytes (6763-06)", {}, {}},
        {"one zero byte", {0}, {}},
        {"several empty strings", {0, 0, 0}, {}},
        {"a pair", rdata({"path=/"}), {{"path", "/"}}},
        {"no value (6763-09)", rdata({"color"}), {{"color", std::nullopt}}},
        {"an empty value", rdata({"color="}), {{"color", ""}}},
        {"an equals sign in the value", rdata({"a=b=c"}), {{"a", "b=c"}}},
        {"no key (6763-07)", rdata({"=x", "b=1"}), {{"b", "1"}}},
        {"only an equals sign", rdata({"="}), {}},
        {"a key with a control character", rdata({"a\x01=1", "b=1"}), {{"b", "1"}}},
        {"a key that is not ASCII", rdata({"\xc3\xa9=1"}), {}},
        {"a key with blanks", rdata({" a b =1"}), {{" a b ", "1"}}},
        {"the first of two wins (6763-08)", rdata({"a=1", "a=2"}), {{"a", "1"}}},
        {"ignoring case (6763-07)", rdata({"Key=1", "kEY=2"}), {{"Key", "1"}}},
        {"no value before one", rdata({"a", "a=2"}), {{"a", std::nullopt}}},
        {"binary values",
         rdata({std::string("b=\x00\xff\x3d", 5)}),
         {{"b", std::string("\x00\xff\x3d", 3)}}},
        {"cut short", {3, 'a', '=', '1', 9, 'b'}, {{"a", "1"}}},
        {"a length and nothing", {200}, {}},
    };
    for (const Row& row : rows)
        EXPECT_EQ(Txt::from_rdata(row.rdata).entries(), row.entries) << row.why;
}

// 6763-09: the four answers to "is it there?".
TEST(Txt, TellsFourCasesApart6763_09) {
    const Txt txt = Txt::from_rdata(rdata({"none", "empty=", "full=1"}));
    EXPECT_EQ(txt.presence("x"), TxtPresence::absent);
    EXPECT_EQ(txt.presence("NONE"), TxtPresence::no_value);
    EXPECT_EQ(txt.presence("empty"), TxtPresence::empty_value);
    EXPECT_EQ(txt.presence("full"), TxtPresence::value);
    EXPECT_EQ(txt.value("none"), std::nullopt);
    EXPECT_EQ(txt.value("empty"), "");
    EXPECT_EQ(txt.value("Full"), "1");
}

// 6763-05, -06: what is sent is never empty.
TEST(Txt, WritesOneZeroByteForNothing6763_05_06) {
    EXPECT_EQ(Txt().to_rdata(), B{0});
    EXPECT_EQ(txt_rdata({}), B{0});
    EXPECT_TRUE(same_txt(B{}, B{0})) << "missing and empty are the same";
    EXPECT_TRUE(same_txt(B{0, 0}, B{}));
    EXPECT_FALSE(same_txt(B{1, 'a'}, B{0}));
}

TEST(Txt, RefusesWhatCannotBeSent) {
    const auto refused = [](const std::string& string) {
        return !Txt::from_strings(std::vector{string}).has_value();
    };
    EXPECT_TRUE(refused("")) << "no key";
    EXPECT_TRUE(refused("=1")) << "no key";
    EXPECT_TRUE(refused("k\xc3\xa9=1")) << "not ASCII";
    EXPECT_TRUE(refused("a=" + std::string(254, 'x'))) << "256 bytes";
    EXPECT_FALSE(refused("a=" + std::string(253, 'x'))) << "255 bytes";
    EXPECT_EQ(Txt::from_strings(std::vector<std::string>{"a=1", "b", "A=2"})->to_rdata(),
              rdata({"a=2", "b"}))
        << "the last given counts";
}

// 6763-11: several records are read as one.
TEST(Txt, MergesSeveralRecords6763_11) {
    const std::vector<B> records = {rdata({"a=1"}), rdata({"a=2", "b=3"})};
    const std::vector<TxtEntry> expected = {{"a", "1"}, {"b", "3"}};
    EXPECT_EQ(Txt::from_rdata(std::span(records)).entries(), expected);
}

// 6763-10: a hostile record costs what it may and no more.
TEST(Txt, StopsAtItsLimit6763_10) {
    B big;
    for (int i = 0; i < 16'000; ++i) {
        big.push_back(3);
        for (const int digit : {i >> 8, i & 255})
            big.push_back(static_cast<std::uint8_t>('!' + digit % 60));
        big.push_back('=');
    }
    EXPECT_LE(Txt::from_rdata(big).entries().size(), txt_entries_max);
}

}  // namespace
}  // namespace kith::discovery::dnssd
