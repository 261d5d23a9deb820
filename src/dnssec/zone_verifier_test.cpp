#include "dnssec/zone_verifier.hpp"

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/zonemd.hpp"

namespace kith::dnssec::test {
namespace {

ZonePtr sample() {
    return zone::test::zone(
        {"@ 400 NS ns", "ns 60 A 10.0.0.1", "*.w 60 TXT wild", "deep.ent 60 A 10.0.0.2",
         "www 60 A 10.0.0.7", "secure 400 NS ns.secure", "ns.secure 60 A 10.0.0.3",
         "secure 400 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
         "insecure 400 NS ns.insecure", "ns.insecure 60 A 10.0.0.4", "dname 60 DNAME other."});
}

struct World {
    KeySet keys = split_keys(crypto::Algorithm::ECDSAP256SHA256);
    ZonePtr zone;

    explicit World(Denial denial, ZonemdHash zonemd = ZonemdHash::none,
                   OptOut opt_out = OptOut::no) {
        SigningPolicy policy;
        policy.denial = denial;
        policy.zonemd = zonemd;
        policy.opt_out = opt_out;
        auto signer = ZoneSigner::make(name("example."), keys, policy);
        zone = signed_by(*signer, sample());
    }
};

/// The records of this type at this owner; of RRSIG those that cover `covered`.
std::vector<Record> found(const Zone& zone, const Name& owner, RrType type, RrType covered = {}) {
    std::vector<Record> out;
    const zone::NodeView node = zone.find_node(owner);
    const zone::RrSetView rrset = node ? node.find(type) : zone::RrSetView();
    if (!rrset) return out;
    for (const Bytes rdata : rrset) {
        if (type == RrType::RRSIG && Rrsig::read(rdata)->covered != covered) continue;
        out.push_back({owner, type, rrset.record_ttl(rdata), {rdata.begin(), rdata.end()}, {}});
    }
    return out;
}

struct Tampering {
    std::vector<Record> removed, added;
};

std::vector<std::string> flaws(const Zone& zone, UnixTime at = now,
                               const VerifyOptions& options = {}) {
    std::vector<std::string> out;
    for (const ZoneFlaw& flaw : verify_zone(zone, at, options).flaws) {
        out.push_back(flaw.owner.to_text() + " " + dns::type_name(flaw.type) + ": " + flaw.text);
    }
    return out;
}

std::vector<std::string> flaws_after(const World& world, const Tampering& tampering) {
    return flaws(
        *applied(world.zone, {name("example."), 1, 1, tampering.removed, tampering.added}));
}

bool mentions(const std::vector<std::string>& flaws, std::string_view wanted) {
    return std::ranges::any_of(
        flaws, [wanted](const std::string& flaw) { return flaw.starts_with(wanted); });
}

TEST(ZoneVerifier, FindsNothingWrongWithWhatWasSigned) {
    for (const Denial denial : {Denial::nsec, Denial::nsec3}) {
        for (const OptOut opt_out : {OptOut::no, OptOut::yes}) {
            const World world(denial, ZonemdHash::sha384, opt_out);
            EXPECT_EQ(flaws(*world.zone), std::vector<std::string>());
        }
    }
}

TEST(ZoneVerifier, NamesEveryFlaw) {
    const World nsec(Denial::nsec);
    const World nsec3(Denial::nsec3);
    const World opt_out(Denial::nsec3, ZonemdHash::none, OptOut::yes);
    const Name apex = name("example.");
    const Name www = name("www.example.");
    Nsec3Hasher hasher({});
    const auto hashed = [&](std::string_view owner) {
        return nsec3_owner(hasher.hash(name(owner)), apex);
    };
    const Name www_hash = hashed("www.example.");
    std::vector<Record> bent = found(*nsec.zone, www, RrType::RRSIG, RrType::A);
    std::vector<Record> wrong = bent;
    wrong[0].rdata.back() ^= 1;
    const auto rows_of = [](std::initializer_list<std::string_view> lines) {
        return records(lines);
    };
    struct Row {
        const World& world;
        Tampering tampering;
        std::string flaw;
        std::string_view why;
    };
    const Row rows[] = {
        {nsec,
         {{}, rows_of({"www 60 A 10.0.0.99"})},
         "www.example. A: the signature by key ",
         "a record slipped in"},
        {nsec,
         {bent, {}},
         "www.example. A: expected a signature, found none",
         "a signature is gone"},
        {nsec, {bent, wrong}, "www.example. A: the signature by key ", "one bit of it"},
        {nsec,
         {{}, rows_of({"new 60 A 10.0.0.1"})},
         "new.example. A: expected a signature, found none",
         "a new name"},
        {nsec,
         {{}, rows_of({"new 60 A 10.0.0.1"})},
         "new.example. NSEC: expected an NSEC record, found none",
         "which nobody denies"},
        {nsec,
         {{}, rows_of({"www 60 TXT x"})},
         "www.example. NSEC: expected a bitmap of A TXT RRSIG NSEC, found A RRSIG NSEC",
         "RFC 4035 §2.3"},
        {nsec,
         {found(*nsec.zone, www, RrType::NSEC), {}},
         "www.example. NSEC: expected an NSEC record, found none",
         "a hole in the chain"},
        {nsec,
         {found(*nsec.zone, www, RrType::A), {}},
         "www.example. RRSIG: a signature over A records, which are not there",
         "what it covers is gone"},
        {nsec,
         {{}, rows_of({"ns.secure 60 NSEC x A"})},
         "ns.secure.example. NSEC: an NSEC at a name that is not the zone's own",
         "RFC 4035 §2.3: not at glue"},
        {nsec,
         {{},
          rows_of(
              {"insecure 400 RRSIG NS 13 2 400 20270120000000 20270110000000 1 example. AAAA"})},
         "insecure.example. RRSIG: a signature over NS records that are not the zone's own",
         "RFC 4035 §2.2: not the NS of a cut"},
        {nsec,
         {found(*nsec.zone, apex, RrType::DNSKEY), {}},
         "example. DNSKEY: expected DNSKEY records at the apex, found none",
         "no key at all"},
        {nsec,
         {found(*nsec.zone, apex, RrType::RRSIG, RrType::DNSKEY), {}},
         "example. DNSKEY: expected a good signature over the DNSKEY records by a key with the SEP flag",
         "RFC 4035 §5"},
        {nsec3,
         {found(*nsec3.zone, www_hash, RrType::NSEC3), {}},
         "www.example. NSEC3: expected an NSEC3 record at ",
         "a hole in the chain"},
        {nsec3,
         {{}, rows_of({"www 60 TXT x"})},
         "www.example. NSEC3: expected a bitmap of A TXT RRSIG at ",
         "RFC 5155 §7.1"},
        {nsec3,
         {{}, rows_of({"a.b.c 60 TXT x"})},
         "b.c.example. NSEC3: expected an NSEC3 record at ",
         "an empty non-terminal"},
        {nsec3,
         {found(*nsec3.zone, www, RrType::A), {}},
         www_hash.to_text() + " NSEC3: an NSEC3 record of a name that is not in the zone",
         "the name is gone"},
        {nsec3,
         {found(*nsec3.zone, apex, RrType::NSEC3PARAM), {}},
         "example. NSEC: expected NSEC or NSEC3PARAM at the apex, found neither",
         "RFC 5155 §7.1"},
        {nsec3,
         {{}, rows_of({"x 60 NSEC3 1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A"})},
         "x.example. NSEC3: expected a hash in front of the apex",
         "RFC 5155 §3"},
        {opt_out,
         {{},
          rows_of(
              {"insecure 400 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000"})},
         "insecure.example. NSEC3: expected an NSEC3 record at ",
         "what is signed cannot be left out"},
    };
    for (const Row& row : rows) {
        const std::vector<std::string> all = flaws_after(row.world, row.tampering);
        EXPECT_TRUE(mentions(all, row.flaw)) << row.why << ": expected " << row.flaw << "\nfound:\n"
                                             << testing::PrintToString(all);
    }
    EXPECT_EQ(flaws_after(opt_out, {{}, rows_of({"more 400 NS ns.more"})}),
              std::vector<std::string>())
        << "RFC 5155 §6: an insecure delegation may come without a word";
}

TEST(ZoneVerifier, HashesNoNamesThatCannotBeOwners) {
    const std::string label(63, 'a');
    const std::string apex = label + "." + label + "." + label + "." + std::string(40, 'b') + ".";
    const ZonePtr zone =
        zone::test::zone({"@ 60 NS ns.", "@ 0 NSEC3PARAM 1 0 0 -",
                          "@ 60 DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4="},
                         apex);
    EXPECT_TRUE(mentions(flaws(*zone), apex + " NSEC3PARAM: the name of the zone is too long"));
}

TEST(ZoneVerifier, WatchesTheClock) {
    const World world(Denial::nsec);
    const ZoneReport report = verify_zone(*world.zone, now);
    EXPECT_TRUE(report.is_good());
    EXPECT_GE(report.first_expiration, now + 13 * 86400);
    EXPECT_LE(report.first_expiration, now + 14 * 86400);
    EXPECT_TRUE(
        mentions(flaws(*world.zone, now - 2 * 86400), "www.example. A: the signature by key "));
    EXPECT_TRUE(
        mentions(flaws(*world.zone, now + 15 * 86400), "www.example. A: the signature by key "));
    VerifyOptions options;
    options.valid_for = 20 * 86400;
    EXPECT_TRUE(
        mentions(flaws(*world.zone, now, options), "www.example. A: the signature by key "));
}

TEST(ZoneVerifier, FollowsTheParent) {
    const World world(Denial::nsec);
    VerifyOptions options;
    options.ds = {make_ds(name("example."), world.keys.keys[0].key.rdata(), DsDigest::sha256)};
    EXPECT_EQ(flaws(*world.zone, now, options), std::vector<std::string>());
    options.ds = {make_ds(name("example."), world.keys.keys[1].key.rdata(), DsDigest::sha256)};
    EXPECT_TRUE(mentions(flaws(*world.zone, now, options),
                         "example. DNSKEY: no key that signs the DNSKEY records matches the DS "));
}

TEST(ZoneVerifier, WantsEveryAlgorithm) {
    World world(Denial::nsec);
    const ZoneKey other = zone_key(zsk_flags, crypto::Algorithm::ED25519);
    const Record dnskey{
        name("example."), RrType::DNSKEY, 3600, {other.rdata().begin(), other.rdata().end()}, {}};
    EXPECT_TRUE(mentions(flaws_after(world, {{}, {dnskey}}),
                         "www.example. A: expected a good signature of algorithm ED25519"))
        << "RFC 4035 §2.2";
    Record odd = dnskey;
    odd.rdata[3] = 200;
    const std::vector<std::string> all = flaws_after(world, {{}, {odd}});
    EXPECT_FALSE(mentions(all, "www.example. A"))
        << "an algorithm that is not understood asks nothing of us";
}

TEST(ZoneVerifier, BoundsWhatKeysOfOneTagCost) {
    // CVE-2023-50387: many keys of one tag, many signatures that fit none of them.
    World world(Denial::nsec);
    Tampering tampering;
    const std::vector<Record> good =
        found(*world.zone, name("www.example."), RrType::RRSIG, RrType::A);
    for (std::uint8_t i = 1; i <= 40; ++i) {
        Record bad = good[0];
        bad.rdata.back() = static_cast<std::uint8_t>(bad.rdata.back() + i);
        tampering.added.push_back(bad);
    }
    const ZonePtr zone = applied(world.zone, {name("example."), 1, 1, {}, tampering.added});
    EXPECT_TRUE(mentions(
        flaws(*zone), "www.example. A: more than 16 pairs of signature and key with the same tag"));
    EXPECT_LE(verify_zone(*zone, now).signatures,
              verify_zone(*world.zone, now).signatures + verifications_per_rrset_max);
}

}  // namespace
}  // namespace kith::dnssec::test
