// What comes in as AXFR and IXFR: the forms that are good, and every way to be bad.

#include <gtest/gtest.h>

#include "transfer/transfer_testing.hpp"

namespace kith::transfer::test {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;
using zone::test::dump;
using zone::test::name;
using Lines = std::vector<std::string>;

zone::ZonePtr present() { return zone::test::zone({"a 60 A 192.0.2.1", "b 60 A 192.0.2.2"}); }

InRequest request(Kind kind) {
    InRequest out;
    out.kind = kind;
    out.id = 7;
    out.zone = name("example.");
    out.present = kind == Kind::ixfr ? present() : nullptr;
    return out;
}

/// Feeds messages of these records.
TransferIn feed(InRequest asked, const std::vector<Lines>& messages, MessageShape shape = {}) {
    shape.type = asked.kind == Kind::axfr ? RrType::AXFR : RrType::IXFR;
    TransferIn in(std::move(asked));
    for (const Lines& lines : messages) {
        if (in.state() == InState::more) in.on_message(message(lines, shape));
    }
    return in;
}

TEST(TransferIn, TakesAWholeZoneInAnyMessages) {
    const Lines all = {soa_line(5), "a 60 A 192.0.2.1", "b 60 NS c", "c.b 60 A 192.0.2.3",
                       soa_line(5)};
    for (std::size_t cut = 1; cut <= all.size(); ++cut) {
        const auto at = all.begin() + static_cast<std::ptrdiff_t>(cut);
        std::vector<Lines> messages = {Lines(all.begin(), at)};
        if (cut < all.size()) messages.push_back(Lines(at, all.end()));
        TransferIn in = feed(request(Kind::axfr), messages);
        ASSERT_EQ(in.state(), InState::done) << cut << ": " << in.error().text;
        const InResult result = in.take_result();
        ASSERT_EQ(result.kind, InResult::Kind::whole);
        EXPECT_EQ(result.zone->serial(), 5U);
        const Lines expected = {soa_line(5), "a.example. 60 A 192.0.2.1",
                                "b.example. 60 NS c.example. [c]",
                                "c.b.example. 60 A 192.0.2.3 [o]"};
        EXPECT_EQ(dump(*result.zone), expected);
        EXPECT_EQ(result.records, 5U);
    }
}

TEST(TransferIn, TakesIxfrInEachForm) {
    const struct {
        Lines records;
        InResult::Kind kind;
        std::size_t differences;
        std::string_view why;
    } rows[] = {
        {{soa_line(1)}, InResult::Kind::up_to_date, 0, "the SOA we have"},
        {{soa_line(2), "a 60 A 192.0.2.1", soa_line(2)},
         InResult::Kind::whole,
         0,
         "the second record is none"},
        {{soa_line(2), soa_line(2)}, InResult::Kind::whole, 0, "a zone of its SOA alone"},
        {{soa_line(2), soa_line(1), soa_line(2), soa_line(2)},
         InResult::Kind::differences,
         1,
         "only the serial"},
        {{soa_line(3), soa_line(1), "a 60 A 192.0.2.1", soa_line(2), soa_line(2), soa_line(3),
          "c 60 A 192.0.2.3", soa_line(3)},
         InResult::Kind::differences,
         2,
         "two steps"},
    };
    for (const auto& row : rows) {
        for (std::size_t cut = 1; cut <= row.records.size(); ++cut) {
            const auto at = row.records.begin() + static_cast<std::ptrdiff_t>(cut);
            std::vector<Lines> messages = {Lines(row.records.begin(), at)};
            if (cut < row.records.size()) messages.push_back(Lines(at, row.records.end()));
            TransferIn in = feed(request(Kind::ixfr), messages);
            ASSERT_EQ(in.state(), InState::done) << row.why << ": " << in.error().text;
            const InResult result = in.take_result();
            EXPECT_EQ(result.kind, row.kind) << row.why;
            EXPECT_EQ(result.differences.size(), row.differences) << row.why;
        }
    }
}

TEST(TransferIn, GivesDifferencesThatApply) {
    TransferIn in =
        feed(request(Kind::ixfr),
             {{soa_line(3), soa_line(1), "a 60 A 192.0.2.1", soa_line(2), "a 60 A 192.0.2.9",
               soa_line(2), "b 60 A 192.0.2.2", soa_line(3), "c 60 A 192.0.2.3", soa_line(3)}});
    ASSERT_EQ(in.state(), InState::done) << in.error().text;
    const auto zone = apply_differences(present(), in.take_result().differences, zone::file_bounds);
    ASSERT_TRUE(zone.has_value()) << zone.error().text;
    const Lines expected = {soa_line(3), "a.example. 60 A 192.0.2.9", "c.example. 60 A 192.0.2.3"};
    EXPECT_EQ(dump(**zone), expected);
}

TEST(TransferIn, SaysWhichDifferenceDoesNotFit) {
    TransferIn in =
        feed(request(Kind::ixfr),
             {{soa_line(2), soa_line(1), "z 60 A 192.0.2.1", soa_line(2), soa_line(2)}});
    ASSERT_EQ(in.state(), InState::done);
    const zone::ZonePtr before = present();
    const Lines was = dump(*before);
    const auto zone = apply_differences(before, in.take_result().differences, zone::file_bounds);
    ASSERT_FALSE(zone.has_value());
    EXPECT_EQ(zone.error().fault, InFault::bad_change);
    EXPECT_NE(zone.error().text.find("from serial 1 to 2"), std::string::npos) << zone.error().text;
    EXPECT_NE(zone.error().text.find("z.example. A"), std::string::npos) << zone.error().text;
    EXPECT_EQ(dump(*before), was);
}

TEST(TransferIn, RefusesWhatIsNotInOrder) {
    const Lines good = {soa_line(5), soa_line(5)};
    const struct {
        Kind kind;
        std::vector<Lines> messages;
        MessageShape shape;
        InFault fault;
        std::string_view why;
    } rows[] = {
        {Kind::axfr, {good}, {.id = 8}, InFault::not_ours, "another id"},
        {Kind::axfr, {good}, {.flags = 0}, InFault::not_ours, "no response"},
        {Kind::axfr, {good}, {.flags = Header::qr | 5 << 11}, InFault::not_ours, "another opcode"},
        {Kind::axfr, {good}, {.question = "other."}, InFault::not_ours, "another question"},
        {Kind::axfr,
         {good},
         {.question = ""},
         InFault::not_ours,
         "no question in the first message"},
        {Kind::axfr,
         {good},
         {.klass = dns::RrClass::CH},
         InFault::not_ours,
         "records of another class"},
        {Kind::axfr, {good}, {.rcode = Rcode::REFUSED}, InFault::refused, "an rcode"},
        {Kind::axfr, {good}, {.flags = Header::qr | Header::tc}, InFault::malformed, "TC over TCP"},
        {Kind::axfr, {{}}, {}, InFault::framing, "no records"},
        {Kind::axfr, {{soa_line(5)}, {}}, {}, InFault::framing, "no records in the second message"},
        {Kind::axfr, {{"a 1 A 192.0.2.1", soa_line(5)}}, {}, InFault::framing, "SOA not first"},
        {Kind::axfr, {{soa_line(5), soa_line(6)}}, {}, InFault::framing, "another SOA at the end"},
        {Kind::axfr,
         {{soa_line(5), soa_line(5), "a 1 A 192.0.2.1"}},
         {},
         InFault::framing,
         "a record after it"},
        {Kind::axfr,
         {{soa_line(5), "a 1 SOA ns. h. 5 2 3 4 5", soa_line(5)}},
         {},
         InFault::framing,
         "SOA below"},
        {Kind::axfr,
         {{soa_line(5), "a.other. 1 A 192.0.2.1"}},
         {},
         InFault::out_of_zone,
         "another zone's"},
        {Kind::axfr,
         {{soa_line(5), "a 1 CNAME b", "a 1 A 192.0.2.1", soa_line(5)}},
         {},
         InFault::bad_zone,
         "CNAME"},
        {Kind::ixfr,
         {{soa_line(3), soa_line(2), soa_line(3), soa_line(3)}},
         {},
         InFault::framing,
         "starts at a serial that is not ours, so it is a whole zone of two SOA records"},
        {Kind::ixfr, {{soa_line(0)}}, {}, InFault::old_serial, "an older version"},
        {Kind::ixfr,
         {{soa_line(1), "a 1 A 192.0.2.1"}},
         {},
         InFault::old_serial,
         "ours again, with records"},
        {Kind::ixfr,
         {{soa_line(3), soa_line(1), soa_line(1), soa_line(3)}},
         {},
         InFault::framing,
         "no step"},
        {Kind::ixfr,
         {{soa_line(3), soa_line(1), soa_line(0), soa_line(3)}},
         {},
         InFault::framing,
         "a step back"},
        {Kind::ixfr,
         {{soa_line(3), soa_line(1), soa_line(4), soa_line(3)}},
         {},
         InFault::framing,
         "beyond the newest"},
        {Kind::ixfr,
         {{soa_line(3), soa_line(1), soa_line(2), soa_line(3)}},
         {},
         InFault::framing,
         "a gap"},
        {Kind::ixfr,
         {{soa_line(2), soa_line(1), "a.other. 1 A 192.0.2.1"}},
         {},
         InFault::out_of_zone,
         "in a difference"},
        {Kind::ixfr,
         {{soa_line(2), soa_line(1), soa_line(2), soa_line(2), "a 1 A 192.0.2.1"}},
         {},
         InFault::framing,
         "a record after the end"},
    };
    for (const auto& row : rows) {
        TransferIn in = feed(request(row.kind), row.messages, row.shape);
        ASSERT_EQ(in.state(), InState::failed) << row.why;
        EXPECT_EQ(fault_name(in.error().fault), fault_name(row.fault))
            << row.why << ": " << in.error().text;
        EXPECT_FALSE(in.error().text.empty()) << row.why;
    }
}

TEST(TransferIn, RefusesBytesThatAreNoMessage) {
    const Message good = message({soa_line(5), soa_line(5)});
    const struct {
        Message bytes;
        std::string_view why;
    } rows[] = {
        {{}, "nothing"},
        {Message(good.begin(), good.end() - 1), "cut"},
        {[&] {
             Message out = good;
             out.push_back(0);
             return out;
         }(),
         "a byte more"},
    };
    for (const auto& row : rows) {
        TransferIn in(request(Kind::axfr));
        EXPECT_EQ(in.on_message(row.bytes), InState::failed) << row.why;
        EXPECT_EQ(in.error().fault, InFault::malformed) << row.why;
    }
    Message short_address = message({soa_line(5), "a 1 TYPE65280 \\# 3 010203", soa_line(5)});
    const auto at = std::ranges::find(short_address, 0xff);
    ASSERT_NE(at, short_address.end());
    at[0] = 0;
    at[1] = 1;  // A with three bytes
    TransferIn in(request(Kind::axfr));
    EXPECT_EQ(in.on_message(short_address), InState::failed);
    EXPECT_EQ(in.error().fault, InFault::malformed);
}

TEST(TransferIn, HoldsToItsBounds) {
    const Lines lines = {soa_line(5), "a 1 A 192.0.2.1", "b 1 A 192.0.2.1", soa_line(5)};
    const struct {
        InBounds bounds;
        InState expected;
        std::string_view why;
    } rows[] = {
        {{.records_max = 4}, InState::done, "just as many"},
        {{.records_max = 3}, InState::failed, "one too many"},
        {{.bytes_max = message(lines).size()}, InState::done, "just as large"},
        {{.bytes_max = message(lines).size() - 1}, InState::failed, "a byte too large"},
    };
    for (const auto& row : rows) {
        InRequest asked = request(Kind::axfr);
        asked.bounds = row.bounds;
        TransferIn in = feed(asked, {lines});
        EXPECT_EQ(in.state(), row.expected) << row.why;
        if (row.expected == InState::failed) {
            EXPECT_EQ(in.error().fault, InFault::bounds) << row.why;
        }
    }
    InRequest asked = request(Kind::ixfr);
    asked.bounds.differences_max = 1;
    TransferIn in = feed(
        asked, {{soa_line(3), soa_line(1), soa_line(2), soa_line(2), soa_line(3), soa_line(3)}});
    EXPECT_EQ(in.error().fault, InFault::bounds) << "differences";
    asked = request(Kind::axfr);
    asked.bounds.zone = {.types_per_name = 9, .records_per_rrset = 1};
    TransferIn rrset =
        feed(asked, {{soa_line(5), "a 1 A 192.0.2.1", "a 1 A 192.0.2.2", soa_line(5)}});
    EXPECT_EQ(rrset.error().fault, InFault::bad_zone) << "an RRset larger than the policy";
}

TEST(TransferIn, EndsOnlyAtTheEnd) {
    TransferIn in = feed(request(Kind::axfr), {{soa_line(5), "a 1 A 192.0.2.1"}});
    ASSERT_EQ(in.state(), InState::more);
    EXPECT_EQ(in.on_end(), InState::failed);
    EXPECT_EQ(in.error().fault, InFault::cut);
    EXPECT_NE(in.error().text.find("at record 2 of message 1"), std::string::npos)
        << in.error().text;
    TransferIn done = feed(request(Kind::axfr), {{soa_line(5), soa_line(5)}});
    EXPECT_EQ(done.on_end(), InState::done) << "what is done stays done";
}

TEST(TransferIn, OverUdpItIsOneMessageOrNone) {
    InRequest asked = request(Kind::ixfr);
    asked.is_udp = true;
    const struct {
        Lines lines;
        std::uint16_t flags;
        InState state;
        InFault fault;
        std::string_view why;
    } rows[] = {
        {{soa_line(1)}, Header::qr, InState::done, InFault::none, "nothing new"},
        {{soa_line(2)},
         Header::qr,
         InState::failed,
         InFault::use_tcp,
         "newer, and does not fit (RFC 1995 §2)"},
        {{soa_line(2), soa_line(1), soa_line(2), soa_line(2)},
         Header::qr,
         InState::done,
         InFault::none,
         "it fits"},
        {{soa_line(2), soa_line(1), soa_line(2)},
         Header::qr,
         InState::failed,
         InFault::use_tcp,
         "half of it"},
        {{soa_line(2)}, Header::qr | Header::tc, InState::failed, InFault::use_tcp, "truncated"},
    };
    for (const auto& row : rows) {
        TransferIn in = feed(asked, {row.lines}, {.flags = row.flags});
        EXPECT_EQ(in.state(), row.state) << row.why;
        EXPECT_EQ(in.error().fault, row.fault) << row.why << ": " << in.error().text;
    }
}

/// Messages of a zone, some of them signed.
std::vector<Message> signed_messages(const std::vector<bool>& is_signed) {
    CountingSigner signer;
    std::vector<Message> out;
    for (std::size_t i = 0; i < is_signed.size(); ++i) {
        const bool is_end = i == 0 || i + 1 == is_signed.size();
        Message bytes =
            message({is_end ? soa_line(5) : "a" + std::to_string(i) + " 1 A 192.0.2.1"});
        if (is_signed[i]) {
            const std::size_t size = bytes.size();
            bytes.resize(size + signer.room());
            signer.sign(bytes, size);
        }
        out.push_back(std::move(bytes));
    }
    return out;
}

TEST(TransferIn, WantsTheLastMessageSigned) {
    const struct {
        std::vector<bool> is_signed;
        InState expected;
        std::string_view why;
    } rows[] = {{{true, true, true}, InState::done, "all"},
                {{true, false, true}, InState::done, "not those in between (RFC 8945 §5.3.1)"},
                {{true, true, false}, InState::failed, "not the last"}};
    for (const auto& row : rows) {
        CountingVerifier verifier;
        TransferIn in(request(Kind::axfr), &verifier);
        for (const Message& bytes : signed_messages(row.is_signed)) in.on_message(bytes);
        EXPECT_EQ(in.state(), row.expected) << row.why;
        if (row.expected == InState::failed) {
            EXPECT_EQ(in.error().fault, InFault::signature) << row.why;
        }
    }
    CountingVerifier other(50);
    TransferIn in(request(Kind::axfr), &other);
    EXPECT_EQ(in.on_message(signed_messages({true, true})[0]), InState::failed)
        << "another signature";
    EXPECT_EQ(in.error().fault, InFault::signature);
}

TEST(TransferIn, DoesNotGoBack) {
    InRequest asked = request(Kind::axfr);
    asked.present =
        zone::test::build({zone::test::records({"@ 300 SOA ns.example. h.example. 9 2 3 4 5"})})
            .zone;
    TransferIn in = feed(asked, {{soa_line(5), soa_line(5)}});
    EXPECT_EQ(in.error().fault, InFault::old_serial);
    TransferIn same = feed(asked, {{soa_line(9), soa_line(9)}});
    EXPECT_EQ(same.state(), InState::done) << "the same serial is what retransfer is for";
}

}  // namespace
}  // namespace kith::transfer::test
