#include "dns/name.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dns/name_hash.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

Name name(std::string_view text) {
    const Text<Name> out = Name::from_text(text);
    EXPECT_TRUE(out.has_value()) << text;
    return out ? *out : Name();
}

// A bad name is refused at the byte that makes it bad. The message starts at offset 0, reading at
// `from`.
struct BadName {
    const char* why;
    B message;
    std::size_t from;
    WireError expected;
};

B long_name(std::size_t labels, std::size_t last) {
    B out;
    for (std::size_t i = 0; i < labels; ++i) {
        out.push_back(63);
        out.insert(out.end(), 63, 'a');
    }
    out.push_back(static_cast<std::uint8_t>(last));
    out.insert(out.end(), last, 'b');
    out.push_back(0);
    return out;
}

/// `count` pointers, each to the one before, the first to a root label at 0.
B pointer_chain(std::size_t count) {
    B out{0};
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t target = i == 0 ? 0 : 1 + 2 * (i - 1);
        out.push_back(static_cast<std::uint8_t>(0xc0 | target >> 8));
        out.push_back(static_cast<std::uint8_t>(target));
    }
    return out;
}

const BadName bad_names[] = {
    {"no bytes at all", {}, 0, {WireFault::truncated, 0}},
    {"label runs past end", {3, 'a', 'b'}, 0, {WireFault::truncated, 1}},
    {"no root label", {1, 'a'}, 0, {WireFault::truncated, 2}},
    {"label type 01", {0x40, 0}, 0, {WireFault::bad_label_type, 0}},
    {"label type 10", {1, 'a', 0x80, 0}, 0, {WireFault::bad_label_type, 2}},
    {"half a pointer", {1, 'a', 0xc0}, 0, {WireFault::truncated, 3}},
    {"pointer to itself", {0xc0, 0}, 0, {WireFault::pointer_forward, 0}},
    {"pointer forward", {0xc0, 4, 0, 0, 0}, 0, {WireFault::pointer_forward, 0}},
    {"pointer into own label", {1, 'a', 0xc0, 0}, 0, {WireFault::pointer_forward, 2}},
    {"pointer beyond the end", {0, 0xff, 0xff}, 1, {WireFault::pointer_forward, 1}},
    {"two pointers to each other", {0xc0, 2, 0xc0, 0}, 2, {WireFault::pointer_forward, 0}},
    {"256 bytes", long_name(3, 62), 0, {WireFault::name_too_long, 192}},
    {"longer than the hop limit", pointer_chain(300), 599, {WireFault::too_many_pointers, 279}},
};

TEST(ReadName, RefusesBadNames) {
    for (const BadName& row : bad_names) {
        SCOPED_TRACE(row.why);
        Reader reader{row.message, row.from};
        const Wire<Name> got = read_name(reader);
        ASSERT_FALSE(got.has_value());
        EXPECT_EQ(got.error().to_text(), row.expected.to_text());
    }
}

TEST(ReadName, FollowsPointersAndStopsBehindTheFirst) {
    const B message = {3, 'l', 'a', 'n', 0, 1, 'a', 0xc0, 0, 1, 'b', 0xc0, 5, 9};
    Reader reader{message, 9};
    const Wire<Name> got = read_name(reader);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->to_text(), "b.a.lan.");
    EXPECT_EQ(reader.offset(), 13);
}

TEST(ReadName, TakesTheLongestName) {
    const B message = long_name(3, 61);  // 255 bytes
    Reader reader{message};
    const Wire<Name> got = read_name(reader);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->size(), 255U);
    EXPECT_TRUE(reader.at_end());
    Reader skipper{message};
    EXPECT_TRUE(skip_name(skipper).has_value());
    EXPECT_TRUE(skipper.at_end());
    EXPECT_EQ(NameView::from_wire(message)->size(), 255U);
}

TEST(ReadName, TakesTheMostLabels) {
    B message;
    for (int i = 0; i < 127; ++i) message.insert(message.end(), {1, 'a'});
    message.push_back(0);
    Reader reader{message};
    const Wire<Name> got = read_name(reader);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->label_count(), 128);
    EXPECT_EQ(LookupName(*got).label_count(), 128);
}

TEST(FromWire, RefusesWhatIsNotUncompressed) {
    const BadName rows[] = {
        {"no bytes at all", {}, 0, {WireFault::truncated, 0}},
        {"label runs past end", {3, 'a', 'b'}, 0, {WireFault::truncated, 1}},
        {"no root label", {1, 'a'}, 0, {WireFault::truncated, 2}},
        {"label type 01", {0x40, 0}, 0, {WireFault::bad_label_type, 0}},
        {"pointer", {1, 'a', 0xc0, 0}, 0, {WireFault::pointer_refused, 2}},
        {"256 bytes", long_name(3, 62), 0, {WireFault::name_too_long, 192}},
    };
    for (const BadName& row : rows) {
        SCOPED_TRACE(row.why);
        const auto got = NameView::from_wire(row.message);
        ASSERT_FALSE(got.has_value());
        EXPECT_EQ(got.error().to_text(), row.expected.to_text());
    }
}

TEST(SkipName, RefusesWhatNoNameCanBe) {
    const BadName rows[] = {
        {"no bytes at all", {}, 0, {WireFault::truncated, 0}},
        {"no root label", {1, 'a'}, 0, {WireFault::truncated, 2}},
        {"half a pointer", {0xc0}, 0, {WireFault::truncated, 1}},
        {"label type 01", {0x40, 0}, 0, {WireFault::bad_label_type, 0}},
        {"256 bytes", long_name(3, 62), 0, {WireFault::name_too_long, 192}},
    };
    for (const BadName& row : rows) {
        SCOPED_TRACE(row.why);
        Reader reader{row.message};
        const auto got = skip_name(reader);
        ASSERT_FALSE(got.has_value());
        EXPECT_EQ(got.error().to_text(), row.expected.to_text());
    }
}

struct GoodText {
    const char* why;
    const char* text;
    B wire;
    const char* printed;
};

TEST(NameText, GoesInAndOutAgain) {
    const GoodText rows[] = {
        {"the root", ".", {0}, "."},
        {"final dot", "a.b.", {1, 'a', 1, 'b', 0}, "a.b."},
        {"no final dot", "a.b", {1, 'a', 1, 'b', 0}, "a.b."},
        {"case is kept", "aB.", {2, 'a', 'B', 0}, "aB."},
        {"dot inside a label", "a\\.b.", {3, 'a', '.', 'b', 0}, "a\\.b."},
        {"number", "\\097\\000.", {2, 'a', 0, 0}, "a\\000."},
        {"escaped backslash", "\\\\.", {1, '\\', 0}, "\\\\."},
        {"special in master files",
         "\\\"\\(\\)\\;\\@\\$.",
         {6, '"', '(', ')', ';', '@', '$', 0},
         "\\\"\\(\\)\\;\\@\\$."},
        {"blank", "a\\ b.", {3, 'a', ' ', 'b', 0}, "a\\032b."},
        {"high byte as it is", "\xc3\xa9.", {2, 0xc3, 0xa9, 0}, "\\195\\169."},
        {"wildcard", "*.a.", {1, '*', 1, 'a', 0}, "*.a."},
    };
    for (const GoodText& row : rows) {
        SCOPED_TRACE(row.why);
        const Name got = name(row.text);
        EXPECT_EQ(B(got.wire().begin(), got.wire().end()), row.wire);
        EXPECT_EQ(got.to_text(), row.printed);
        EXPECT_EQ(name(row.printed), got);
    }
}

TEST(NameText, IsCompletedWithItsOrigin) {
    const Name origin = name("lan.");
    EXPECT_EQ(Name::from_text("a", origin)->to_text(), "a.lan.");
    EXPECT_EQ(Name::from_text("a.", origin)->to_text(), "a.");
    EXPECT_EQ(Name::from_text("@", origin)->to_text(), "lan.");
    EXPECT_EQ(Name::from_text("\\@", origin)->to_text(), "\\@.lan.");
    EXPECT_EQ(Name::from_text("a\\.", origin)->to_text(), "a\\..lan.");
}

TEST(NameText, RefusesWhatIsNoName) {
    struct Row {
        const char* why;
        std::string text;
        std::size_t position;
    };
    const std::string label(63, 'a');
    const Row rows[] = {
        {"nothing", "", 0},
        {"leading dot", ".a", 0},
        {"two dots", "a..b", 2},
        {"only dots", "..", 0},
        {"label of 64", label + "b.c", 0},
        {"256 bytes", label + "." + label + "." + label + "." + label.substr(1), 192},
        {"number over 255", "a\\256", 1},
        {"half a number", "a\\25", 1},
        {"backslash at the end", "a\\", 1},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const Text<Name> got = Name::from_text(row.text);
        ASSERT_FALSE(got.has_value());
        EXPECT_EQ(got.error().position, row.position);
    }
    const Name origin =
        name(label + "." + label + "." + label + "." + label.substr(2));  // 255 bytes
    EXPECT_FALSE(Name::from_text("a", origin).has_value());
    EXPECT_TRUE(Name::from_text("@", origin).has_value());
}

// RFC 4034 §6.1, the example of the text, in canonical order.
TEST(NameOrder, IsCanonical) {
    const char* const sorted[] = {".",
                                  "example.",
                                  "a.example.",
                                  "yljkjljk.a.example.",
                                  "Z.a.example.",
                                  "zABC.a.EXAMPLE.",
                                  "z.example.",
                                  "\\001.z.example.",
                                  "*.z.example.",
                                  "\\200.z.example."};
    for (std::size_t i = 0; i < std::size(sorted); ++i) {
        for (std::size_t j = 0; j < std::size(sorted); ++j) {
            EXPECT_EQ(name(sorted[i]) <=> name(sorted[j]), i <=> j)
                << sorted[i] << ' ' << sorted[j];
        }
    }
    EXPECT_EQ(name("A.example.") <=> name("a.EXAMPLE."), std::strong_ordering::equal);
    EXPECT_LT(name("a.b."), name("aa.b.")) << "a shorter label sorts first";
}

TEST(NameEquality, IgnoresAsciiCaseOnly) {
    EXPECT_EQ(name("ExAmPlE.LAN."), name("example.lan."));
    EXPECT_NE(name("example.lan."), name("example.lam."));
    EXPECT_NE(name("\\192."), name("\\224.")) << "Latin-1 letters are not ASCII";
    EXPECT_NE(name("@."), name("\\`.")) << "64 and 96 differ by the case bit but are no letters";
    EXPECT_NE(name("\\[."), name("{."));
    EXPECT_NE(name("a.b."), name("a\\001b."));
}

TEST(NameUnder, CountsWholeLabels) {
    EXPECT_TRUE(name("a.lan.").is_under(name("LAN.")));
    EXPECT_TRUE(name("lan.").is_under(name("lan.")));
    EXPECT_TRUE(name("lan.").is_under(Name()));
    EXPECT_FALSE(name("alan.").is_under(name("lan.")));
    EXPECT_FALSE(name("a\\003lan.").is_under(name("lan."))) << "a length octet that is text";
    EXPECT_FALSE(name("lan.").is_under(name("a.lan.")));
}

TEST(NameSuffix, CountsFromTheRoot) {
    const Name whole = name("a.b.c.");
    EXPECT_EQ(whole.label_count(), 4);
    EXPECT_EQ(whole.view().suffix(4).to_text(), "a.b.c.");
    EXPECT_EQ(whole.view().suffix(2).to_text(), "c.");
    EXPECT_EQ(whole.view().suffix(1).to_text(), ".");
    EXPECT_EQ(whole.view().parent().to_text(), "b.c.");
}

/// Labels of every length, every byte and both cases.
std::vector<Name> many_names() {
    std::vector<Name> out{Name()};
    for (std::size_t length = 1; length <= 63; ++length) {
        for (std::uint8_t byte :
             {std::uint8_t{'a'}, std::uint8_t{'Z'}, std::uint8_t{0}, std::uint8_t{255}}) {
            NameBuilder builder;
            EXPECT_TRUE(builder.append(B(length, byte)));
            EXPECT_TRUE(builder.append(out[out.size() / 2].size() + length < 250
                                           ? out[out.size() / 2].view()
                                           : NameView()));
            out.push_back(builder.finish());
        }
    }
    return out;
}

TEST(NameHash, IsTheSameHoweverItIsMade) {
    for (const Name& one : many_names()) {
        const LookupName lookup(one);
        EXPECT_EQ(lookup.view(), one.view());
        EXPECT_EQ(lookup.label_count(), one.label_count());
        EXPECT_EQ(lookup.hash(), name_hash(one));
        EXPECT_EQ(lookup.hash(), name_hash(one.lowered()));
        for (int labels = 1; labels <= one.label_count(); ++labels) {
            const NameView suffix = one.view().suffix(labels);
            EXPECT_EQ(lookup.hash(labels), name_hash(suffix));
            EXPECT_EQ(lookup.suffix(labels), suffix);
            EXPECT_EQ(lookup.offset(labels), one.size() - suffix.size());
            if (!suffix.is_root()) {
                EXPECT_EQ(child_hash(suffix.first_label(), lookup.hash(labels - 1)),
                          lookup.hash(labels));
            }
        }
    }
}

TEST(NameHash, TellsNamesApart) {
    std::vector<std::uint64_t> hashes;
    for (const Name& one : many_names()) hashes.push_back(name_hash(one));
    for (const char* text : {"a.b.", "ab.", "b.a.", "a.", "b.", "a\\000.", "\\000a.", "aaaaaaaa.",
                             "aaaaaaaaa.", "aaaaaaaa\\000."}) {
        hashes.push_back(name_hash(name(text)));
    }
    std::ranges::sort(hashes);
    // "a." stands in both lists.
    EXPECT_EQ(std::ranges::distance(hashes.begin(), std::ranges::unique(hashes).begin()),
              static_cast<std::ptrdiff_t>(hashes.size() - 1));
}

TEST(LookupName, ForgetsTheNameBefore) {
    LookupName lookup(name("a.very.long.name.with.many.labels."));
    lookup.assign(name("B."));
    EXPECT_EQ(lookup.view().to_text(), "b.");
    EXPECT_EQ(lookup.label_count(), 2);
    EXPECT_EQ(lookup.hash(), name_hash(name("b.")));
    lookup.assign(NameView());
    EXPECT_EQ(lookup.hash(), root_hash());
    EXPECT_EQ(LookupName().hash(), root_hash());
    EXPECT_EQ(LookupName().offset(1), 0U);
}

}  // namespace
}  // namespace kith::dns
