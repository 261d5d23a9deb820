#include "update/update_message.hpp"

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "update/update_builder.hpp"
#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;
using Message = std::vector<std::uint8_t>;

Message from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Message out;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        out.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
    return out;
}

// "example." SOA IN
constexpr std::string_view zone_section = "076578616d706c650000060001";

struct Refused {
    const char* why;
    std::string message;
    std::string_view reason;
};

TEST(ReadUpdate, RefusesWhatIsNoUpdate) {
    const std::string zone(zone_section);
    const std::string lease_of = "00002904d000000000";
    const Refused rows[] = {
        {"nothing", "", "fewer than 12 bytes"},
        {"a query", "123400000001000000000000" + zone, "expected opcode UPDATE, found QUERY"},
        {"a response", "1234a8000001000000000000" + zone, "found a response"},
        {"§3.1.1 no zone", "123428000000000000000000", "one zone in the zone section, found 0"},
        {"§3.1.1 two zones", "123428000002000000000000" + zone + zone, "found 2"},
        {"§3.1.1 the zone is not a SOA",
         "123428000001000000000000"
         "076578616d706c650000010001",
         "expected type SOA"},
        {"a record that is cut off", "123428000001000000010000" + zone + "c00c0001", "truncated"},
        {"bytes behind the end", "123428000001000000000000" + zone + "00", "trailing"},
        {"an address of three bytes",
         "123428000001000000010000" + zone + "c00c00010001000000010003c00002", "A"},
        {"no address", "123428000001000000010000" + zone + "c00c00010001000000010000", "A"},
        {"class NONE without data", "123428000001000000010000" + zone + "c00c000100fe000000000000",
         "A"},
        {"a lease of three bytes",
         "123428000001000000000001" + zone + lease_of +
             "0007"
             "0002"
             "0003"
             "000001",
         "4 or 8 bytes, found 3"},
    };
    for (const Refused& row : rows) {
        const auto read = read_update(from_hex(row.message));
        ASSERT_FALSE(read.has_value()) << row.why;
        EXPECT_EQ(read.error().rcode, Rcode::FORMERR) << row.why;
        EXPECT_NE(read.error().reason.find(row.reason), std::string::npos)
            << row.why << ": " << read.error().reason;
    }
}

TEST(ReadUpdate, BoundsRecordsAndTheirData) {
    Message message = from_hex("123428000001000000000000" + std::string(zone_section));
    store_u16(message.data() + 6, static_cast<std::uint16_t>(prerequisites_max + 1));
    EXPECT_NE(read_update(message).error().reason.find("at most 1000 prerequisites"),
              std::string::npos);
    store_u16(message.data() + 6, 0);
    store_u16(message.data() + 8, static_cast<std::uint16_t>(updates_max + 1));
    EXPECT_NE(read_update(message).error().reason.find("at most 4000 updates"), std::string::npos);
    // MX records whose exchange is a pointer to a name of 255 bytes: 16 bytes become 257.
    Message large = from_hex("123428000001000000000000");
    for (int i = 0; i < 3; ++i) {
        large.push_back(63);
        large.insert(large.end(), 63, 'x');
    }
    large.push_back(61);
    large.insert(large.end(), 61, 'x');
    large.push_back(0);
    const Message soa = from_hex("00060001");
    large.insert(large.end(), soa.begin(), soa.end());
    const Message record = from_hex("c00c000f0001000000010004000ac00c");
    while (large.size() + record.size() <= 65535)
        large.insert(large.end(), record.begin(), record.end());
    const std::size_t count = (large.size() - 12 - 259) / record.size();
    ASSERT_GT(count, 4000U);
    // All that the count allows is 4000 * 257 bytes, just below the bound of a mebibyte.
    large.resize(12 + 259 + 4000 * record.size());
    store_u16(large.data() + 8, 4000);
    const auto read = read_update(large);
    ASSERT_TRUE(read.has_value()) << read.error().reason;
    EXPECT_EQ(read->updates.size(), 4000U);
    EXPECT_EQ(read->updates.back().rdata.size(), 257U);
}

TEST(ReadUpdate, ReadsWhatTheBuilderWrites) {
    UpdateBuilder builder(name("example."));
    const std::vector<std::uint8_t> address{10, 0, 0, 1};
    const std::vector<std::uint8_t> exchange = *dns::rdata_from_text(RrType::MX, "10 a.example.");
    builder.require_name(name("a.example."));
    builder.require_no_name(name("b.example."));
    builder.require_rrset(name("a.example."), RrType::A);
    builder.require_no_rrset(name("a.example."), RrType::AAAA);
    builder.require_record(name("a.example."), RrType::MX, exchange);
    builder.add(name("a.example."), RrType::MX, 300, exchange);
    builder.remove_record(name("a.example."), RrType::A, address);
    builder.remove_rrset(name("a.example."), RrType::TXT);
    builder.remove_name(name("b.example."));
    builder.set_lease(Lease{3600, 7200});
    const auto message = builder.message(0x1234, 100);
    ASSERT_TRUE(message.has_value());
    const auto read = read_update(*message);
    ASSERT_TRUE(read.has_value()) << read.error().reason;
    EXPECT_EQ(read->id, 0x1234);
    EXPECT_EQ(read->zone, builder.content().zone);
    EXPECT_EQ(read->zone_class, RrClass::IN);
    EXPECT_EQ(read->prerequisites, builder.content().prerequisites);
    EXPECT_EQ(read->updates, builder.content().updates);
    EXPECT_EQ(read->lease, (Lease{3600, 7200}));
    Lines lines;
    for (const UpdateRecord& record : read->prerequisites)
        lines.push_back(prerequisite_text(record, RrClass::IN));
    for (const UpdateRecord& record : read->updates)
        lines.push_back(update_text(record, RrClass::IN));
    EXPECT_EQ(lines, (Lines{"prereq yxdomain a.example.", "prereq nxdomain b.example.",
                            "prereq yxrrset a.example. A", "prereq nxrrset a.example. AAAA",
                            "prereq yxrrset a.example. MX 10 a.example.",
                            "add a.example. 300 MX 10 a.example.", "delete a.example. A 10.0.0.1",
                            "delete a.example. TXT", "delete b.example."}));
}

TEST(UpdateBuilder, LeavesRoomAndSaysWhenThereIsNone) {
    UpdateBuilder builder(name("example."));
    const std::vector<std::uint8_t> text =
        *dns::rdata_from_text(RrType::TXT, std::string(200, 'x'));
    std::size_t reserve = 0;
    while (const auto message = builder.message(1, reserve)) {
        EXPECT_LE(message->size() + reserve, 65535U);
        builder.add(name("a.example."), RrType::TXT, 1, text);
        if (builder.content().updates.size() == 100) reserve = 40000;
    }
    EXPECT_GT(builder.content().updates.size(), 100U);
    EXPECT_TRUE(builder.message(1).has_value()) << "without the reserve it still fits";
}

std::vector<zone::Record> rrset(std::initializer_list<std::string_view> lines) {
    return zone::test::records(lines);
}

TEST(UpdateBuilder, HasTrustDnsOperations) {
    const auto lines_of = [](const UpdateBuilder& builder) {
        Lines out;
        for (const UpdateRecord& record : builder.content().prerequisites)
            out.push_back(prerequisite_text(record, RrClass::IN));
        for (const UpdateRecord& record : builder.content().updates)
            out.push_back(update_text(record, RrClass::IN));
        return out;
    };
    UpdateBuilder create(name("example."));
    create.create(rrset({"a 60 A 10.0.0.1", "a 60 A 10.0.0.2"}));
    EXPECT_EQ(lines_of(create),
              (Lines{"prereq nxrrset a.example. A", "add a.example. 60 A 10.0.0.1",
                     "add a.example. 60 A 10.0.0.2"}));
    UpdateBuilder append(name("example."));
    append.append(rrset({"a 60 A 10.0.0.1"}), UpdateBuilder::Existing::any);
    EXPECT_EQ(lines_of(append), Lines{"add a.example. 60 A 10.0.0.1"});
    UpdateBuilder append_existing(name("example."));
    append_existing.append(rrset({"a 60 A 10.0.0.1"}), UpdateBuilder::Existing::required);
    EXPECT_EQ(lines_of(append_existing),
              (Lines{"prereq yxrrset a.example. A", "add a.example. 60 A 10.0.0.1"}));
    UpdateBuilder swap(name("example."));
    swap.compare_and_swap(rrset({"a 60 A 10.0.0.1"}), rrset({"a 60 A 10.0.0.2"}));
    EXPECT_EQ(lines_of(swap),
              (Lines{"prereq yxrrset a.example. A 10.0.0.1", "delete a.example. A 10.0.0.1",
                     "add a.example. 60 A 10.0.0.2"}));
}

TEST(NotifyMessage, IsANotify) {
    const auto message = notify_message(7, name("example."), RrClass::IN, RrType::SOA);
    EXPECT_EQ(message, from_hex("000724000001000000000000" + std::string(zone_section)));
}

TEST(UpdateResponse, TellsLeaseAndReason) {
    UpdateBuilder builder(name("example."));
    builder.set_lease(Lease{9999, std::nullopt});
    const Message request = *builder.message(0x1234);
    Message buffer(512);
    const Bytes good = write_update_response(buffer, 512, request, Rcode::NOERROR, nullptr,
                                             Lease{3600, std::nullopt}, 0);
    auto view = dns::MessageView::parse(good);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header().id, 0x1234);
    EXPECT_EQ(view->header().flags, 0xa800);
    EXPECT_EQ(view->question()->name, name("example."));
    ASSERT_TRUE(view->edns().has_value());
    const auto option = view->edns()->option(dns::OptionCode::UL);
    ASSERT_TRUE(option.has_value());
    EXPECT_EQ(read_lease(*option), (Lease{3600, std::nullopt}));

    const Refusal refusal{Rcode::REFUSED, "no rule grants it, " + std::string(300, 'x'),
                          dns::EdeCode::prohibited};
    const Bytes refused = write_update_response(buffer, 512, request, Rcode::REFUSED, &refusal,
                                                Lease{3600, std::nullopt}, 100);
    view = dns::MessageView::parse(refused);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->rcode(), Rcode::REFUSED);
    EXPECT_FALSE(view->edns()->option(dns::OptionCode::UL).has_value()) << "nothing was granted";
    const auto ede = view->edns()->option(dns::OptionCode::EDE);
    ASSERT_TRUE(ede.has_value());
    EXPECT_EQ(load_u16(ede->data()), 18);
    EXPECT_EQ(ede->size(), 257U) << "cut to 255 bytes of text";
    EXPECT_LE(refused.size(), 412U) << "room for a TSIG stays";

    Message tiny(512);
    const Bytes without =
        write_update_response(tiny, 512, request, Rcode::REFUSED, &refusal, std::nullopt, 400);
    EXPECT_LE(without.size() + 400, 512U) << "the text is what gives way";
    EXPECT_TRUE(
        write_update_response(tiny, 512, {}, Rcode::FORMERR, nullptr, std::nullopt, 0).empty());
    const Message no_opt = from_hex("123428000001000000000000" + std::string(zone_section));
    EXPECT_FALSE(dns::MessageView::parse(write_update_response(tiny, 512, no_opt, Rcode::REFUSED,
                                                               &refusal, std::nullopt, 0))
                     ->edns());
}

}  // namespace
}  // namespace kith::update
