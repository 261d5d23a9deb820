#include "dns/message.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

/// Header with these counts and flags, then `rest`.
B message(std::array<std::uint8_t, 4> counts, const B& rest, std::uint16_t flags = 0x0100) {
    B out{0x12, 0x34, static_cast<std::uint8_t>(flags >> 8), static_cast<std::uint8_t>(flags)};
    for (const std::uint8_t count : counts) out.insert(out.end(), {0, count});
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

B join(std::initializer_list<B> parts) {
    B out;
    for (const B& part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

const B question = {1, 'a', 0, 0, 1, 0, 1};                                // a. A IN, 7 bytes
const B address = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 1};  // 16 bytes
const B opt = {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0};                 // 1232, DO, 11 bytes
const B opt_nsid = {0, 0, 41, 0x10, 0, 1, 2, 0, 0, 0, 6, 0, 3, 0, 2, 'i', 'd'};

TEST(MessageView, ReadsAllSections) {
    const B bytes =
        message({1, 1, 1, 2}, join({question, address, address, address, opt_nsid}), 0x8583);
    const auto view = MessageView::parse(bytes);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header().id, 0x1234);
    EXPECT_TRUE(view->header().has(Header::qr | Header::aa));
    EXPECT_EQ(view->question()->name.to_text(), "a.");
    EXPECT_EQ(view->question()->type, RrType::A);
    int records = 0;
    for (const Section section : {Section::answer, Section::authority, Section::additional}) {
        view->for_each(section, [&](const RecordView& record) {
            ++records;
            EXPECT_EQ(record.section, section);
            EXPECT_EQ(record.owner.to_text(), "a.");
            EXPECT_EQ(record.ttl, 60U);
            EXPECT_EQ(record.rdata.size(), 4U);
        });
    }
    EXPECT_EQ(records, 3) << "OPT is not among them";
    ASSERT_TRUE(view->edns().has_value());
    EXPECT_EQ(view->edns()->payload_bytes, 4096);
    EXPECT_EQ(view->edns()->version, 2);
    EXPECT_FALSE(view->edns()->dnssec_ok);
    EXPECT_EQ(as_text(*view->edns()->option(OptionCode::NSID)), "id");
    EXPECT_EQ(view->rcode(), Rcode{0x13});
}

TEST(MessageView, TakesAnyNumberOfQuestions) {
    EXPECT_FALSE(MessageView::parse(message({0, 0, 0, 0}, {}))->question().has_value());
    EXPECT_TRUE(MessageView::parse(message({2, 0, 0, 0}, join({question, question}))).has_value());
}

struct Bad {
    const char* why;
    B bytes;
    WireError expected;
};

TEST(MessageView, RefusesBadMessages) {
    const Bad rows[] = {
        {"no bytes at all", {}, {WireFault::truncated, 0}},
        {"half a header", B(11), {WireFault::truncated, 11}},
        {"question missing", message({1, 0, 0, 0}, {}), {WireFault::truncated, 12}},
        {"question without a class", message({1, 0, 0, 0}, {0, 0, 1}), {WireFault::truncated, 15}},
        {"record missing", message({1, 1, 0, 0}, question), {WireFault::truncated, 19}},
        {"record without its length",
         message({0, 1, 0, 0}, {0, 0, 1, 0, 1, 0, 0, 0, 0}),
         {WireFault::truncated, 21}},
        {"RDATA past the end",
         message({0, 1, 0, 0}, {0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3}),
         {WireFault::truncated, 23}},
        {"a byte left over",
         message({1, 0, 0, 0}, join({question, {0}})),
         {WireFault::trailing_bytes, 19}},
        {"OPT among the answers", message({0, 1, 0, 0}, opt), {WireFault::opt_section, 12}},
        {"OPT twice", message({0, 0, 0, 2}, join({opt, opt})), {WireFault::opt_twice, 23}},
        {"OPT of a name",
         message({1, 0, 0, 1}, join({question, {0xc0, 12}, B(opt.begin() + 1, opt.end())})),
         {WireFault::opt_owner, 19}},
        {"option past the end",
         message({0, 0, 0, 1}, {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 5, 0, 3, 0, 2, 'i'}),
         {WireFault::truncated, 23}},
        {"half an option",
         message({0, 0, 0, 1}, {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 3, 0, 3, 0}),
         {WireFault::truncated, 23}},
        {"owner points forward",
         message({0, 1, 0, 0}, {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0}),
         {WireFault::pointer_forward, 12}},
        {"too large for DNS", B(65536), {WireFault::too_large, 0}},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.why);
        const auto view = MessageView::parse(row.bytes);
        ASSERT_FALSE(view.has_value());
        EXPECT_EQ(view.error().to_text(), row.expected.to_text());
    }
}

TEST(MessageView, RefusesTooManyOptions) {
    const auto with_options = [](std::uint8_t count) {
        B out = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(4 * count)};
        for (int i = 0; i < count; ++i) out.insert(out.end(), {0, 99, 0, 0});
        return message({0, 0, 0, 1}, out);
    };
    EXPECT_TRUE(MessageView::parse(with_options(32)).has_value());
    const auto view = MessageView::parse(with_options(33));
    ASSERT_FALSE(view.has_value());
    EXPECT_EQ(view.error().to_text(), "too_many_options at byte 151");
}

TEST(ReadQuery, ReadsAPlainQuery) {
    const B bytes = message({1, 0, 0, 1}, join({question, opt}));
    const auto query = read_query(bytes);
    ASSERT_TRUE(query.has_value());
    EXPECT_EQ(NameView::unchecked(query->qname).to_text(), "a.");
    EXPECT_EQ(query->qtype, RrType::A);
    EXPECT_EQ(query->qclass, RrClass::IN);
    EXPECT_EQ(query->question_end, 19);
    ASSERT_TRUE(query->edns.has_value());
    EXPECT_EQ(query->edns->payload_bytes, 1232);
    EXPECT_TRUE(query->edns->dnssec_ok);
}

TEST(ReadQuery, RefusesBadQueries) {
    const Bad rows[] = {
        {"half a header", B(11), {WireFault::truncated, 11}},
        {"no question", message({0, 0, 0, 0}, {}), {WireFault::bad_value, 4}},
        {"two questions",
         message({2, 0, 0, 0}, join({question, question})),
         {WireFault::bad_value, 4}},
        {"compressed name",
         message({1, 0, 0, 0}, {0xc0, 0, 0, 1, 0, 1}),
         {WireFault::pointer_refused, 12}},
        {"name past the end", message({1, 0, 0, 0}, {5, 'a'}), {WireFault::truncated, 13}},
        {"no class", message({1, 0, 0, 0}, {0, 0, 1}), {WireFault::truncated, 15}},
        {"a byte left over",
         message({1, 0, 0, 0}, join({question, {0}})),
         {WireFault::trailing_bytes, 19}},
        {"OPT twice",
         message({1, 0, 0, 2}, join({question, opt, opt})),
         {WireFault::opt_twice, 30}},
        {"too large for DNS", B(65536), {WireFault::too_large, 0}},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.why);
        const auto query = read_query(row.bytes);
        ASSERT_FALSE(query.has_value());
        EXPECT_EQ(query.error().to_text(), row.expected.to_text());
    }
}

// Cutting a message anywhere, or changing any one byte, is refused or read, never worse; read_query()
// takes what MessageView takes.
TEST(ReadQuery, AgreesWithMessageView) {
    const B whole = message({1, 1, 0, 2}, join({question, address, address, opt_nsid}));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Bytes cut = Bytes(whole).first(size);
        EXPECT_FALSE(MessageView::parse(cut).has_value()) << size;
        EXPECT_FALSE(read_query(cut).has_value()) << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            B changed = whole;
            changed[at] = static_cast<std::uint8_t>(value);
            const auto view = MessageView::parse(changed);
            const auto query = read_query(changed);
            if (!view || view->header().counts[0] != 1) continue;
            ASSERT_TRUE(query.has_value()) << at << ' ' << value << ' ' << query.error().to_text();
            EXPECT_EQ(view->question()->name.view(), NameView::unchecked(query->qname));
            EXPECT_EQ(view->question()->type, query->qtype);
            EXPECT_EQ(view->edns().has_value(), query->edns.has_value());
        }
    }
}

TEST(Edns, UsablePayloadIsTheSmallerButAtLeast512) {
    struct Row {
        std::uint16_t theirs;
        std::size_t ours, expected;
    };
    for (const Row& row :
         {Row{1232, 4096, 1232}, Row{4096, 1232, 1232}, Row{0, 1232, 512}, Row{511, 1232, 512}}) {
        Edns edns;
        edns.payload_bytes = row.theirs;
        EXPECT_EQ(edns.usable_payload(row.ours), row.expected) << row.theirs;
    }
}

TEST(RecordView, TtlWithTheTopBitIsZero) {
    RecordView record;
    record.ttl = 0x80000000;
    EXPECT_EQ(record.effective_ttl(), 0U);
    record.ttl = 0x7fffffff;
    EXPECT_EQ(record.effective_ttl(), 0x7fffffffU);
}

}  // namespace
}  // namespace kith::dns
