// Keys, signatures, digests and whole zones as RFCs print them.

#include <fstream>
#include <iterator>

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/type_bitmap.hpp"
#include "dnssec/zone_verifier.hpp"
#include "dnssec/zonemd.hpp"
#include "zone/zone_file_load.hpp"

namespace kith::dnssec::test {
namespace {

using Wire = std::vector<std::uint8_t>;

Wire rdata(RrType type, std::string_view text) {
    const auto parsed = dns::rdata_from_text(type, text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Wire();
}

struct SignedExample {
    std::string_view zone, dnskey, ds, owner;
    RrType type;
    std::string_view data, rrsig;
    UnixTime at;
    std::string_view source;
};

const SignedExample examples[] = {
    {"example.net.",
     "256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=",
     "", "www.example.net.", RrType::A, "192.0.2.91",
     "A 8 3 3600 20300101000000 20000101000000 9033 example.net. "
     "kRCOH6u7l0QGy9qpC9l1sLncJcOKFLJ7GhiUOibu4teYp5VE9RncriShZNz85mwlMgNEacFYK/lPtPiVYP4bwg==",
     1000000000, "RFC 5702 §6.1"},
    {"example.net.",
     "256 3 10 AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7"
     "cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL",
     "", "www.example.net.", RrType::A, "192.0.2.91",
     "A 10 3 3600 20300101000000 20000101000000 3740 example.net. "
     "tsb4wnjRUDnB1BUi+t6TMTXThjVnG+eCkWqjvvjhzQL1d0YRoOe0CbxrVDYd0xDtsuJRaeUw1ep94PzEWzr0iGYgZBWm/zpq+9fO"
     "uagYJRfDqfReKBzMweOLDiNa8iP5g9vMhpuv6OPlvpXwm9Sa9ZXIbNl1MBGk0fthPgxdDLw=",
     1000000000, "RFC 5702 §6.2"},
    {"example.net.",
     "257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
     "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17",
     "www.example.net.", RrType::A, "192.0.2.1",
     "A 13 3 3600 20100909100439 20100812100439 55648 example.net. "
     "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
     1283000000, "RFC 6605 §6.1"},
    {"example.net.",
     "257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX4"
     "5NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40",
     "10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983"
     "d6",
     "www.example.net.", RrType::A, "192.0.2.1",
     "A 14 3 3600 20100909102025 20100812102025 10771 example.net. "
     "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqX"
     "L5bdcJzusdnI0RSMROxxwGipWcJm",
     1283000000, "RFC 6605 §6.2"},
    {"example.com.", "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
     "3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b", "example.com.",
     RrType::MX, "10 mail.example.com.",
     "MX 15 2 3600 1440021600 1438207200 3613 example.com. "
     "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
     1439000000, "RFC 8080 §6.1, erratum 4935"},
    {"example.com.", "257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=",
     "35217 15 2 401781b934e392de492ec77ae2e15d70f6575a1c0bc59c5275c04ebe80c6614c", "example.com.",
     RrType::MX, "10 mail.example.com.",
     "MX 15 2 3600 1440021600 1438207200 35217 example.com. "
     "zXQ0bkYgQTEFyfLyi9QoiY6D8ZdYo4wyUhVioYZXFdT410QPRITQSqJSnzQoSm5poJ7gD7AQR0O7KuI5k2pcBg==",
     1439000000, "RFC 8080 §6.1, erratum 4935"},
    {"example.com.",
     "257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA",
     "9713 16 2 6ccf18d5bc5d7fc2fceb1d59d17321402f2aa8d368048db93dd811f5cb2b19c7", "example.com.",
     RrType::MX, "10 mail.example.com.",
     "MX 16 2 3600 1440021600 1438207200 9713 example.com. "
     "3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKx"
     "E/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA",
     1439000000, "RFC 8080 §6.2, erratum 4935"},
};

TEST(RfcVectors, SignaturesVerify) {
    for (const SignedExample& each : examples) {
        const Wire dnskey = rdata(RrType::DNSKEY, each.dnskey);
        const Wire rrsig = rdata(RrType::RRSIG, each.rrsig);
        const Wire data = rdata(each.type, each.data);
        auto verifier = RrsetVerifier::from_dnskey(dnskey, name(each.zone));
        ASSERT_TRUE(verifier.has_value()) << each.source;
        const Name owner = name(each.owner);
        const Bytes rdatas[] = {data};
        const auto read = Rrsig::read(rrsig);
        ASSERT_TRUE(read.has_value());
        const auto verified =
            verifier->verify({owner, each.type, RrClass::IN, 3600}, rdatas, *read, each.at);
        EXPECT_TRUE(verified.has_value()) << each.source << ": " << fault_text(verified.error());
        if (!each.ds.empty()) {
            EXPECT_TRUE(matches_ds(name(each.zone), dnskey, rdata(RrType::DS, each.ds)))
                << each.source;
        }
    }
}

TEST(RfcVectors, DigestsOfKeys) {
    const Wire dnskey =
        rdata(RrType::DNSKEY,
              "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZ"
              "DRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbt"
              "G9DMBmADjFDc2w/rljwvFw==");
    EXPECT_EQ(key_tag(dnskey), 60485);
    const Name owner = name("dskey.Example.com.");
    EXPECT_EQ(make_ds(owner, dnskey, DsDigest::sha1),
              rdata(RrType::DS, "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"))
        << "RFC 4034 §5.4";
    EXPECT_EQ(make_ds(owner, dnskey, DsDigest::sha256),
              rdata(RrType::DS,
                    "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"))
        << "RFC 4509 §2.3";
    EXPECT_FALSE(
        matches_ds(name("other.example."), dnskey, make_ds(owner, dnskey, DsDigest::sha256)));
}

TEST(RfcVectors, HashesOfNames) {
    // RFC 5155 appendix A: 12 iterations, salt aabbccdd.
    Nsec3Hasher hasher({12, {0xaa, 0xbb, 0xcc, 0xdd}});
    const std::pair<std::string_view, std::string_view> rows[] = {
        {"example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"},
        {"a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl"},
        {"AI.Example.", "gjeqe526plbf1g8mklp59enfd789njgi"},
        {"ns1.example.", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
        {"w.example.", "k8udemvp1j2f7eg6jebps17vp3n8i58h"},
        {"*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"},
        {"x.y.w.example.", "2vptu5timamqttgl4luu9kg21e0aor3s"},
        {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"},
    };
    for (const auto& [owner, label] : rows) {
        const Nsec3Hash hash = hasher.hash(name(owner));
        const Name hashed = nsec3_owner(hash, name("example."));
        EXPECT_EQ(hashed.to_text(), std::string(label) + ".example.");
        EXPECT_EQ(nsec3_hash_of(hashed, name("example.")), hash);
    }
    EXPECT_EQ(nsec3_hash_of(name("0p9mhaveqvm6t7vbl5lop2u3t2rp3tow.example."), name("example.")),
              std::nullopt);
    EXPECT_EQ(nsec3_hash_of(name("0p9m.example."), name("example.")), std::nullopt);
}

TEST(TypeBitmap, IsThatOfRfc4034) {
    // RFC 4034 §4.3: A MX RRSIG NSEC TYPE1234.
    const RrType types[] = {RrType::A, RrType::MX, RrType::RRSIG, RrType::NSEC,
                            static_cast<RrType>(1234)};
    Wire expected{0x00, 0x06, 0x40, 0x01, 0x00, 0x00, 0x00, 0x03, 0x04, 0x1b};
    expected.resize(expected.size() + 26);
    expected.push_back(0x20);
    Wire bitmap;
    append_type_bitmap(types, bitmap);
    EXPECT_EQ(bitmap, expected);
    EXPECT_EQ(read_type_bitmap(bitmap), std::vector<RrType>(std::begin(types), std::end(types)));
    EXPECT_EQ(read_type_bitmap({}), std::vector<RrType>());
}

ZonePtr load(const std::string& file) {
    std::ifstream in(std::string(KITH_SOURCE_DIR) + "/src/dnssec/testdata/" + file);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    zone::LoadOptions options;
    options.file = file;
    options.advice = zone::Advice::omit;
    const zone::LoadResult loaded = zone::load_zone(text, options);
    for (const Problem& problem : loaded.problems) {
        if (problem.severity == Severity::error) ADD_FAILURE() << problem.to_text();
    }
    return loaded.zone;
}

TEST(RfcVectors, SignedZonesAreGood) {
    struct Row {
        std::string file;
        UnixTime at;
        std::size_t rrsets;
    };
    const Row rows[] = {
        {"rfc4035.zone", 1082500000, 26},
        {"rfc5155.zone", 1200000000, 30},
        {"rfc8976_uri_arpa.zone", 1612000000, 14},
    };
    for (const Row& row : rows) {
        const ZonePtr zone = load(row.file);
        ASSERT_TRUE(zone) << row.file;
        const ZoneReport report = verify_zone(*zone, row.at);
        for (const ZoneFlaw& flaw : report.flaws) {
            ADD_FAILURE() << row.file << ": " << flaw.owner.to_text() << " "
                          << dns::type_name(flaw.type) << ": " << flaw.text;
        }
        EXPECT_EQ(report.rrsets, row.rrsets) << row.file;
        EXPECT_FALSE(verify_zone(*zone, row.at + 400000000).is_good()) << "expired";
    }
}

TEST(RfcVectors, ZoneDigestsAreGood) {
    for (const std::string file :
         {"rfc8976_simple.zone", "rfc8976_complex.zone", "rfc8976_multiple.zone",
          "rfc8976_uri_arpa.zone", "rfc8976_root_servers.zone"}) {
        const ZonePtr zone = load(file);
        ASSERT_TRUE(zone) << file;
        EXPECT_EQ(check_zonemd(*zone), ZonemdVerdict::good) << file;
        const Record extra = record("new 60 A 10.0.0.1", zone->apex());
        const ZoneChange change{zone->apex(), zone->serial(), zone->serial(), {}, {extra}};
        EXPECT_EQ(check_zonemd(*applied(zone, change)), ZonemdVerdict::bad_digest) << file;
        const ZoneChange later{zone->apex(), zone->serial(), zone->serial() + 1, {}, {}};
        EXPECT_EQ(check_zonemd(*applied(zone, later)), ZonemdVerdict::bad_serial) << file;
    }
}

}  // namespace
}  // namespace kith::dnssec::test
