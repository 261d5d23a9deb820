// What a transfer puts on the wire, and how it reads the query for it.

#include <gtest/gtest.h>

#include "transfer/access.hpp"
#include "transfer/transfer_testing.hpp"

namespace kith::transfer::test {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;
using zone::test::name;
using zone::test::records;
using Lines = std::vector<std::string>;

std::string printed_soa(std::uint32_t serial) { return soa_line(serial); }

zone::ZonePtr small_zone() {
    return zone::test::zone({"@ 300 NS ns.sub", "sub 300 NS ns.sub", "ns.sub 300 A 192.0.2.1",
                             "hidden.sub 300 TXT occluded", "b 60 A 192.0.2.2", "b 60 A 192.0.2.3",
                             "x.y.z 60 TXT empty-above"});
}

Lines lines_of(const std::vector<Message>& messages) {
    Lines out;
    for (const Message& each : messages) {
        for (std::string& line : answer_lines(each)) out.push_back(std::move(line));
    }
    return out;
}

TEST(TransferOut, SendsEverythingBetweenTwoSoaRecords) {
    TransferOut out(query(Kind::axfr), {small_zone(), {}, {}});
    const std::vector<Message> messages = run(out);
    ASSERT_EQ(messages.size(), 1U);
    // Glue and what is hidden below the cut are part of the zone (RFC 5936 §3.5).
    const Lines expected = {printed_soa(1),
                            "example. 300 NS ns.sub.example.",
                            "b.example. 60 A 192.0.2.2",
                            "b.example. 60 A 192.0.2.3",
                            "sub.example. 300 NS ns.sub.example.",
                            "hidden.sub.example. 300 TXT \"occluded\"",
                            "ns.sub.example. 300 A 192.0.2.1",
                            "x.y.z.example. 60 TXT \"empty-above\"",
                            printed_soa(1)};
    EXPECT_EQ(lines_of(messages), expected);
    const auto view = dns::MessageView::parse(messages[0]);
    EXPECT_EQ(view->header().flags, Header::qr | Header::aa);
    EXPECT_EQ(view->header().id, 7);
    EXPECT_FALSE(view->edns().has_value());
    EXPECT_EQ(out.counts().records, 9U);
    EXPECT_EQ(out.counts().bytes, messages[0].size());
}

TEST(TransferOut, FillsMessagesAndRepeatsNoQuestion) {
    std::vector<zone::Record> all =
        records({"@ 300 SOA ns.example. hostmaster.example. 1 2 3 4 5"});
    for (int i = 0; i < 3000; ++i) {
        all.push_back(
            zone::test::record("host" + std::to_string(i) + " 300 A 192.0.2.1", name("example.")));
    }
    const zone::ZonePtr zone = zone::test::build(all).zone;
    TransferOut out(query(Kind::axfr), {zone, {}, {}}, std::make_unique<CountingSigner>(), 4096);
    const std::vector<Message> messages = run(out);
    ASSERT_GT(messages.size(), 10U);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto view = dns::MessageView::parse(messages[i]);
        ASSERT_TRUE(view.has_value());
        EXPECT_EQ(view->header().counts[0], i == 0 ? 1 : 0);
        EXPECT_EQ(view->header().counts[3], 1) << "each is signed";
        EXPECT_LE(messages[i].size(), 4096U);
        if (i + 1 < messages.size()) {
            EXPECT_GT(messages[i].size(), 4096U - 40) << "as full as it gets";
        }
    }
    EXPECT_EQ(lines_of(messages).size(), 3002U);
}

TEST(TransferOut, GivesALargeRecordAMessageOfItsOwn) {
    zone::ZoneBuilder builder(name("example."));
    for (const zone::Record& each :
         records({"@ 300 SOA ns.example. hostmaster.example. 1 2 3 4 5", "a 1 A 192.0.2.1"})) {
        ASSERT_TRUE(builder.add(each.owner, each.type, each.ttl, each.rdata));
    }
    const std::vector<std::uint8_t> large(60'000, 'x');
    ASSERT_TRUE(builder.add(name("big.example."), RrType::NULL_, 1, large));
    const zone::ZonePtr zone = builder.finish().zone;
    TransferOut out(query(Kind::axfr), {zone, {}, {}});
    const std::vector<Message> messages = run(out);
    ASSERT_EQ(messages.size(), 2U) << "what fits beside it follows";
    EXPECT_LT(messages[0].size(), 200U);
    EXPECT_GT(messages[1].size(), 60'000U);
    EXPECT_EQ(lines_of(messages).size(), 4U);
}

TEST(TransferOut, SaysSoWhenARecordCannotBeSent) {
    zone::ZoneBuilder builder(name("example."));
    for (const zone::Record& each :
         records({"@ 300 SOA ns.example. hostmaster.example. 1 2 3 4 5"})) {
        ASSERT_TRUE(builder.add(each.owner, each.type, each.ttl, each.rdata));
    }
    const std::vector<std::uint8_t> large(65'200, 'x');
    const std::string label(60, 'a');
    ASSERT_TRUE(builder.add(name(label + "." + label + "." + label + ".example."), RrType::NULL_, 1,
                            large));
    const zone::ZonePtr zone = builder.finish().zone;
    ASSERT_NE(zone, nullptr);
    class LargeSigner final : public MessageSigner {
        std::size_t room() const override { return 300; }
        std::size_t sign(MutableBytes, std::size_t size) override { return size; }
    };
    TransferOut out(query(Kind::axfr), {zone, {}, {}}, std::make_unique<LargeSigner>());
    Message buffer(65535);
    EXPECT_FALSE(out.next_message(buffer).empty());
    EXPECT_TRUE(out.next_message(buffer).empty());
    EXPECT_TRUE(out.done());
}

TEST(TransferOut, TellsWhenTheZoneExpires) {
    TransferQuery wanting = query(Kind::axfr);
    wanting.has_edns = wanting.wants_expire = true;
    const struct {
        std::optional<std::uint32_t> given;
        std::uint32_t expected;
        std::string_view why;
    } rows[] = {{std::nullopt, 4, "a primary says what its SOA says (RFC 7314 §3.1)"},
                {99, 99, "a secondary says how long it has itself"}};
    for (const auto& row : rows) {
        TransferOut out(wanting, {small_zone(), {}, row.given});
        const std::vector<Message> messages = run(out);
        const auto view = dns::MessageView::parse(messages[0]);
        ASSERT_TRUE(view->edns().has_value()) << row.why;
        const auto option = view->edns()->option(dns::OptionCode::EXPIRE);
        ASSERT_TRUE(option && option->size() == 4) << row.why;
        EXPECT_EQ(load_u32(option->data()), row.expected) << row.why;
    }
}

/// A zone of serial 3 with the changes that led there.
Source two_changes() {
    const zone::ZonePtr first = small_zone();
    const ChangePtr one =
        change(1, 2, records({"b 60 A 192.0.2.2"}), records({"c 60 A 192.0.2.9"}));
    const zone::ZonePtr second = *zone::apply_change(first, *one);
    zone::ZoneChange two = zone::difference(
        *second, **zone::apply_change(
                     second, *change(2, 3, {zone::test::record(soa_line(2), name("example."))},
                                     records({"@ 300 SOA ns.example. other.example. 3 2 3 4 5",
                                              "a 60 A 192.0.2.4"}))));
    // The feed keeps leases: that one was renewed is nobody's business.
    two.removed.push_back(records({"c 60 A 192.0.2.9"})[0]);
    two.added.push_back(two.removed.back());
    two.added.back().provenance.lease_end = 12345;
    const zone::ZonePtr third = *zone::apply_change(second, two);
    return {third, {one, std::make_shared<zone::ZoneChange>(two)}, {}};
}

TEST(TransferOut, SendsDifferencesInOrder) {
    TransferOut out(query(Kind::ixfr, 1), two_changes());
    ASSERT_EQ(out.shape(), Shape::differences);
    const std::string last = "example. 300 SOA ns.example. other.example. 3 2 3 4 5";
    const Lines expected = {last,
                            printed_soa(1),
                            "b.example. 60 A 192.0.2.2",
                            printed_soa(2),
                            "c.example. 60 A 192.0.2.9",
                            printed_soa(2),
                            last,
                            "a.example. 60 A 192.0.2.4",
                            last};
    EXPECT_EQ(lines_of(run(out)), expected);
}

TEST(TransferOut, ChoosesWhatIxfrGets) {
    const Source source = two_changes();
    const Source newest{source.zone, {source.changes[1]}, {}};
    const struct {
        std::uint32_t serial;
        const Source& source;
        Shape expected;
        std::string_view why;
    } rows[] = {
        {3, source, Shape::current, "it has this version"},
        {4, source, Shape::current, "it has a newer one (RFC 1995 §2)"},
        {1, source, Shape::differences, "all changes are there"},
        {2, newest, Shape::differences, "the only one it needs is there"},
        {1, newest, Shape::whole, "the first change is missing"},
        {2, source, Shape::whole, "changes that start elsewhere are not used"},
        {0x80000003U, source, Shape::whole, "neither older nor newer (RFC 1982 §3.2)"},
        {0xffffffffU, newest, Shape::whole, "older: serials go round"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(TransferOut(query(Kind::ixfr, row.serial), row.source).shape(), row.expected)
            << row.why;
    }
    const Source broken{source.zone, {source.changes[1], source.changes[0]}, {}};
    EXPECT_EQ(TransferOut(query(Kind::ixfr, 2), broken).shape(), Shape::whole)
        << "changes out of order";
    std::vector<zone::Record> many;
    for (int i = 0; i < 20; ++i) many.push_back(records({"c 60 A 192.0.2.9"})[0]);
    const Source larger{source.zone, {change(2, 3, many, {})}, {}};
    EXPECT_EQ(TransferOut(query(Kind::ixfr, 2), larger).shape(), Shape::whole)
        << "more differences than the zone has records";
}

TEST(TransferOut, AnswersIxfrOverUdp) {
    Message buffer(65535);
    const Source source = two_changes();
    TransferQuery asked = query(Kind::ixfr, 1);
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, source, nullptr, 1232, buffer)).size(), 9U)
        << "it fits";
    const Lines soa = {"example. 300 SOA ns.example. other.example. 3 2 3 4 5"};
    asked.serial = 77;
    EXPECT_EQ(
        answer_lines(answer_ixfr_over_udp(asked, {source.zone, {}, {}}, nullptr, 1232, buffer)),
        soa)
        << "no whole zones over UDP";
    asked.serial = 2;
    std::vector<zone::Record> many;
    for (int i = 0; i < 4; ++i) {
        many.push_back(zone::test::record("t 1 TXT " + std::string(200, static_cast<char>('a' + i)),
                                          name("example.")));
    }
    const Source large{source.zone, {change(2, 3, {}, many)}, {}};
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, large, nullptr, 1232, buffer)), soa)
        << "512 without EDNS";
    asked.payload_bytes = 4096;
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, large, nullptr, 4096, buffer)).size(), 8U);
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, large, nullptr, 900, buffer)), soa)
        << "our own bound";
    std::vector<zone::Record> before, renewed;
    for (int i = 0; i < 30; ++i) {
        before.push_back(
            zone::test::record("h" + std::to_string(i) + " 1 A 10.0.0.1", name("example.")));
        renewed.push_back(before.back());
        renewed.back().provenance.lease_end = 1;
    }
    std::vector<zone::Record> all = renewed;
    all.push_back(zone::test::record(soa_line(3), name("example.")));
    const Source leases{zone::test::build(all).zone, {change(2, 3, before, renewed)}, {}};
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, leases, nullptr, 1232, buffer)).size(), 4U)
        << "all of it cancels out";
    EXPECT_EQ(answer_lines(answer_ixfr_over_udp(asked, leases, nullptr, 600, buffer)),
              Lines{soa_line(3)})
        << "more than could fit is not looked at";
    CountingSigner signer;
    const Bytes is_signed = answer_ixfr_over_udp(asked, large, &signer, 900, buffer);
    EXPECT_EQ(dns::MessageView::parse(is_signed)->header().counts[3], 1);
    EXPECT_TRUE(CountingVerifier().accept(is_signed)) << "signed once";
}

TEST(TransferOut, HandsTheZoneBack) {
    const zone::ZonePtr zone = small_zone();
    TransferOut out(query(Kind::axfr), {zone, {}, {}});
    EXPECT_EQ(zone.use_count(), 2);
    EXPECT_EQ(out.release_zone(), zone);
    EXPECT_TRUE(out.done());
    EXPECT_EQ(zone.use_count(), 1);
}

TEST(TransferQuery, ReadsWhatItWrites) {
    const zone::ZonePtr zone = small_zone();
    const Bytes soa = zone->apex_node().find(RrType::SOA).rdata(0);
    const std::vector<std::uint8_t> rdata(soa.begin(), soa.end());
    for (const Kind kind : {Kind::axfr, Kind::ixfr}) {
        const dns::Name apex = name("Example.");
        QueryOut asked{kind, 99, apex, dns::RrClass::IN, rdata, true};
        const Message wire = write_transfer_query(asked);
        const auto read = read_transfer_query(wire);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->kind, kind);
        EXPECT_EQ(read->id, 99);
        EXPECT_EQ(read->zone.to_text(), "Example.");
        EXPECT_EQ(read->serial, kind == Kind::ixfr ? 1U : 0U);
        EXPECT_TRUE(read->has_edns && read->wants_expire);
        asked.edns = false;
        EXPECT_FALSE(read_transfer_query(write_transfer_query(asked))->has_edns);
    }
}

TEST(TransferQuery, RefusesOtherShapes) {
    const Message good =
        write_transfer_query({Kind::axfr, 1, name("example."), dns::RrClass::IN, {}, true});
    const auto with = [&good](std::size_t at, std::uint8_t value) {
        Message out = good;
        out[at] = value;
        return out;
    };
    const Message no_soa = [&good] {
        Message out = good;
        out[12 + 9 + 1] = 251;  // IXFR
        return out;
    }();
    const Message other_zone = [] {
        Message buffer(512);
        dns::MessageBuilder builder;
        builder.start_query(buffer, 1, name("example."), RrType::IXFR, dns::RrClass::IN);
        const zone::Record soa = records({"@ 1 SOA ns.example. h.example. 1 2 3 4 5"}, "other.")[0];
        builder.add_record(dns::Section::authority, soa.owner, soa.type, dns::RrClass::IN, 1,
                           soa.rdata);
        buffer.resize(builder.finish().size());
        return buffer;
    }();
    const struct {
        Message message;
        Rcode expected;
        std::string_view why;
    } rows[] = {
        {Message(good.begin(), good.begin() + 11), Rcode::FORMERR, "cut in the header"},
        {with(2, 0x80), Rcode::FORMERR, "a response"},
        {with(5, 2), Rcode::FORMERR, "two questions said, one there"},
        {with(good.size() - 9, 1), Rcode::BADVERS, "EDNS version 1"},
        {with(12 + 9 + 1, 1), Rcode::FORMERR, "type A"},
        {no_soa, Rcode::FORMERR, "IXFR without SOA (RFC 1995 §3)"},
        {other_zone, Rcode::FORMERR, "the SOA of another zone"},
    };
    for (const auto& row : rows) {
        const auto read = read_transfer_query(row.message);
        ASSERT_FALSE(read.has_value()) << row.why;
        EXPECT_EQ(read.error(), row.expected) << row.why;
    }
}

TEST(TransferError, CarriesTheQuestionAndTheReason) {
    Message buffer(65535);
    const Message asked =
        write_transfer_query({Kind::axfr, 1, name("example."), dns::RrClass::IN, {}, true});
    const auto refused = dns::MessageView::parse(write_transfer_error(
        asked, Rcode::REFUSED, dns::EdeCode::prohibited, "no transfer", nullptr, buffer));
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->rcode(), Rcode::REFUSED);
    EXPECT_EQ(refused->question()->type, RrType::AXFR);
    const auto why = refused->edns()->option(dns::OptionCode::EDE);
    ASSERT_TRUE(why.has_value());
    EXPECT_EQ(load_u16(why->data()), 18);
    EXPECT_EQ(as_text(why->subspan(2)), "no transfer");
    const Message plain =
        write_transfer_query({Kind::axfr, 1, name("example."), dns::RrClass::IN, {}, false});
    EXPECT_FALSE(dns::MessageView::parse(write_transfer_error(plain, Rcode::REFUSED,
                                                              dns::EdeCode::prohibited, "no",
                                                              nullptr, buffer))
                     ->edns());
}

TEST(Access, WantsAddressAndKeyOfOneRule) {
    const auto prefix = [](std::string_view text) { return *IpPrefix::from_text(text); };
    const Access access({{{prefix("192.0.2.0/24")}, {}},
                         {{prefix("2001:db8::/32")}, {name("Key-A.")}},
                         {{}, {name("key-b.")}}});
    const dns::Name key_a = name("key-a."), key_b = name("KEY-B."), key_c = name("key-c.");
    const struct {
        std::string_view address;
        const dns::Name* key;
        bool allowed;
        std::string_view why;
    } rows[] = {
        {"192.0.2.7", nullptr, true, "its address is enough"},
        {"192.0.2.7", &key_c, true, "a key more does not harm"},
        {"198.51.100.1", nullptr, false, "in no rule"},
        {"2001:db8::1", nullptr, false, "the key is missing"},
        {"2001:db8::1", &key_a, true, "both, in any case"},
        {"198.51.100.1", &key_a, false, "the key of another address"},
        {"198.51.100.1", &key_b, true, "this key from anywhere"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(access.allows({*IpAddress::from_text(row.address), row.key}), row.allowed)
            << row.why;
    }
    EXPECT_FALSE(Access().allows({*IpAddress::from_text("127.0.0.1"), &key_a}))
        << "nobody by default";
    EXPECT_TRUE(
        Access(std::vector<AccessRule>(1)).allows({*IpAddress::from_text("127.0.0.1"), nullptr}))
        << "everybody if asked for";
}

}  // namespace
}  // namespace kith::transfer::test
