#include "zone/zone_file.hpp"

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "zone/zone_file_generate.hpp"

namespace kith::zone {
namespace {

using testing::ElementsAre;
using Files = std::map<std::string, std::string, std::less<>>;
using Lines = std::vector<std::string>;

/// What a file gives: records as "owner ttl type rdata", problems as Problem::to_text() prints them.
struct Outcome {
    Lines records;
    Lines problems;
};

Outcome read(std::string_view text, AddressLines way = AddressLines::fast,
             const Files& files = {}) {
    const ZoneFileOptions options{.file = "zone",
                                  .origin = *dns::Name::from_text("example."),
                                  .klass = dns::RrClass::IN,
                                  .default_ttl = {},
                                  .address_lines = way};
    const IncludeReader include = [&](std::string_view path,
                                      std::string_view) -> Result<IncludedFile, std::string> {
        const auto found = files.find(path);
        if (found == files.end()) return std::unexpected("there is no such file");
        return IncludedFile{found->first, found->second};
    };
    Outcome out;
    ProblemList problems;
    read_zone_file(
        text, options, include,
        [&](const FileRecord& record) {
            out.records.push_back(fmt::format(
                "{} {} {} {}", record.owner.to_text(), record.ttl, dns::type_name(record.type),
                dns::rdata_to_text(record.type, options.klass, record.rdata)));
            return Reading::go_on;
        },
        problems);
    for (const Problem& problem : problems.take()) out.problems.push_back(problem.to_text());
    return out;
}

struct Row {
    std::string_view text;
    Lines records;
    std::string_view why;
};

class ZoneFile : public testing::TestWithParam<AddressLines> {};
INSTANTIATE_TEST_SUITE_P(Ways, ZoneFile,
                         testing::Values(AddressLines::fast, AddressLines::careful));

// Each row is followed by a line feed, so that the fast way may take its last line, too.
TEST_P(ZoneFile, ReadsRecords) {
    const Row rows[] = {
        {"a 60 IN A 192.0.2.1", {"a.example. 60 A 192.0.2.1"}, "TTL, class, type"},
        {"a IN 60 A 192.0.2.1", {"a.example. 60 A 192.0.2.1"}, "class before TTL"},
        {"a 60 A 192.0.2.1", {"a.example. 60 A 192.0.2.1"}, "no class"},
        {"a 60 in aaaa 2001:DB8::1", {"a.example. 60 AAAA 2001:db8::1"}, "mnemonics in any case"},
        {"a 1h30m A 192.0.2.1", {"a.example. 5400 A 192.0.2.1"}, "TTL with units"},
        {"a 60 CLASS1 TYPE1 \\# 4 c0000201",
         {"a.example. 60 A 192.0.2.1"},
         "RFC 3597 §5 spelling of known things"},
        {"a 60 TYPE65280 \\# 2 ab cd",
         {"a.example. 60 TYPE65280 \\# 2 ABCD"},
         "and of unknown ones"},
        {"a. 60 A 192.0.2.1", {"a. 60 A 192.0.2.1"}, "an absolute owner"},
        {"@ 60 A 192.0.2.1", {"example. 60 A 192.0.2.1"}, "@ is the origin"},
        {"\"@\" 60 A 192.0.2.1", {"example. 60 A 192.0.2.1"}, "quoted, too"},
        {"\\@ 60 A 192.0.2.1", {"\\@.example. 60 A 192.0.2.1"}, "an escaped one is a label"},
        {"a\\.b.c\\046d 60 A 192.0.2.1",
         {"a\\.b.c\\.d.example. 60 A 192.0.2.1"},
         "escapes in names"},
        {"\\$TTL 60 A 192.0.2.1", {"\\$TTL.example. 60 A 192.0.2.1"}, "an owner like a directive"},
        {"A 60 A 192.0.2.1\nIN 60 IN IN A 192.0.2.1",
         {"A.example. 60 A 192.0.2.1"},
         "owners may look like types (the class twice is wrong)"},
        {"a 60 A 192.0.2.1\n 30 A 192.0.2.2\n\tAAAA ::1",
         {"a.example. 60 A 192.0.2.1", "a.example. 30 A 192.0.2.2", "a.example. 30 AAAA ::1"},
         "the last owner and the last TTL"},
        {"$TTL 5\na A 192.0.2.1\nb 60 A 192.0.2.2\nc A 192.0.2.3",
         {"a.example. 5 A 192.0.2.1", "b.example. 60 A 192.0.2.2", "c.example. 5 A 192.0.2.3"},
         "RFC 2308 §4: $TTL for those without"},
        {"$ORIGIN b\na 1 A 192.0.2.1\n$origin c.\na 1 A 192.0.2.1",
         {"a.b.example. 1 A 192.0.2.1", "a.c. 1 A 192.0.2.1"},
         "origins, relative and absolute; directives in any case"},
        {"$ORIGIN .\na 1 A 192.0.2.1", {"a. 1 A 192.0.2.1"}, "the root as origin"},
        {"a 1 SOA ns host\\.master (\n 1 ; serial\n 2 3\n 4 1h )",
         {"a.example. 1 SOA ns.example. host\\.master.example. 1 2 3 4 3600"},
         "several lines"},
        {"a 1 TXT \"b ; c\" d\\;e",
         {"a.example. 1 TXT \"b ; c\" \"d;e\""},
         "semicolons in strings"},
        {"a 1 ( A ) 192.0.2.1 ; b", {"a.example. 1 A 192.0.2.1"}, "parentheses anywhere"},
        {"a 1 A 192.0.2.1;b", {"a.example. 1 A 192.0.2.1"}, "a comment right behind a word"},
        {"a 1 A 192.0.2.1 \r\nb 1 A 192.0.2.2\r",
         {"a.example. 1 A 192.0.2.1", "b.example. 1 A 192.0.2.2"},
         "lines end as on Windows"},
        {"a 0 A 192.0.2.1\na 2147483647 A 192.0.2.1",
         {"a.example. 0 A 192.0.2.1", "a.example. 2147483647 A 192.0.2.1"},
         "the range of TTLs"},
        {"$TTL 9\na RRSIG A 13 2 77 20300101000000 20290101000000 1 example. AAAA",
         {"a.example. 77 RRSIG A 13 2 77 20300101000000 20290101000000 1 example. AAAA"},
         "RFC 2308 §4: signatures have their original TTL"},
        {"$GENERATE 1-3/2 a$ 9 A 192.0.2.$",
         {"a1.example. 9 A 192.0.2.1", "a3.example. 9 A 192.0.2.3"},
         "generated records"},
        {"$GENERATE 8-9 a${2,3,x} 9 IN MX \"1 b$.$$\"",
         {"a00a.example. 9 MX 1 b8.\\$.example.", "a00b.example. 9 MX 1 b9.\\$.example."},
         "with BIND's quoted RDATA"},
        {"$GENERATE 1-1 $ 9 TXT \"a $\" b\\$",
         {"1.example. 9 TXT \"a 1\" \"b$\""},
         "with several words of RDATA"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(read(std::string(row.text) + "\n", GetParam()).records, row.records) << row.why;
        EXPECT_EQ(read(row.text, GetParam()).records.size(),
                  row.text.ends_with('\r') ? row.records.size() - 1 : row.records.size())
            << "without the last line feed: " << row.why;
    }
}

struct ProblemRow {
    std::string_view text;
    std::string_view problem;
    std::string_view why;
};

TEST_P(ZoneFile, SaysWhereAndWhy) {
    const ProblemRow rows[] = {
        {" 1 A 192.0.2.1",
         "zone:1:2: error: expected an owner name: there is no record before this to take it from",
         "no owner yet"},
        {"a..b 1 A 192.0.2.1",
         "zone:1:3: error: empty label (two dots or a leading dot) in name 'a..b'",
         "place in the name"},
        {"a\\25 1 A 192.0.2.1",
         "zone:1:2: error: expected \\DDD (000..255) or \\X, found a broken escape in name 'a\\25'",
         "broken escape"},
        {"a 1 A", "zone:1:6: error: A: address: expected an IPv4 address, found the end",
         "missing RDATA"},
        {"a 1", "zone:1:4: error: expected a record type, found the end of the line",
         "missing type"},
        {"a 1 IN CH A 192.0.2.1", "zone:1:8: error: expected a record type, found 'CH'",
         "two classes"},
        {"a 1 2 A 192.0.2.1", "zone:1:5: error: expected a record type, found '2'", "two TTLs"},
        {"a CH 1 A 192.0.2.1", "zone:1:3: error: expected class IN, that of the zone, found CH",
         "another class"},
        {"a 2147483648 A 192.0.2.1",
         "zone:1:3: error: expected a TTL of 0..2147483647 seconds (or as 1h30m), found '2147483648'",
         "RFC 2181 §8"},
        {"a 1x A 192.0.2.1",
         "zone:1:3: error: expected a TTL of 0..2147483647 seconds (or as 1h30m), found '1x'",
         "unknown unit"},
        {"a 1 ANY 192.0.2.1",
         "zone:1:5: error: expected a record type, found ANY, which only queries and messages have",
         "query type"},
        {"a 1 \"A\" 192.0.2.1", "zone:1:5: error: expected a record type, found 'A'",
         "a quoted type is none"},
        {"MX 10 mail",
         "zone:1:7: error: expected a record type, found 'mail' ('MX' was read as the owner; a record of the owner above begins with a blank)",
         "the blank is missing"},
        {"A 192.0.2.1",
         "zone:1:3: error: expected a record type, found '192.0.2.1' ('A' was read as the owner; a record of the owner above begins with a blank)",
         "the same with an address"},
        {"a 1 TXT x=\"y\"",
         "zone:1:11: error: expected a blank before '\"', or the whole word in quotes",
         "a quote inside a word"},
        {"$TTL", "zone:1:5: error: expected $TTL ttl, found the end of the line",
         "directive without word"},
        {"$TTL 1y",
         "zone:1:6: error: expected a TTL of 0..2147483647 seconds (or as 1h30m), found '1y'",
         "bad $TTL"},
        {"$TTL 1 2", "zone:1:8: error: expected $TTL ttl and no more, found '2'", "too many words"},
        {"$ORIGIN a..", "zone:1:11: error: empty label (two dots or a leading dot) in name 'a..'",
         "bad $ORIGIN"},
        {"$FOO a",
         "zone:1:1: error: expected $ORIGIN, $TTL, $INCLUDE or $GENERATE, found '$FOO' (an owner that begins with a dollar sign is written \\$)",
         "unknown directive"},
        {" $TTL 1",
         "zone:1:2: error: expected a record, found '$TTL' after a blank: a directive begins its line",
         "indented directive"},
        {"$INCLUDE none", "zone:1:10: error: 'none': there is no such file", "missing file"},
        {"$INCLUDE", "zone:1:9: error: expected $INCLUDE file [origin], found the end of the line",
         "no file"},
        {"a 1 A 192.0.2.1 (\n b", "zone:1:17: error: expected ')', found the end of the file",
         "unclosed parenthesis"},
        {"a A 192.0.2.1", "zone:1: error: expected a TTL, here or in a $TTL directive above",
         "no TTL at all"},
        {"a 1 A (\n\"b\n",
         "zone:2:1: error: expected a closing '\"' on the same line (a line end in a string is \\010)",
         "reported once"},
        {"$GENERATE 2-1 a 1 A 192.0.2.$",
         "zone:1:11: error: expected an end of at least 2, found 1", "empty range"},
        {"$GENERATE 1-3/0 a 1 A 192.0.2.$",
         "zone:1:15: error: expected a range as 1-100 or 0-254/2, numbers up to 2147483647",
         "no step"},
        {"$GENERATE 1-3",
         "zone:1:14: error: expected $GENERATE range owner [ttl] [class] type rdata, found the end of the line",
         "no owner"},
        {"$GENERATE 1-3 a$ 1 SOA x",
         "zone:1:20: error: expected a type other than SOA: a zone has one", "SOA"},
        {"$GENERATE 255-300 a$ 1 A 192.0.2.$",
         "zone:1:26: error: with $ = 256: address: expected an IPv4 address, found '192.0.2.256'",
         "only the first bad number"},
        {"$GENERATE 1-3 a${-2} 1 A 192.0.2.$",
         "zone:1:15: error: with $ = 1: expected a number from 0, found 1-2", "negative number"},
        {"$GENERATE 1-3 a${1,2,z} 1 A 192.0.2.$",
         "zone:1:15: error: with $ = 1: expected the base d, o, x, X, n or N", "unknown base"},
        {"$GENERATE 1-2000000 a$ 1 A 192.0.2.1",
         "zone:1:11: error: with $ = 1048577: expected at most 1048576 generated records in all",
         "bounded"},
    };
    for (const ProblemRow& row : rows) {
        EXPECT_THAT(read(std::string(row.text) + "\n", GetParam()).problems,
                    ElementsAre(row.problem))
            << row.why;
    }
}

TEST_P(ZoneFile, ReportsEveryProblemAndKeepsTheRest) {
    const Outcome out = read(
        "$TTL 1\n"
        "a A 192.0.2.1\n"
        "  A 192.0.2.256\n"
        "b..c A 192.0.2.2\n"
        "  A 192.0.2.3\n"
        "d A \"192.0.2.4\n"
        "  AAAA 2001:db8::4\n",
        GetParam());
    EXPECT_THAT(out.records,
                ElementsAre("a.example. 1 A 192.0.2.1", "d.example. 1 AAAA 2001:db8::4"))
        << "the records of an owner that cannot be read go nowhere";
    EXPECT_THAT(
        out.problems,
        ElementsAre(
            "zone:3:5: error: A: address: expected an IPv4 address, found '192.0.2.256'",
            "zone:4:3: error: empty label (two dots or a leading dot) in name 'b..c'",
            "zone:6:5: error: expected a closing '\"' on the same line (a line end in a string is \\010)"));
}

TEST_P(ZoneFile, DropsRecordsWithoutTtl) {
    const Outcome out = read("a A 192.0.2.1\nb A 192.0.2.2\nc 1 A 192.0.2.3\n", GetParam());
    EXPECT_THAT(out.problems,
                ElementsAre("zone:1: error: expected a TTL, here or in a $TTL directive above"))
        << "once";
    EXPECT_THAT(out.records, ElementsAre("b.example. 0 A 192.0.2.2", "c.example. 1 A 192.0.2.3"));
}

TEST_P(ZoneFile, WarnsOfTtlsFromOtherPlaces) {
    const Outcome last = read("a 5 A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n", GetParam());
    EXPECT_THAT(
        last.problems,
        ElementsAre(
            "zone:2: warning: there is no $TTL: records without a TTL take that of the record before"));
    EXPECT_THAT(last.records, ElementsAre("a.example. 5 A 192.0.2.1", "b.example. 5 A 192.0.2.2",
                                          "c.example. 5 A 192.0.2.3"));
    const Outcome minimum = read("@ SOA a b 1 2 3 4 5\n A 192.0.2.1\n", GetParam());
    EXPECT_THAT(
        minimum.problems,
        ElementsAre(
            "zone:1: warning: there is no $TTL: the SOA's last number, 5, is taken for it"));
    EXPECT_THAT(minimum.records, ElementsAre("example. 5 SOA a.example. b.example. 1 2 3 4 5",
                                             "example. 5 A 192.0.2.1"));
}

TEST_P(ZoneFile, Includes) {
    const Files files = {{"b", "x 7 A 192.0.2.1\n$ORIGIN other.\n$TTL 3\ny A 192.0.2.2\n"},
                         {"c", " 1 A 192.0.2.1\n"}};
    const Outcome out = read(
        "$TTL 9\na A 192.0.2.9\n$INCLUDE b\n A 192.0.2.8\n$INCLUDE \"b\" sub ; c\nd A 192.0.2.7\n",
        GetParam(), files);
    EXPECT_THAT(out.problems, ElementsAre());
    EXPECT_THAT(out.records, ElementsAre("a.example. 9 A 192.0.2.9", "x.example. 7 A 192.0.2.1",
                                         "y.other. 3 A 192.0.2.2", "a.example. 9 A 192.0.2.8",
                                         "x.sub.example. 7 A 192.0.2.1", "y.other. 3 A 192.0.2.2",
                                         "d.example. 9 A 192.0.2.7"))
        << "owner, origin and TTL are restored after the file";
    EXPECT_THAT(read("a 1 A 192.0.2.9\n$INCLUDE c\n", GetParam(), files).records,
                ElementsAre("a.example. 1 A 192.0.2.9", "a.example. 1 A 192.0.2.1"))
        << "the included file begins with the owner above it";
    EXPECT_THAT(
        read("$INCLUDE c\n", GetParam(), files).problems,
        ElementsAre(
            "c:1:2: error: expected an owner name: there is no record before this to take it from"));
}

TEST(ZoneFileInclude, RefusesCyclesAndDepth) {
    EXPECT_THAT(
        read("$INCLUDE a\n", AddressLines::fast, {{"a", "\n$INCLUDE b"}, {"b", "$INCLUDE a"}})
            .problems,
        ElementsAre("b:1:10: error: 'a' is being read already: it would include itself forever"));
    Files deep;
    for (int i = 0; i < 20; ++i) deep[fmt::format("f{}", i)] = fmt::format("$INCLUDE f{}\n", i + 1);
    EXPECT_THAT(
        read("$INCLUDE f0\n", AddressLines::fast, deep).problems,
        ElementsAre("f7:1:10: error: expected at most 8 files inside each other and 10000 in all"));
}

TEST(ZoneFileProblems, AreCountedBeyondTheBound) {
    std::string text = "$TTL 1\n";
    for (int i = 0; i < 150; ++i) text += "a A x\n";
    const Lines problems = read(text).problems;
    ASSERT_EQ(problems.size(), 101U);
    EXPECT_EQ(problems[99], "zone:101:5: error: A: address: expected an IPv4 address, found 'x'");
    EXPECT_EQ(problems[100], "warning: and 50 more problems (150 errors and 0 warnings in all)");
}

TEST(ZoneFileTtl, ReadsUnits) {
    struct Ttl {
        std::string_view text;
        std::optional<std::uint32_t> seconds;
    };
    const Ttl rows[] = {
        {"0", 0},
        {"3600", 3600},
        {"1h", 3600},
        {"1H30M", 5400},
        {"1w2d3h4m5s", 788645},
        {"1h5", {}},
        {"007", 7},
        {"2147483647", 2147483647},
        {"3550w", 2147040000},
        {"2147483648", {}},
        {"3551w", {}},
        {"99999999999999999999", {}},
        {"", {}},
        {"h", {}},
        {"1x", {}},
        {"1 h", {}},
        {"-1", {}},
        {"1h-1", {}},
        {"1hh", {}},
    };
    for (const Ttl& row : rows) EXPECT_EQ(parse_ttl(row.text), row.seconds) << row.text;
}

TEST(ZoneFileGenerate, Expands) {
    struct Expansion {
        std::string_view text;
        std::uint32_t number;
        std::string_view result;  // "!": an error
    };
    const Expansion rows[] = {
        {"a", 7, "a"},
        {"$", 7, "7"},
        {"a$b$", 7, "a7b7"},
        {"$$", 7, "\\$"},
        {"\\$$", 7, "\\$7"},
        {"\\\\$", 7, "\\\\7"},
        {"${0}", 7, "7"},
        {"${3}", 7, "10"},
        {"${+3}", 7, "10"},
        {"${-7}", 7, "0"},
        {"${-8}", 7, "!"},
        {"${0,3}", 7, "007"},
        {"${0,3,d}", 1234, "1234"},
        {"${0,0,x}", 255, "ff"},
        {"${0,4,X}", 255, "00FF"},
        {"${0,0,o}", 8, "10"},
        // What BIND's own code gives: the width of n counts digits and dots.
        {"${0,0,n}", 0, "0"},
        {"${0,1,n}", 0x12, "2.1"},
        {"${0,2,n}", 1, "1."},
        {"${0,3,n}", 1, "1.0"},
        {"${0,7,N}", 0xab, "B.A.0.0"},
        {"${0,256}", 7, "!"},
        {"${}", 7, "!"},
        {"${0,1,y}", 7, "!"},
        {"${0", 7, "!"},
        {"${0,1,d,2}", 7, "!"},
        {"${", 7, "!"},
        {"${9999999999}", 7, "!"},
    };
    for (const Expansion& row : rows) {
        const auto out = expand_generate(row.text, row.number);
        EXPECT_EQ(out ? *out : "!", row.result) << row.text;
    }
    std::string twice;
    for (int i = 0; i < 20; ++i) twice += "${0,255,d}";
    EXPECT_FALSE(expand_generate(twice, 1)) << "20 x 255 bytes are beyond the bound";
}

// Every prefix of these lines, with every byte replaced: both ways agree on records and problems.
TEST(ZoneFileWays, Agree) {
    const std::string_view lines[] = {"a.b 60 IN A 192.0.2.1", "aaaa\tIN 5 AAAA 2001:db8::1 ; c",
                                      " A 192.0.2.2", "a-very-long-label.and-more. A 10.0.0.1"};
    const std::string_view bytes(" \t\n\r;()\"\\.$@a0\x01\x7f\xff", 17);
    for (const std::string_view line : lines) {
        for (std::size_t at = 0; at <= line.size(); ++at) {
            for (const char byte : bytes) {
                std::string text = "$TTL 7\nfirst A 192.0.2.9\n" + std::string(line);
                text.insert(text.size() - line.size() + at, 1, byte);
                text += "\n A 192.0.2.3\n                      ";
                const Outcome fast = read(text), careful = read(text, AddressLines::careful);
                EXPECT_EQ(fast.records, careful.records) << text;
                EXPECT_EQ(fast.problems, careful.problems) << text;
            }
        }
    }
}

}  // namespace
}  // namespace kith::zone
