#include "dnssec/zone_signer.hpp"

#include "dnssec/dnssec_testing.hpp"
#include "dnssec/zone_verifier.hpp"
#include "dnssec/zonemd.hpp"

namespace kith::dnssec::test {
namespace {

constexpr std::string_view ds_text =
    "DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000";

/// Everything that is special: glue, a secure and an insecure delegation, an empty non-terminal, a
/// wildcard, DNAME with a name below it, CNAME.
ZonePtr sample() {
    return zone::test::zone(
        {"@ 400 NS ns", "ns 60 A 10.0.0.1", "*.w 60 TXT wild", "deep.ent 60 A 10.0.0.2",
         "cname 60 CNAME ns", "secure 400 NS ns.secure", "ns.secure 60 A 10.0.0.3",
         std::string("secure 400 ") + std::string(ds_text), "insecure 400 NS ns.insecure",
         "insecure 60 A 10.0.0.8", "ns.insecure 60 A 10.0.0.4", "dname 60 DNAME other.",
         "below.dname 60 A 10.0.0.5"});
}

ZoneSigner make_signer(const SigningPolicy& policy = {}, KeySet keys = split_keys()) {
    auto signer = ZoneSigner::make(name("example."), std::move(keys), policy);
    EXPECT_TRUE(signer.has_value()) << (signer ? "" : fault_text(signer.error().fault));
    return *std::move(signer);
}

std::vector<std::string> signed_types(const std::vector<std::string>& shape,
                                      std::string_view owner) {
    std::vector<std::string> out;
    for (const std::string& line : lines_of(shape, owner, "RRSIG")) {
        out.push_back(line.substr(6, line.find(' ', 6) - 6));
    }
    std::ranges::sort(out);
    return out;
}

using Lines = std::vector<std::string>;

TEST(ZoneSigner, SignsWhatTheZoneIsTheAuthorityFor) {
    ZoneSigner signer = make_signer();
    const Lines lines = shape(*signed_by(signer, sample()));
    struct Row {
        std::string_view owner;
        Lines types;
        std::string_view why;
    };
    const Row rows[] = {
        {"example.", {"CDNSKEY", "CDS", "DNSKEY", "NS", "NSEC", "SOA"}, "the apex"},
        {"ns.example.", {"A", "NSEC"}, "an ordinary name"},
        {"*.w.example.", {"NSEC", "TXT"}, "a wildcard is a name"},
        {"w.example.", {}, "an empty non-terminal has nothing to sign"},
        {"ent.example.", {}, "an empty non-terminal has nothing to sign"},
        {"cname.example.", {"CNAME", "NSEC"}, "RFC 4034 §3: beside CNAME"},
        {"secure.example.", {"DS", "NSEC"}, "RFC 4035 §2.2: not the NS of a cut"},
        {"insecure.example.", {"NSEC"}, "RFC 4035 §2.3: nor the glue at it"},
        {"ns.secure.example.", {}, "glue"},
        {"dname.example.", {"DNAME", "NSEC"}, "DNAME is the zone's own"},
        {"below.dname.example.", {}, "RFC 6672 §2.4: occluded"},
    };
    for (const Row& row : rows) EXPECT_EQ(signed_types(lines, row.owner), row.types) << row.why;
    EXPECT_EQ(lines_of(lines, "*.w.example.", "RRSIG")[1].substr(0, 13), "RRSIG TXT 15 ");
    EXPECT_EQ(lines_of(lines, "*.w.example.", "RRSIG")[1].substr(13, 2), "2 ")
        << "RFC 4034 §3.1.3: the asterisk does not count";
}

TEST(ZoneSigner, ChainsNamesWithNsec) {
    ZoneSigner signer = make_signer();
    const Lines lines = shape(*signed_by(signer, sample()));
    struct Row {
        std::string_view owner;
        std::string_view nsec;
    };
    const Row rows[] = {
        {"example.", "NSEC cname.example. NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY"},
        {"cname.example.", "NSEC dname.example. CNAME RRSIG NSEC"},
        {"dname.example.", "NSEC deep.ent.example. DNAME RRSIG NSEC"},
        {"deep.ent.example.", "NSEC insecure.example. A RRSIG NSEC"},
        {"insecure.example.", "NSEC ns.example. NS RRSIG NSEC"},
        {"ns.example.", "NSEC secure.example. A RRSIG NSEC"},
        {"secure.example.", "NSEC *.w.example. NS DS RRSIG NSEC"},
        {"*.w.example.", "NSEC example. TXT RRSIG NSEC"},
    };
    std::size_t count = 0;
    for (const std::string& line : lines) count += line.find(" NSEC ") < line.find(" RRSIG ");
    EXPECT_EQ(count, std::size(rows) + 0U) << "no others";
    for (const Row& row : rows)
        EXPECT_EQ(lines_of(lines, row.owner, "NSEC"), Lines{std::string(row.nsec)});
    EXPECT_TRUE(std::ranges::find_if(lines,
                                     [](const std::string& line) {
                                         return line.starts_with("example. 5 NSEC ");
                                     }) != lines.end())
        << "RFC 9077 §3.1: the TTL is the least of SOA minimum and TTL";
}

TEST(ZoneSigner, ChainsHashesWithNsec3) {
    for (const OptOut opt_out : {OptOut::no, OptOut::yes}) {
        SigningPolicy policy;
        policy.denial = Denial::nsec3;
        policy.opt_out = opt_out;
        ZoneSigner signer = make_signer(policy);
        const Lines lines = shape(*signed_by(signer, sample()));
        struct Row {
            std::string_view owner;
            std::string_view types;  // "none": no NSEC3
            std::string_view why;
        };
        const bool is_out = opt_out == OptOut::yes;
        const Row rows[] = {
            {"example.", "NS SOA RRSIG DNSKEY NSEC3PARAM CDS CDNSKEY", "the apex"},
            {"ent.example.", "", "RFC 5155 §7.1: empty non-terminals too"},
            {"w.example.", "", "RFC 5155 §7.1: empty non-terminals too"},
            {"*.w.example.", "TXT RRSIG", "a wildcard"},
            {"secure.example.", "NS DS RRSIG", "a cut with a signed DS"},
            {"insecure.example.", is_out ? "none" : "NS", "RFC 5155 §7.1: nothing of it is signed"},
            {"ns.insecure.example.", "none", "glue"},
            {"below.dname.example.", "none", "occluded"},
        };
        Nsec3Hasher hasher({});
        for (const Row& row : rows) {
            const Name owner = nsec3_owner(hasher.hash(name(row.owner)), name("example."));
            const Lines found = lines_of(lines, owner.to_text(), "NSEC3");
            if (row.types == "none") {
                EXPECT_EQ(found, Lines()) << row.owner << ": " << row.why;
                continue;
            }
            ASSERT_EQ(found.size(), 1U) << row.owner << ": " << row.why;
            const std::string head = is_out ? "NSEC3 1 1 0 - " : "NSEC3 1 0 0 - ";
            EXPECT_EQ(found[0].substr(0, head.size()), head);
            EXPECT_EQ(found[0].substr(std::min(found[0].size(), head.size() + 33)), row.types)
                << row.owner << ": " << row.why;
            EXPECT_EQ(signed_types(lines, owner.to_text()), Lines{"NSEC3"});
        }
        EXPECT_EQ(lines_of(lines, "example.", "NSEC3PARAM"), Lines{"NSEC3PARAM 1 0 0 -"});
    }
}

TEST(ZoneSigner, PublishesItsKeys) {
    const KeySet keys = split_keys(crypto::Algorithm::ECDSAP256SHA256);
    ZoneSigner signer = make_signer({}, keys);
    const ZonePtr zone = signed_by(signer, sample());
    const zone::NodeView apex = zone->apex_node();
    EXPECT_EQ(apex.find(RrType::DNSKEY).count(), 2U);
    EXPECT_EQ(apex.find(RrType::DNSKEY).ttl(), 3600U);
    EXPECT_TRUE(
        matches_ds(name("example."), keys.keys[0].key.rdata(), apex.find(RrType::CDS).rdata(0)));
    EXPECT_TRUE(std::ranges::equal(keys.keys[0].key.rdata(), apex.find(RrType::CDNSKEY).rdata(0)));
    // The SEP key signs the keys, the other everything else (RFC 6781 §3.1).
    for (const std::string& line : lines_of(shape(*zone), "example.", "RRSIG")) {
        const bool is_keys = line.starts_with("RRSIG DNSKEY") || line.starts_with("RRSIG CD");
        const std::string tag = " " + std::to_string(keys.keys[is_keys ? 0 : 1].key.tag()) + " ";
        EXPECT_NE(line.find(tag), std::string::npos) << line;
    }
    KeySet removal = keys;
    removal.announce_removal = true;
    ZoneSigner remover = make_signer({}, removal);
    const Lines lines = shape(*signed_by(remover, zone));
    EXPECT_EQ(lines_of(lines, "example.", "CDS"), Lines{"CDS 0 0 0 00"}) << "RFC 8078 §4";
    EXPECT_EQ(lines_of(lines, "example.", "CDNSKEY"), Lines{"CDNSKEY 0 3 0 AA=="});
}

TEST(ZoneSigner, SignsBeforeTheFirstKeyIsShown) {
    // RFC 6781 §4.1.4: signatures first, so that no resolver has a key and lacks its signatures.
    KeySet keys = split_keys();
    keys.keys[0].use = {false, false, false, false};
    keys.keys[1].use = {false, false, true, false};
    ZoneSigner signer = make_signer({}, keys);
    const Lines lines = shape(*signed_by(signer, sample()));
    EXPECT_EQ(signed_types(lines, "example."), (Lines{"NS", "NSEC", "SOA"}));
    EXPECT_EQ(lines_of(lines, "example.", "NSEC"), Lines{"NSEC cname.example. NS SOA RRSIG NSEC"});
}

TEST(ZoneSigner, ReplacesWhatItDidNotMake) {
    const ZonePtr foreign = zone::test::zone(
        {"@ 60 NS ns", "ns 60 A 10.0.0.1", "@ 60 DNSKEY 257 3 8 AwEAAQ==",
         "@ 60 RRSIG SOA 8 1 300 20300101000000 20290101000000 1 example. AAAA", "ns 60 NSEC a A",
         "gone 60 NSEC b A", "@ 60 NSEC3PARAM 1 0 5 AB",
         "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 5 AB 0p9mhaveqvm6t7vbl5lop2u3t2rp3ton A",
         "ns 60 RRSIG A 8 2 60 20300101000000 20290101000000 1 example. AAAA",
         std::string("@ 60 ZONEMD 1 1 1 ") + std::string(96, 'a')});
    const ZonePtr plain = zone::test::zone({"@ 60 NS ns", "ns 60 A 10.0.0.1"});
    ZoneSigner signer = make_signer();
    EXPECT_EQ(shape(*signed_by(signer, foreign)), shape(*signed_by(signer, plain)));
}

TEST(ZoneSigner, LeavesNoDigestBehind) {
    // RFC 8976 §4: a digest of an earlier version is a reason to refuse the zone.
    SigningPolicy policy;
    policy.zonemd = ZonemdHash::sha384;
    const KeySet keys = split_keys();
    ZoneSigner with = make_signer(policy, keys);
    ZoneSigner without = make_signer({}, keys);
    const ZonePtr digested = signed_by(with, sample());
    EXPECT_EQ(check_zonemd(*digested), ZonemdVerdict::good);
    EXPECT_EQ(shape(*signed_by(without, digested)), shape(*signed_by(without, sample())));
    EXPECT_EQ(shape(*applied(digested, unsigned_change(*digested))), shape(*sample()));
    EXPECT_EQ(without.find_due(*digested, digested->apex(), now).owners,
              std::vector<Name>{name("example.")})
        << "it is found in a zone that was taken over";
}

TEST(ZoneSigner, KeepsGoodSignaturesAndRenewsOldOnes) {
    ZoneSigner signer = make_signer();
    const ZonePtr first = signed_by(signer, sample());
    SeededRng rng(3);
    const ZoneChange nothing{name("example."), 1, 1, {}, {}};
    const auto early = signer.resign(*first, nothing, {}, now + 1, rng);
    ASSERT_TRUE(early.has_value());
    ASSERT_EQ(early->added.size(), 1U) << "the SOA only, whose serial may have changed";
    EXPECT_EQ(Rrsig::read(early->added[0].rdata)->covered, RrType::SOA);
    // Two weeks of validity, a day of jitter, renewed five days before: from day 8 on.
    DueNames due = signer.find_due(*first, first->apex(), now + 8 * 86400 - 10);
    EXPECT_EQ(due.owners, std::vector<Name>());
    EXPECT_TRUE(due.at_end);
    EXPECT_GE(due.first_due, now + 8 * 86400);
    EXPECT_LE(due.first_due, now + 9 * 86400);
    due = signer.find_due(*first, first->apex(), now + 9 * 86400 + 1);
    EXPECT_EQ(due.owners.size(), 8U) << "every name with signatures";
    const auto late = signer.resign(*first, nothing, due.owners, now + 9 * 86400 + 1, rng);
    ASSERT_TRUE(late.has_value());
    const ZonePtr renewed = applied(first, *late);
    EXPECT_EQ(shape(*renewed), shape(*first));
    EXPECT_EQ(signer.find_due(*renewed, first->apex(), now + 9 * 86400 + 1).owners.size(), 0U);
}

TEST(ZoneSigner, LooksForDueNamesInPortions) {
    ZoneSigner signer = make_signer();
    const ZonePtr zone = signed_by(signer, sample());
    std::vector<Name> found;
    DueNames due;
    due.next = zone->apex();
    int calls = 0;
    do {
        due = signer.find_due(*zone, due.next, now + 10 * 86400, {4, 2});
        EXPECT_LE(due.owners.size(), 2U);
        found.insert(found.end(), due.owners.begin(), due.owners.end());
    } while (!due.at_end && ++calls < 100);
    EXPECT_EQ(found.size(), 8U);
}

TEST(ZoneSigner, SpreadsAnotherTtlOfDenial) {
    // One change of the SOA must not sign a zone of a million names in one go.
    constexpr int hosts = 200;
    std::vector<Record> all{record("@ 300 SOA ns h 1 2 3 4 5", name("example.")),
                            record("@ 400 NS ns", name("example."))};
    for (int i = 0; i < hosts; ++i)
        all.push_back(record("h" + std::to_string(i) + " 60 TXT x", name("example.")));
    const ZoneChange change{
        name("example."), 1, 2, {all[0]}, {record("@ 300 SOA ns h 2 2 3 4 77", name("example."))}};
    for (const Denial denial : {Denial::nsec, Denial::nsec3}) {
        SigningPolicy policy;
        policy.denial = denial;
        ZoneSigner signer = make_signer(policy);
        const ZonePtr data = zone::test::build(all).zone;
        const ZonePtr after = applied(signed_by(signer, data), change);
        SeededRng rng(1);
        const auto first = signer.resign(*after, change, {}, now, rng);
        ASSERT_TRUE(first.has_value());
        EXPECT_LE(first->added.size(), 10U) << "the SOA and what else stands at the apex";
        ZonePtr served = applied(after, *first);
        int turns = 0;
        for (DueNames due; turns < 100; ++turns) {
            due = signer.find_due(*served, served->apex(), now, {1000, 10});
            if (due.owners.empty()) break;
            const ZoneChange step{name("example."), 2, 2, {}, {}};
            const auto signatures = signer.resign(*served, step, due.owners, now, rng);
            ASSERT_TRUE(signatures.has_value());
            EXPECT_LE(signatures->added.size(), 60U) << "ten names and those before them";
            served = applied(served, *signatures);
            ASSERT_TRUE(verify_zone(*served, now).is_good()) << "turn " << turns;
        }
        EXPECT_GE(turns, hosts / 20);
        EXPECT_EQ(shape(*served), shape(*signed_by(signer, applied(data, change))));
    }
}

TEST(ZoneSigner, BuildsTheSameZoneAsItsChange) {
    for (const ZonemdHash zonemd : {ZonemdHash::none, ZonemdHash::sha384, ZonemdHash::sha512}) {
        SigningPolicy policy;
        policy.denial = Denial::nsec3;
        policy.zonemd = zonemd;
        ZoneSigner signer = make_signer(policy);
        SeededRng rng(1);
        const auto built = signer.signed_zone(*sample(), now, rng);
        ASSERT_TRUE(built.has_value());
        const ZonePtr changed = signed_by(signer, sample());
        const auto without_digest = [](Lines lines) {
            std::erase_if(lines, [](const std::string& line) {
                return line.find(" ZONEMD 1 ") != line.npos;
            });
            return lines;
        };
        EXPECT_EQ(without_digest(shape(**built)), without_digest(shape(*changed)));
        const ZonemdVerdict good =
            zonemd == ZonemdHash::none ? ZonemdVerdict::absent : ZonemdVerdict::good;
        EXPECT_EQ(check_zonemd(**built), good);
        EXPECT_EQ(check_zonemd(*changed), good);
        const ZoneChange change{name("example."), 1, 2, {}, records({"new 60 A 10.0.0.7"})};
        const ZonePtr after = applied(changed, change);
        const auto signatures = signer.resign(*after, change, {}, now, rng);
        ASSERT_TRUE(signatures.has_value());
        EXPECT_EQ(check_zonemd(*applied(after, *signatures)), good);
    }
}

TEST(ZoneSigner, UsesSignaturesMadeElsewhere) {
    // An offline key signing key: its signature over the DNSKEY RRset is brought in.
    KeySet online = split_keys();
    ZoneSigner whole = make_signer({}, online);
    const ZonePtr there = signed_by(whole, sample());
    KeySet keys = online;
    const Bytes shown = online.keys[0].key.rdata();
    keys.keys[0] = {*ZoneKey::from_dnskey(shown), {true, false, false, false}};
    EXPECT_FALSE(ZoneSigner::make(name("example."), keys, {}).has_value())
        << "nothing signs the keys";
    for (const Bytes rdata : there->apex_node().find(RrType::RRSIG)) {
        if (Rrsig::read(rdata)->covered == RrType::DNSKEY) {
            keys.imported_signatures.emplace_back(rdata.begin(), rdata.end());
        }
    }
    ZoneSigner signer = make_signer({}, keys);
    const Lines lines = shape(*signed_by(signer, sample()));
    EXPECT_EQ(signed_types(lines, "example."), (Lines{"DNSKEY", "NS", "NSEC", "SOA"}));
    const ZonePtr late = signed_by(signer, sample(), now + 20 * 86400);
    EXPECT_EQ(signed_types(shape(*late), "example."), (Lines{"NS", "NSEC", "SOA"}))
        << "an expired signature proves nothing";
}

TEST(ZoneSigner, RefusesWhatCannotWork) {
    using Fault = SignFault;
    const KeySet good = split_keys();
    KeySet no_private = good;
    no_private.keys[1].key = *ZoneKey::from_dnskey(good.keys[1].key.rdata());
    KeySet no_zone_key = good;
    no_zone_key.keys[1].use.sign_zone = false;
    KeySet gap = good;
    gap.keys.push_back({zone_key(ksk_flags, crypto::Algorithm::ECDSAP256SHA256), {}});
    KeySet many;
    while (many.keys.size() <= keys_max) many.keys.push_back(good.keys[0]);
    SigningPolicy slow;
    slow.denial = Denial::nsec3;
    slow.nsec3.iterations = 101;
    SigningPolicy salty = slow;
    salty.nsec3 = {0, std::vector<std::uint8_t>(33)};
    SigningPolicy short_lived;
    short_lived.refresh = short_lived.validity;
    SigningPolicy nsec3;
    nsec3.denial = Denial::nsec3;
    const std::string l63(63, 'a');
    const std::string long_apex = l63 + "." + l63 + "." + l63 + "." + std::string(40, 'b') + ".";
    struct Row {
        std::string apex;
        KeySet keys;
        SigningPolicy policy;
        SignFault fault;
    };
    const Row rows[] = {
        {"example.", {}, {}, Fault::no_signing_key},
        {"example.", no_private, {}, Fault::no_private_key},
        {"example.", no_zone_key, {}, Fault::no_signing_key},
        {"example.", gap, {}, Fault::algorithm_gap},
        {"example.", many, {}, Fault::too_many_keys},
        {"example.", good, slow, Fault::iterations},
        {"example.", good, salty, Fault::salt},
        {"example.", good, short_lived, Fault::times},
        {long_apex, good, nsec3, Fault::name_too_long},
    };
    for (const Row& row : rows) {
        const auto signer = ZoneSigner::make(name(row.apex), row.keys, row.policy);
        ASSERT_FALSE(signer.has_value()) << fault_text(row.fault);
        EXPECT_EQ(signer.error().fault, row.fault) << fault_text(signer.error().fault);
    }
}

}  // namespace
}  // namespace kith::dnssec::test
