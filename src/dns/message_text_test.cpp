#include "dns/message_text.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::dns {
namespace {

using B = std::vector<std::uint8_t>;

TEST(MessageText, LooksLikeThis) {
    B buffer(512);
    MessageBuilder builder;
    builder.start_query(buffer, 7, *Name::from_text("a.lan."), RrType::MX, RrClass::IN);
    builder.header().flags = 0x8580;
    const Name owner = *Name::from_text("A.lan.");
    ASSERT_TRUE(builder.add_record(Section::answer, owner, RrType::MX, RrClass::IN, 60,
                                   *rdata_from_text(RrType::MX, "10 b.lan.")));
    ASSERT_TRUE(builder.add_record(Section::additional, *Name::from_text("b.lan."), RrType::A,
                                   RrClass::IN, 60, B{10, 0, 0, 1}));
    ASSERT_TRUE(builder.add_opt(1232, Rcode::NOERROR, 0, 0x8000,
                                B{0, 15, 0, 5, 0, 3, 'o', '"', 27, 0, 3, 0, 2, 'n', 's'}));
    const auto view = MessageView::parse(builder.finish());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(to_text(*view),
              ";; opcode: QUERY, status: NOERROR, id: 7\n"
              ";; flags: qr aa rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 2\n"
              "\n;; OPT PSEUDOSECTION:\n"
              "; EDNS: version: 0, flags: do; udp: 1232\n"
              "; EDE: 3 (Stale Answer): \"o\\\"\\027\"\n"
              "; NSID: 6E73 (\"ns\")\n"
              "\n;; QUESTION SECTION:\n"
              ";a.lan.\t\tIN\tMX\n"
              "\n;; ANSWER SECTION:\n"
              "a.lan.\t60\tIN\tMX\t10 b.lan.\n"
              "\n;; ADDITIONAL SECTION:\n"
              "b.lan.\t60\tIN\tA\t10.0.0.1\n");
}

TEST(MessageText, ShowsAnUpdate) {
    B buffer(512);
    MessageBuilder builder;
    builder.start_query(buffer, 7, *Name::from_text("lan."), RrType::SOA, RrClass::IN);
    builder.header().flags = 5 << 11;
    ASSERT_TRUE(builder.add_record(Section::authority, *Name::from_text("a.lan."), RrType::A,
                                   RrClass::ANY, 0, {}));
    const auto view = MessageView::parse(builder.finish());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(to_text(*view),
              ";; opcode: UPDATE, status: NOERROR, id: 7\n"
              ";; flags:; ZONE: 1, PREREQUISITE: 0, UPDATE: 1, ADDITIONAL: 0\n"
              "\n;; ZONE SECTION:\n;lan.\t\tIN\tSOA\n"
              "\n;; UPDATE SECTION:\na.lan.\t0\tANY\tA\n");
}

TEST(MessageText, ShowsRdataThatDoesNotFit) {
    const B message = {0, 7, 0x80, 0, 0, 0, 0, 1, 0, 0, 0,  0, 0,
                       0, 1, 0,    1, 0, 0, 0, 0, 0, 2, 10, 0};
    const auto view = MessageView::parse(message);
    ASSERT_TRUE(view.has_value());
    EXPECT_TRUE(to_text(*view).ends_with(
        "\n;; ANSWER SECTION:\n; RDATA does not fit A: truncated at byte 23\n"
        "; .\t0\tIN\tNULL\t\\# 2 0A00\n"));
}

TEST(OptionText, SaysWhatTheOptionMeans) {
    struct Row {
        const char* why;
        OptionCode code;
        B value;
        const char* text;
    };
    const Row rows[] = {
        {"RFC 7871 §6", OptionCode::CLIENT_SUBNET, {0, 1, 24, 0, 10, 1, 2}, "10.1.2.0/24/0"},
        {"IPv6", OptionCode::CLIENT_SUBNET, {0, 2, 32, 16, 0x20, 1, 0xd, 0xb8}, "2001:db8::/32/16"},
        {"unknown family", OptionCode::CLIENT_SUBNET, {0, 3, 0, 0}, "00030000"},
        {"too many bytes",
         OptionCode::CLIENT_SUBNET,
         {0, 1, 32, 0, 1, 2, 3, 4, 5},
         "000120000102030405"},
        {"RFC 8914 §2 without text", OptionCode::EDE, {0, 15}, "15 (Blocked)"},
        {"cut off", OptionCode::EDE, {0}, "00"},
        {"RFC 7873 §4", OptionCode::COOKIE, {1, 2, 3, 4, 5, 6, 7, 8}, "0102030405060708"},
        {"RFC 7828 §3.1", OptionCode::TCP_KEEPALIVE, {0, 105}, "10.5 s"},
        {"sent by clients", OptionCode::TCP_KEEPALIVE, {}, ""},
        {"RFC 7830 §3", OptionCode::PADDING, {0, 0, 0}, "3 bytes"},
        {"RFC 8145 §4.1", OptionCode::KEY_TAG, {0x4f, 0x66, 0, 1}, "20326 1"},
        {"RFC 6975 §2", OptionCode::DAU, {8, 13}, "8 13"},
        {"RFC 7314 §2", OptionCode::EXPIRE, {0, 0, 1, 0}, "256 s"},
        {"RFC 9567 §5", OptionCode::REPORT_CHANNEL, {1, 'a', 0}, "a."},
        {"RFC 9660 §2",
         OptionCode::ZONEVERSION,
         {2, 0, 0, 0, 0, 9},
         "serial 9 of the zone with 2 labels"},
        {"unknown", OptionCode{65001}, {1}, "01"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(option_text({row.code, row.value}), row.text);
    }
}

}  // namespace
}  // namespace kith::dns
