#include "dns/message_builder.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dns/rdata.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

struct Rr {
    Section section;
    std::string owner;
    RrType type;
    std::string rdata;
};

Name name(std::string_view text) { return *Name::from_text(text); }
B wire(RrType type, std::string_view text) { return *rdata_from_text(type, text); }

bool add(MessageBuilder& builder, const Rr& rr) {
    return builder.add_record(rr.section, name(rr.owner), rr.type, RrClass::IN, 60,
                              wire(rr.type, rr.rdata));
}

/// The records of a message as text, names expanded; fails the test when the message is not one.
std::vector<std::string> records(Bytes message) {
    std::vector<std::string> out;
    const auto view = MessageView::parse(message);
    EXPECT_TRUE(view.has_value()) << (view ? "" : view.error().to_text());
    if (!view) return out;
    for (const Section section : {Section::answer, Section::authority, Section::additional}) {
        view->for_each(section, [&](const RecordView& record) {
            B buffer(rdata_bytes_max);
            Writer writer(buffer);
            const auto done = expand_rdata(message, record, writer);
            EXPECT_TRUE(done.has_value());
            out.push_back(record.owner.to_text() + " " + type_name(record.type) + " " +
                          rdata_to_text(record.type, record.klass, writer.written()));
        });
    }
    return out;
}

std::string as_line(const Rr& rr) { return rr.owner + " " + type_name(rr.type) + " " + rr.rdata; }

const Rr answer[] = {
    {Section::answer, "www.example.com.", RrType::CNAME, "host.EXAMPLE.com."},
    {Section::answer, "host.example.com.", RrType::A, "192.0.2.1"},
    {Section::answer, "example.com.", RrType::MX, "10 mail.example.com."},
    {Section::answer, "example.com.", RrType::TXT, "\"not a name: example.com\""},
    {Section::authority, "example.com.", RrType::SOA,
     "ns.example.com. root.example.com. 1 2 3 4 5"},
    {Section::authority, "com.", RrType::NS, "ns.example.net."},
    {Section::additional, ".", RrType::NS, "."},
    {Section::additional, "_x._tcp.example.com.", RrType::SRV, "0 0 80 host.example.com."},
    {Section::additional, "ns.example.net.", RrType::AAAA, "2001:db8::1"},
};

TEST(MessageBuilder, WritesTheQuestion) {
    B buffer(512);
    MessageBuilder builder;
    builder.start_query(buffer, 7, name("a.lan."), RrType::AAAA, RrClass::IN);
    builder.set_flag(Header::rd);
    const Bytes message = builder.finish();
    EXPECT_EQ(B(message.begin(), message.end()),
              (B{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 3, 'l', 'a', 'n', 0, 0, 28, 0, 1}));
}

TEST(MessageBuilder, CompressesOwnersAndNamesOfRfc1035Types) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 512);
    ASSERT_TRUE(add(builder, {Section::answer, "a.lan.", RrType::MX, "1 b.LAN."}));
    EXPECT_EQ(builder.last_owner_offset(), 12);
    ASSERT_TRUE(add(builder, {Section::answer, "B.lan.", RrType::SRV, "0 0 1 a.lan."}));
    EXPECT_EQ(builder.last_owner_offset(), 31) << "a pointer alone is known by what it points to";
    const Bytes message = builder.finish();
    EXPECT_EQ(B(message.begin() + 12, message.end()),
              (B{1,    'a', 3, 'l', 'a', 'n', 0,   0,   15,   0,   1,   0,  0,
                 0,    60,  0, 6,   0,   1,   1,   'b', 0xc0, 14,  // MX
                 0xc0, 31,  0, 33,  0,   1,   0,   0,   0,    60,  0,   13, 0,
                 0,    0,   0, 0,   1,   1,   'a', 3,   'l',  'a', 'n', 0}));
}

TEST(MessageBuilder, RespondsWithTheQuestionAsAsked) {
    const B asked = {0xab, 0xcd, 0x29, 0xb0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'A', 1, 'b', 0, 0, 1, 0, 1};
    const auto query = read_query(asked);
    ASSERT_TRUE(query.has_value());
    B buffer(512);
    MessageBuilder builder;
    builder.start_response(buffer, 512, asked, *query);
    ASSERT_TRUE(add(builder, {Section::answer, "a.B.", RrType::NS, "n.b."}));
    const Bytes message = builder.finish();
    EXPECT_EQ(B(message.begin(), message.end()),
              (B{0xab, 0xcd, 0xa9, 0x10, 0, 1, 0, 1, 0, 0, 0, 0,  1, 'A', 1, 'b', 0,    0, 1,
                 0,    1,    0xc0, 12,   0, 2, 0, 1, 0, 0, 0, 60, 0, 4,   1, 'n', 0xc0, 14}));
}

// Behind the question x.y.zone.: each name costs what it would if all names were in the table.
TEST(MessageBuilder, PointsIntoTheQuestion) {
    struct Row {
        const char* why;
        std::vector<const char*> targets;  // of CNAME records owned by the question's name
        std::vector<std::size_t> bytes;    // of each RDATA
        std::uint16_t last_name;           // where the last of them is said to stand
    };
    const Row rows[] = {
        {"the name itself", {"x.y.zone."}, {2}, 12},
        {"an end of it, in other letters", {"Y.ZONE."}, {2}, 14},
        {"one label in front of an end", {"ab.y.zone."}, {5}, 38},
        {"the same again", {"ab.zone.", "AB.zone."}, {5, 2}, 38},
        {"the same label elsewhere", {"ab.zone.", "ab.y.zone."}, {5, 5}, 55},
        {"two labels", {"a.b.zone."}, {6}, 38},
        {"two labels, then what was short", {"b.zone.", "a.b.zone.", "b.zone."}, {4, 4, 2}, 38},
        {"nothing in common", {"a.example.", "b.example."}, {11, 4}, 61},
        {"bytes of a label, not labels", {"one."}, {5}, 38},
        {"the root", {"."}, {1}, 0},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        B asked(512);
        MessageBuilder asking;
        asking.start_query(asked, 1, name("x.y.zone."), RrType::A, RrClass::IN);
        const Bytes message = asking.finish();
        const auto query = read_query(message);
        ASSERT_TRUE(query.has_value());
        B buffer(512);
        MessageBuilder builder;
        builder.start_response(buffer, 512, message, *query);
        for (std::size_t i = 0; i < row.targets.size(); ++i) {
            const std::size_t before = builder.size();
            ASSERT_TRUE(
                add(builder, {Section::answer, "x.y.zone.", RrType::CNAME, row.targets[i]}));
            EXPECT_EQ(builder.size() - before, 12 + row.bytes[i]);
        }
        EXPECT_EQ(builder.last_name_offset(), row.last_name);
        const std::vector<std::string> found = records(builder.finish());
        ASSERT_EQ(found.size(), row.targets.size());
        for (std::size_t i = 0; i < found.size(); ++i) {
            const std::string target = found[i].substr(found[i].rfind(' ') + 1);
            EXPECT_EQ(name(target), name(row.targets[i]));
        }
    }
}

// For every limit, the message is a prefix of the records, parses, and the next record truly had no room.
TEST(MessageBuilder, TruncatesExactly) {
    B buffer(1024);
    MessageBuilder builder;
    builder.start(buffer, buffer.size());
    std::vector<std::string> all;
    std::vector<std::size_t> sizes{builder.size()};
    for (const Rr& rr : answer) {
        ASSERT_TRUE(add(builder, rr));
        all.push_back(as_line(rr));
        sizes.push_back(builder.size());
    }
    for (std::size_t limit = 12; limit <= sizes.back() + 1; ++limit) {
        std::fill(buffer.begin(), buffer.end(), std::uint8_t{0xee});
        builder.start(buffer, limit);
        std::size_t added = 0;
        while (added < std::size(answer) && add(builder, answer[added])) ++added;
        const auto fitting =
            static_cast<std::size_t>(std::ranges::upper_bound(sizes, limit) - sizes.begin()) - 1;
        EXPECT_EQ(added, fitting) << limit;
        EXPECT_EQ(builder.size(), sizes[added]) << limit;
        const Bytes message = builder.finish();
        EXPECT_TRUE(std::ranges::equal(
            records(message),
            std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(added)),
            [](const std::string& a, const std::string& b) {
                return std::ranges::equal(
                    a, b, {}, [](char c) { return std::tolower(c); },
                    [](char c) { return std::tolower(c); });
            }))
            << limit;
        EXPECT_TRUE(std::all_of(buffer.begin() + static_cast<std::ptrdiff_t>(limit), buffer.end(),
                                [](auto b) { return b == 0xee; }));
    }
}

TEST(MessageBuilder, RefusedRecordsLeaveNoTrace) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 40);
    EXPECT_FALSE(add(
        builder, {Section::answer, "a.b.c.", RrType::TXT, "\"a string that has no room at all\""}));
    EXPECT_EQ(builder.size(), 12U);
    ASSERT_TRUE(add(builder, {Section::answer, "c.", RrType::A, "10.0.0.1"}));
    EXPECT_EQ(records(builder.finish()), std::vector<std::string>{"c. A 10.0.0.1"});
}

TEST(MessageBuilder, ForgetsNamesThatWereTakenBack) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 512);
    ASSERT_TRUE(add(builder, {Section::answer, "x.", RrType::A, "10.0.0.1"}));
    const auto mark = builder.mark();
    ASSERT_TRUE(add(builder, {Section::answer, "a.example.", RrType::NS, "b.example."}));
    builder.rewind(mark);
    // What now stands where the names stood ends like a name, but is another one.
    ASSERT_TRUE(add(builder, {Section::answer, "c.example.", RrType::NS, "a.example."}));
    ASSERT_TRUE(add(builder, {Section::answer, "b.example.", RrType::A, "10.0.0.2"}));
    EXPECT_EQ(records(builder.finish()),
              (std::vector<std::string>{"x. A 10.0.0.1", "c.example. NS a.example.",
                                        "b.example. A 10.0.0.2"}));
}

// Found by the fuzzer: where "a." stood once, the low byte of a TTL and the length of RDATA, not yet
// written over the old bytes, looked like it.
TEST(MessageBuilder, NeverPointsAtBytesTakenBack) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 512);
    const auto mark = builder.mark();
    ASSERT_TRUE(builder.add_record(Section::answer, NameView(), RrType::NS, RrClass::IN, 1,
                                   wire(RrType::NS, "a.")));
    builder.rewind(mark);
    ASSERT_TRUE(builder.add_record(Section::answer, name("aa."), RrType::MX, RrClass::IN, 1,
                                   wire(RrType::MX, "1 b.a.")));
    EXPECT_EQ(records(builder.finish()), std::vector<std::string>{"aa. MX 1 b.a."});
}

// A refused record leaves its bytes behind; a later record must not point into them.
TEST(MessageBuilder, NeverPointsIntoRecordData) {
    B buffer(2048);
    std::uint32_t state = 1;
    const auto random = [&](std::uint32_t below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 16) % below;
    };
    const std::string labels[] = {"a", "b", "ab", "example", "\\192\\012", "\\000"};
    for (int round = 0; round < 2000; ++round) {
        MessageBuilder builder;
        builder.start(buffer, 12 + random(300));
        std::vector<std::string> expected;
        std::vector<std::pair<MessageBuilder::Mark, std::size_t>> marks;
        for (int step = 0; step < 30; ++step) {
            std::string owner, target;
            for (std::uint32_t i = random(4) + 1; i > 0; --i) owner += labels[random(6)] + ".";
            for (std::uint32_t i = random(4) + 1; i > 0; --i) target += labels[random(6)] + ".";
            const bool is_name = random(3) != 0;
            const Rr rr{
                Section::answer, owner, is_name ? RrType::NS : RrType::TXT,
                is_name ? target : "\"" + std::string(random(9), 'a') + "\\001a\\192\\012\""};
            if (random(4) == 0) marks.emplace_back(builder.mark(), expected.size());
            if (add(builder, rr)) expected.push_back(as_line(rr));
            if (random(4) == 0 && !marks.empty()) {
                builder.rewind(marks.back().first);
                expected.resize(marks.back().second);
                marks.pop_back();
            }
        }
        // Names are printed from the message; compare in the form that to_text() gives.
        std::vector<std::string> printed;
        for (const std::string& line : expected) {
            const std::size_t blank = line.find(' ');
            const bool is_name = line.compare(blank, 4, " NS ") == 0;
            printed.push_back(
                name(line.substr(0, blank)).to_text() +
                (is_name ? " NS " + name(line.substr(blank + 4)).to_text() : line.substr(blank)));
        }
        ASSERT_EQ(records(builder.finish()), printed) << "round " << round;
    }
}

TEST(MessageBuilder, KeepsRoomForTheEnd) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 12 + 27 + 11);
    builder.reserve(12);
    EXPECT_FALSE(add(builder, {Section::answer, "owner-of-11.", RrType::A, "10.0.0.1"}));
    builder.reserve(11);
    EXPECT_TRUE(add(builder, {Section::answer, "owner-of-11.", RrType::A, "10.0.0.1"}));
    EXPECT_EQ(builder.room(), 0U);
    EXPECT_TRUE(builder.add_opt(1232, Rcode::BADVERS, 0, 0x8000, {}));
    const auto view = MessageView::parse(builder.finish());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->rcode(), Rcode::BADVERS);
    EXPECT_TRUE(view->edns()->dnssec_ok);
}

TEST(MessageBuilder, HoldsItsLimitWhenMoreIsReserved) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 100);
    builder.reserve(101);
    EXPECT_EQ(builder.room(), 0U);
    EXPECT_FALSE(add(builder, {Section::answer, ".", RrType::A, "10.0.0.1"}));
    EXPECT_FALSE(builder.add_opt(512, Rcode::NOERROR, 0, 0, B(90)));
    EXPECT_EQ(builder.size(), 12U);
}

TEST(MessageBuilder, WritesNamesBeyondTheReachOfPointers) {
    B buffer(65535);
    MessageBuilder builder;
    builder.start(buffer, buffer.size());
    const B big(16400, 'x');
    ASSERT_TRUE(
        builder.add_record(Section::answer, name("a."), RrType::NULL_, RrClass::IN, 0, big));
    ASSERT_TRUE(add(builder, {Section::answer, "far.away.", RrType::A, "10.0.0.1"}));
    EXPECT_EQ(builder.last_owner_offset(), 0);
    ASSERT_TRUE(add(builder, {Section::answer, "far.away.", RrType::A, "10.0.0.2"}));
    const auto lines = records(builder.finish());
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[2], "far.away. A 10.0.0.2");
}

TEST(MessageBuilder, WritesMoreNamesThanItRemembers) {
    B buffer(65535);
    MessageBuilder builder;
    builder.start(buffer, buffer.size());
    std::vector<std::string> expected;
    for (int i = 0; i < 400; ++i) {
        const std::string owner = "n" + std::to_string(i) + ".z" + std::to_string(i % 7) + ".";
        ASSERT_TRUE(add(builder, {Section::answer, owner, RrType::NS, "t." + owner}));
        expected.push_back(owner + " NS t." + owner);
    }
    EXPECT_EQ(records(builder.finish()), expected);
}

TEST(MessageBuilder, UpdateRecordsMayBeEmpty) {
    B buffer(512);
    MessageBuilder builder;
    builder.start(buffer, 512);
    EXPECT_TRUE(builder.add_record(Section::answer, name("a."), RrType::MX, RrClass::ANY, 0, {}));
    EXPECT_EQ(records(builder.finish()), std::vector<std::string>{"a. MX \\# 0"});
}

// RFC 6762 §18.14: in Multicast DNS names are compressed in the RDATA of more types.
TEST(MessageBuilder, CompressesForMulticastOnlyWhenTold) {
    const Rr rows[] = {{Section::answer, "a.local.", RrType::SRV, "0 0 80 host.a.local."},
                       {Section::answer, "b.a.local.", RrType::NSEC, "b.a.local. A AAAA"},
                       {Section::answer, "c.a.local.", RrType::DNAME, "x.a.local."}};
    for (const auto& [compression, rdata_bytes] :
         {std::pair(Compression::rfc1035, std::vector<std::size_t>{20, 17, 11}),
          std::pair(Compression::multicast, std::vector<std::size_t>{13, 8, 4})}) {
        B buffer(512);
        MessageBuilder builder;
        builder.start(buffer, 512);
        builder.set_compression(compression);
        for (const Rr& rr : rows) ASSERT_TRUE(add(builder, rr));
        const Bytes message = builder.finish();
        std::vector<std::size_t> sizes;
        MessageView::parse(message)->for_each(Section::answer, [&](const RecordView& record) {
            sizes.push_back(record.rdata.size());
        });
        EXPECT_EQ(sizes, rdata_bytes);
    }
}

// check_rdata() takes anything for a type that only the Internet class defines, in another class. So must
// the builder, which would compress names of the type's that are not there.
TEST(MessageBuilder, WritesWhatHasNoNamesOfItsTypeAsItIs) {
    struct Row {
        RrType type;
        RrClass klass;
        B rdata;
        const char* why;
    };
    const Row rows[] = {
        {RrType::PX, RrClass::CH, {}, "nothing"},
        {RrType::PX, RrClass::CH, {7}, "shorter than what stands before the names"},
        {RrType::PX, RrClass::HS, {0, 1, 0xff, 1, 2}, "no name"},
        {RrType::PX, RrClass::CH, {0, 1, 1, 'a', 0, 9}, "one name of two"},
        {RrType::KX, RrClass::CH, {0, 1, 0xc0, 12}, "a pointer"},
        {RrType::PX, RrClass::CH, {0, 1, 1, 'b', 1, 'a', 0, 5, 'x'}, "a name that was compressed"},
    };
    for (const Row& row : rows) {
        ASSERT_TRUE(check_rdata(row.type, row.klass, row.rdata).has_value()) << row.why;
        B buffer(512);
        MessageBuilder builder;
        builder.start(buffer, 512);
        builder.set_compression(Compression::multicast);
        ASSERT_TRUE(
            builder.add_record(Section::answer, name("b.a."), row.type, row.klass, 60, row.rdata))
            << row.why;
        // What was taken back is not pointed at.
        ASSERT_TRUE(
            builder.add_record(Section::answer, name("x.b.a."), row.type, row.klass, 60, row.rdata))
            << row.why;
        std::vector<std::string> owners;
        const Bytes message = builder.finish();
        MessageView::parse(message)->for_each(Section::answer, [&](const RecordView& record) {
            owners.push_back(record.owner.to_text());
            EXPECT_EQ(B(record.rdata.begin(), record.rdata.end()), row.rdata) << row.why;
        });
        EXPECT_EQ(owners, (std::vector<std::string>{"b.a.", "x.b.a."})) << row.why;
    }
}

// Deep suffix chains must stay readable: a reader counts hops.
TEST(MessageBuilder, ChainsOfPointersStayReadable) {
    B buffer(65535);
    MessageBuilder builder;
    builder.start(buffer, buffer.size());
    std::string owner;
    std::vector<std::string> expected;
    for (int i = 0; i < 127; ++i) {
        owner = "a." + owner;
        ASSERT_TRUE(add(builder, {Section::answer, owner, RrType::A, "10.0.0.1"}));
        expected.push_back(owner + " A 10.0.0.1");
    }
    EXPECT_EQ(records(builder.finish()), expected);
}

}  // namespace
}  // namespace kith::dns
