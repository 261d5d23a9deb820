#include "zone/zone_file_load.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/zone_file_advice.hpp"

namespace kith::zone {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using Lines = std::vector<std::string>;

Lines text_of(const Problems& problems) {
    Lines out;
    for (const Problem& problem : problems) out.push_back(problem.to_text());
    return out;
}

LoadOptions example() {
    LoadOptions options;
    options.file = "zone";
    options.apex = *dns::Name::from_text("example.");
    return options;
}

// Lines 1 to 4 of every row below.
constexpr std::string_view sound =
    "$TTL 60\n"
    "@ SOA ns hostmaster 7 2 3 4 5\n"
    "  NS ns\n"
    "ns A 192.0.2.1\n";

struct Row {
    std::string_view text;
    Lines problems;
    std::string_view why;
};

TEST(ZoneFileLoad, LoadsASoundZone) {
    const LoadResult loaded = load_zone(sound, example());
    ASSERT_TRUE(loaded.zone);
    EXPECT_THAT(text_of(loaded.problems), ElementsAre());
    EXPECT_EQ(loaded.zone->serial(), 7U);
    EXPECT_EQ(loaded.zone->record_count(), 3U);
}

TEST(ZoneFileLoad, LearnsTheApexFromTheSoa) {
    LoadOptions options;
    options.file = "zone";
    const LoadResult loaded = load_zone("$ORIGIN home.arpa.\n" + std::string(sound), options);
    ASSERT_TRUE(loaded.zone);
    EXPECT_EQ(loaded.zone->apex().to_text(), "home.arpa.");
    EXPECT_THAT(
        text_of(load_zone("a. 1 A 192.0.2.1\n", options).problems),
        ElementsAre(
            "zone: error: expected a SOA record, to learn the zone's name; say the name, or correct the SOA"))
        << "as an error of the whole file";
    const IncludeReader itself = [](std::string_view, std::string_view) {
        return IncludedFile{"zone", "$INCLUDE zone\n"};
    };
    EXPECT_THAT(
        text_of(load_zone("$INCLUDE zone\n", options, itself).problems),
        ElementsAre(
            "zone: error: expected a SOA record, to learn the zone's name; say the name, or correct the SOA",
            "zone:1:10: error: 'zone' is being read already: it would include itself forever"))
        << "with the reason";
}

TEST(ZoneFileLoad, RefusesWhatIsNoZone) {
    const Row rows[] = {
        {"a A 192.0.2.1\na CNAME b\n",
         {"zone:5: error: a.example. A: a CNAME beside other records of the same name (see line 6)"},
         "RFC 1034 §3.6.2"},
        {"a CNAME b\na CNAME c\n",
         {"zone:6: error: a.example. CNAME: a second CNAME at the same name (see line 5)"},
         "RFC 2181 §10.1"},
        {"a DNAME b\na DNAME c\n",
         {"zone:6: error: a.example. DNAME: a second DNAME at the same name (see line 5)"},
         "RFC 6672 §2.4"},
        {"@ SOA ns hostmaster 8 2 3 4 5\n",
         {"zone:5: error: example. SOA: a second SOA record that differs from the first (see line 2)"},
         "exactly one SOA"},
        {"a SOA ns hostmaster 8 2 3 4 5\n",
         {"zone:5: error: a.example. SOA: a SOA record below the apex"},
         "and at the apex"},
        {"www.example.org. A 192.0.2.1\n",
         {"zone:5: error: www.example.org. is not in the zone example.; does it lack or have a final dot by mistake?"},
         "another zone's"},
        {"a A 192.0.2.256\n",
         {"zone:5:5: error: A: address: expected an IPv4 address, found '192.0.2.256'"},
         "syntax"},
    };
    for (const Row& row : rows) {
        const LoadResult loaded = load_zone(std::string(sound) + std::string(row.text), example());
        EXPECT_FALSE(loaded.zone) << row.why;
        EXPECT_THAT(text_of(loaded.problems), ElementsAreArray(row.problems)) << row.why;
    }
}

TEST(ZoneFileLoad, RefusesAZoneWithoutItsApex) {
    EXPECT_THAT(text_of(load_zone("a 1 A 192.0.2.1\n", example()).problems),
                ElementsAre("zone: error: example. has no SOA record"));
    EXPECT_THAT(text_of(load_zone("$TTL 1\n@ SOA ns hostmaster 7 2 3 4\n", example()).problems),
                ElementsAre(testing::StartsWith("zone:2:28: error: SOA: minimum: expected ")))
        << "a SOA that cannot be read is not missing";
    EXPECT_THAT(
        text_of(load_zone("$TTL 1\n@ SOA ns hostmaster 7 2 3 4 5\n", example()).problems),
        ElementsAre(
            "zone: error: example. has no NS record; a zone names its servers (RFC 1034 §4.2.1)"));
}

TEST(ZoneFileLoad, WarnsOfWhatIsProbablyNotMeant) {
    const Row rows[] = {
        {"a A 192.0.2.1\na A 192.0.2.1\n",
         {"zone:6: warning: a.example. A: the same record again; kept once (see line 5)"},
         "duplicate"},
        {"a 5 A 192.0.2.1\na 6 A 192.0.2.2\n",
         {"zone:6: warning: a.example. A: TTLs of one name and type differ; the lowest is used (see line 5)"},
         "RFC 2181 §5.2"},
        {"@ MX 1 a\na CNAME ns\n",
         {"zone:5: warning: MX names a.example., which is an alias (CNAME); name the host itself (RFC 2181 §10.3)"},
         "target is an alias"},
        {"@ MX 1 a\n",
         {"zone:5: warning: MX names a.example., which has no address in this zone"},
         "target is missing"},
        {"@ MX 1 192.0.2.1\n",
         {"zone:5: warning: MX names 192.0.2.1.example., which has no address in this zone; a name is expected here, not an address"},
         "an address for a name"},
        {"@ MX 1 a.example\n",
         {"zone:5: warning: MX names a.example.example., which has no address in this zone; is the dot missing at the end of the name?"},
         "the final dot is missing"},
        {"_sip._tcp SRV 1 2 3 a\na TXT x\n",
         {"zone:5: warning: SRV names a.example., which has no address in this zone"},
         "target without address"},
        {"_sip._tcp SRV 1 2 3 a\n*  AAAA ::1\n", {}, "a wildcard gives the target an address"},
        {"_sip._tcp SRV 0 0 0 .\n@ MX 0 .\n", {}, "no service here (RFC 2782, RFC 7505)"},
        {"@ MX 1 mail.example.org.\n", {}, "other zones are not looked at"},
        {"sub NS ns.sub\n",
         {"zone:5: warning: NS names ns.sub.example., which is inside the delegated zone and has no address (glue) here: nobody can find it"},
         "missing glue"},
        {"sub NS ns.sub\nns.sub A 192.0.2.2\nsub DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
         {},
         "a sound delegation"},
        {"sub NS ns.sub\nsub2 NS ns.sub\nns.sub A 192.0.2.2\n", {}, "glue of a sibling"},
        {"sub NS ns\nx.sub A 192.0.2.2\n",
         {"zone:6: warning: x.sub.example. A is below the zone cut sub.example. and not the address of a name server: it is never answered"},
         "below a cut"},
        {"sub NS ns\nsub TXT x\n",
         {"zone:6: warning: sub.example. TXT is at the zone cut sub.example. and not the address of a name server: it is never answered"},
         "at a cut"},
        {"sub DNAME other\nx.sub A 192.0.2.2\n",
         {"zone:6: warning: x.sub.example. is below the DNAME of sub.example. and so never answered (RFC 6672 §2.4)"},
         "below a DNAME"},
        {"a_b A 192.0.2.2\n",
         {"zone:5: warning: a_b.example. is not a host name (letters, digits and inner hyphens), but has A records"},
         "underscore"},
        {"a_b TXT x\n", {}, "only hosts are held to host names"},
        {"* A 192.0.2.2\n", {}, "a wildcard is none, and meant"},
        {"*.k8s NS ns\n",
         {"zone:5: warning: *.k8s.example. has NS records, which mean nothing at a wildcard (RFC 4592 §4.2); BIND takes no zone with them"},
         "NS at a wildcard"},
        {"@ DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
         {"zone:5: warning: example. DS: DS records of a zone belong in its parent (RFC 4035 §2.4)"},
         "DS at the apex"},
        {"sub DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\nsub A 192.0.2.2\n",
         {"zone:5: warning: sub.example. has DS records, but no NS: nothing is delegated there (RFC 4035 §2.4)"},
         "DS without a delegation"},
    };
    for (const Row& row : rows) {
        const LoadResult loaded = load_zone(std::string(sound) + std::string(row.text), example());
        EXPECT_TRUE(loaded.zone) << row.why;
        EXPECT_THAT(text_of(loaded.problems), ElementsAreArray(row.problems)) << row.why;
    }
}

TEST(ZoneFileLoad, OmitsAdviceWhenAsked) {
    LoadOptions options = example();
    options.advice = Advice::omit;
    EXPECT_THAT(load_zone(std::string(sound) + "@ MX 1 a\n", options).problems, ElementsAre());
}

TEST(ZoneFileLoad, FindsTheFileOfAProblem) {
    const IncludeReader include = [](std::string_view path,
                                     std::string_view) -> Result<IncludedFile, std::string> {
        return IncludedFile{std::string(path), "\na CNAME ns\nb A 192.0.2.3\nb MX 1 c\n"};
    };
    const LoadResult loaded = load_zone(
        std::string(sound) + "a A 192.0.2.2\n$INCLUDE other\n\nb A 192.0.2.3\na A 192.0.2.2\n",
        example(), include);
    EXPECT_THAT(
        text_of(loaded.problems),
        ElementsAre(
            "zone:5: error: a.example. A: a CNAME beside other records of the same name (see other:2)",
            "zone:8: warning: b.example. A: the same record again; kept once (see other:3)",
            "zone:9: warning: a.example. A: the same record again; kept once (see line 5)"));
}

TEST(ZoneFileLoad, RefusesTheFileWhenTheErrorIsAmongTheUncounted) {
    LoadOptions options = example();
    options.problems_kept = 1;
    const LoadResult loaded = load_zone(
        std::string(sound) + "a A 192.0.2.1\na A 192.0.2.1\na CNAME b\nb CNAME c\nb CNAME d\n",
        options);
    EXPECT_FALSE(loaded.zone);
    EXPECT_TRUE(has_errors(loaded.problems));
    EXPECT_EQ(loaded.problems.size(), 2U);
}

TEST(ZoneFileAdvice, KnowsHostNames) {
    struct HostName {
        std::string_view name;
        bool is_host;
    };
    const HostName rows[] = {
        {"a.", true},
        {"A-b.c1.", true},
        {"3com.example.", true},
        {"*.example.", true},
        {".", true},
        {"xn--bcher-kva.example.", true},
        {"-a.", false},
        {"a-.", false},
        {"a_b.", false},
        {"a.*.b.", false},
        {"\\195\\164.", false},
        {"a\\.b.", false},
        {"a.-.b.", false},
    };
    for (const HostName& row : rows) {
        const dns::Name name = *dns::Name::from_text(row.name);
        EXPECT_EQ(is_host_name(name), row.is_host) << row.name;
    }
}

}  // namespace
}  // namespace kith::zone
