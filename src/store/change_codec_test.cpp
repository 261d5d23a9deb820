#include "store/change_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store_testing.hpp"

namespace kith::store {
namespace {

using test::change;

void expect_same(const ZoneChange& found, const ZoneChange& wanted) {
    EXPECT_EQ(found.apex, wanted.apex);
    EXPECT_EQ(found.from_serial, wanted.from_serial);
    EXPECT_EQ(found.to_serial, wanted.to_serial);
    EXPECT_EQ(found.removed, wanted.removed);
    EXPECT_EQ(found.added, wanted.added);
}

ZoneChange sample() {
    ZoneChange out = change(
        4'294'967'295U, 7, {"a 300 A 192.0.2.1", "a 300 A 192.0.2.2", "a 60 TXT \"\""},
        {"A 300 A 192.0.2.3", "b.c 300 MX 10 mail.other.", "@ 5 TYPE65280 \\# 0", "*.x 5 NS ns"});
    out.added[1].provenance = {3, 9, 1'800'000'000};
    return out;
}

TEST(ChangeCodec, GivesBackWhatItWasGiven) {
    const auto decoded = decode_change(encode_change(sample()));
    ASSERT_TRUE(decoded.has_value());
    expect_same(*decoded, sample());
    EXPECT_EQ(as_text(decoded->added[0].owner.wire()),
              as_text(zone::test::name("A.example.").wire()))
        << "case counts";
    const ZoneChange empty = change(1, 2, {}, {});
    const auto nothing = decode_change(encode_change(empty));
    ASSERT_TRUE(nothing.has_value());
    expect_same(*nothing, empty);
}

TEST(ChangeCodec, HasTheFormItsHeaderDraws) {
    const std::vector<std::uint8_t> blob =
        encode_change(change(1, 2, {}, {"a 300 A 192.0.2.1", "a 300 A 192.0.2.2"}));
    const std::vector<std::uint8_t> wanted = {
        1,                                                                // format
        7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0,                          // apex
        0, 0,   0,   1,   0,   0,   0,   2,   0, 0,  0, 0, 0,   0, 0, 2,  // serials, numbers
        0, 2,   1,   'a', 0,   1,   0,   0,   1, 44, 0, 4, 192, 0, 2, 1,  // owner and TTL in full
        3, 0,   1,   0,   4,   192, 0,   2,   2};                         // the same again
    ASSERT_EQ(blob.size(), wanted.size() + 4);
    EXPECT_THAT(std::vector<std::uint8_t>(blob.begin(), blob.end() - 4),
                testing::ElementsAreArray(wanted));
}

/// Bytes with the checksum they need to be looked at.
std::vector<std::uint8_t> summed(std::vector<std::uint8_t> body) {
    std::uint32_t value = ~0U;
    for (const std::uint8_t byte : body) {
        value ^= byte;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320U : 0);
    }
    value = ~value;
    for (const int shift : {24, 16, 8, 0})
        body.push_back(static_cast<std::uint8_t>(value >> shift));
    return body;
}

TEST(ChangeCodec, RefusesWhatIsNotAChange) {
    const std::vector<std::uint8_t> head = {1, 1, 'e', 0, 0, 0, 0, 1, 0, 0, 0, 2};
    const auto with = [&head](std::vector<std::uint8_t> rest) {
        std::vector<std::uint8_t> all = head;
        all.insert(all.end(), rest.begin(), rest.end());
        return summed(all);
    };
    struct Row {
        const char* why;
        std::vector<std::uint8_t> blob;
        CodecFault fault;
    };
    const Row rows[] = {
        {"nothing at all", {}, CodecFault::truncated},
        {"only a checksum", summed({}), CodecFault::truncated},
        {"a later format", summed({2}), CodecFault::format},
        {"an apex with a pointer", summed({1, 0xc0, 0}), CodecFault::name},
        {"no numbers", summed(head), CodecFault::truncated},
        {"a count no blob can hold", with({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}),
         CodecFault::truncated},
        {"a flag nobody knows", with({0, 0, 0, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0}), CodecFault::format},
        {"the owner of a record that is not there",
         with({0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0}), CodecFault::format},
        {"an owner that ends early",
         with({0, 0, 0, 0, 0, 0, 0, 1, 0, 3, 1, 'a', 0, 0, 16, 0, 0, 0, 0, 0, 1, 0}),
         CodecFault::name},
        {"an owner that leaves the zone",
         with({0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0, 16, 0, 0, 0, 0, 0, 1, 0}), CodecFault::name},
        {"an address of three bytes",
         with({0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 3, 1, 2, 3}), CodecFault::rdata},
        {"a type that is never stored",
         with({0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0}), CodecFault::rdata},
        {"bytes behind the end", with({0, 0, 0, 0, 0, 0, 0, 0, 9}), CodecFault::left_over},
    };
    for (const Row& row : rows) {
        const auto decoded = decode_change(row.blob);
        ASSERT_FALSE(decoded.has_value()) << row.why;
        EXPECT_EQ(decoded.error(), row.fault) << row.why;
        EXPECT_FALSE(fault_text(row.fault).empty());
    }
}

TEST(ChangeCodec, NoticesEveryChangedBit) {
    const std::vector<std::uint8_t> blob = encode_change(sample());
    for (std::size_t bit = 0; bit < blob.size() * 8; ++bit) {
        std::vector<std::uint8_t> wrong = blob;
        wrong[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        EXPECT_FALSE(decode_change(wrong).has_value()) << bit;
    }
    for (std::size_t size = 0; size < blob.size(); ++size)
        EXPECT_FALSE(decode_change(Bytes(blob).first(size)).has_value());
}

TEST(ChangeCodec, KeepsNets) {
    NetRrSet net{zone::test::records({"a 300 A 192.0.2.1"}),
                 zone::test::records({"a 60 A 192.0.2.1", "a 60 A 192.0.2.9"})};
    const Name apex = zone::test::name("example.");
    const auto decoded = decode_net(encode_net(net, apex), apex);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->removed, net.removed);
    EXPECT_EQ(decoded->added, net.added);
}

}  // namespace
}  // namespace kith::store
