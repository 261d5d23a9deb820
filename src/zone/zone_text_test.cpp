#include "zone/zone_text.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/rdata.hpp"
#include "zone/change.hpp"
#include "zone/zone_file_load.hpp"

namespace kith::zone {
namespace {

constexpr std::string_view file =
    "$TTL 60\n"
    "@ SOA ns hostmaster 7 2 3 4 5\n"
    "z.b 5 TXT \"a \\\"b\\\\;\\010\"\n"
    "@ NS ns\n"
    "ns A 192.0.2.1\n"
    "b AAAA ::1\n"
    "\\$TTL A 192.0.2.2\n"
    "*.a\\.b A 192.0.2.3\n"
    "\\@ A 192.0.2.4\n";

LoadResult load(std::string_view text) {
    LoadOptions options;
    options.apex = *dns::Name::from_text("example.");
    options.advice = Advice::omit;
    return load_zone(text, options);
}

TEST(ZoneText, PrintsInCanonicalOrder) {
    const LoadResult loaded = load(file);
    ASSERT_TRUE(loaded.zone);
    EXPECT_EQ(zone_to_text(*loaded.zone),
              "$ORIGIN example.\n"
              "$TTL 60\n"
              "example. 60 IN SOA ns.example. hostmaster.example. 7 2 3 4 5\n"
              "example. 60 IN NS ns.example.\n"
              "\\$TTL.example. 60 IN A 192.0.2.2\n"
              "\\@.example. 60 IN A 192.0.2.4\n"
              "*.a\\.b.example. 60 IN A 192.0.2.3\n"
              "b.example. 60 IN AAAA ::1\n"
              "z.b.example. 5 IN TXT \"a \\\"b\\\\;\\010\"\n"
              "ns.example. 60 IN A 192.0.2.1\n");
}

TEST(ZoneText, PrintsRelativeOwners) {
    const LoadResult loaded = load(file);
    ASSERT_TRUE(loaded.zone);
    EXPECT_EQ(zone_to_text(*loaded.zone, {.owners = NameStyle::relative}),
              "$ORIGIN example.\n"
              "$TTL 60\n"
              "@ 60 IN SOA ns.example. hostmaster.example. 7 2 3 4 5\n"
              "@ 60 IN NS ns.example.\n"
              "\\$TTL 60 IN A 192.0.2.2\n"
              "\\@ 60 IN A 192.0.2.4\n"
              "*.a\\.b 60 IN A 192.0.2.3\n"
              "b 60 IN AAAA ::1\n"
              "z.b 5 IN TXT \"a \\\"b\\\\;\\010\"\n"
              "ns 60 IN A 192.0.2.1\n");
}

/// Everything random from one seed: names and RDATA of any bytes, any type.
class RandomZone {
public:
    explicit RandomZone(unsigned seed) : random_(seed) {}

    ZonePtr make() {
        ZoneBuilder builder(apex_);
        add(builder, apex_, RrType::SOA,
            *dns::rdata_from_text(RrType::SOA, "ns hostmaster 7 2 3 4 5", apex_));
        for (int i = 0; i < 200; ++i) {
            const Name owner = name();
            const auto type = static_cast<RrType>(below(300));
            if (type == RrType::SOA || type == RrType::CNAME || type == RrType::DNAME ||
                type == RrType::NS || dns::is_meta_type(type))
                continue;
            std::vector<std::uint8_t> rdata = bytes(below(40));
            if (!dns::check_rdata(type, dns::RrClass::IN, rdata)) continue;
            add(builder, owner, type, rdata);
            ++records;
        }
        return builder.finish().zone;
    }

    int records = 0;

private:
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    std::vector<std::uint8_t> bytes(std::size_t count) {
        std::vector<std::uint8_t> out(count);
        for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(below(256));
        return out;
    }
    Name name() {
        dns::NameBuilder builder;
        for (std::size_t labels = below(4); labels > 0; --labels) {
            std::vector<std::uint8_t> label = bytes(1 + below(4));
            // What text has to escape, more often than chance would have it.
            if (below(2) == 0) label[0] = static_cast<std::uint8_t>("$@.\"\\();* \t\n"[below(12)]);
            builder.append(Bytes(label));
        }
        builder.append(apex_.view());
        return builder.finish();
    }
    void add(ZoneBuilder& builder, NameView owner, RrType type, Bytes rdata) {
        ASSERT_TRUE(builder.add(owner, type, 60, rdata).has_value());
    }

    std::mt19937 random_;
    Name apex_ = *dns::Name::from_text("e\\.x\\032ample.");
};

TEST(ZoneText, LoadsBackAsTheSameZone) {
    int records = 0;
    for (unsigned seed = 0; seed < 200; ++seed) {
        RandomZone random(seed);
        const ZonePtr zone = random.make();
        ASSERT_TRUE(zone) << "seed " << seed;
        records += random.records;
        for (const NameStyle style : {NameStyle::absolute, NameStyle::relative}) {
            const std::string text = zone_to_text(*zone, {.owners = style}) + "@ 60 NS ns\n";
            const LoadResult again = load_zone(
                text, {.file = "again", .apex = Name(zone->apex()), .advice = Advice::omit});
            ASSERT_TRUE(again.zone)
                << "seed " << seed << ": " << again.problems.front().to_text() << "\n"
                << text;
            const ZoneChange change = difference(*zone, *again.zone);
            EXPECT_TRUE(change.removed.empty()) << "seed " << seed;
            EXPECT_EQ(change.added.size(), 1U) << "the NS, seed " << seed;
        }
    }
    EXPECT_GT(records, 2000)
        << "random RDATA rarely fits its type, but types without rules take any";
}

}  // namespace
}  // namespace kith::zone
