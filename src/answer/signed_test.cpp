// Answers of zones signed with NSEC (RFC 4035 §3.1): the responses of its Appendix B, what its text decides
// beyond them, and what a broken chain leads to.

#include <gtest/gtest.h>

#include "answer/signed_world.hpp"

namespace kith::answer {
namespace {

#define SOA_OF_EXAMPLE "- example. SOA\n- example. RRSIG(SOA)\n"
#define NSEC_OF(owner) "- " owner " NSEC\n- " owner " RRSIG(NSEC)\n"

// Without the NS set beside answers, which we do not add (dialect: D23).
const Row rfc_rows[] = {
    {"B.1: an answer", "x.w.example MX",
     "NOERROR aa\nx.w.example. MX\nx.w.example. RRSIG(MX)\n"
     "+ xx.example. A\n+ xx.example. RRSIG(A)\n+ xx.example. AAAA\n+ xx.example. RRSIG(AAAA)\n"},
    {"B.2: name error", "ml.example A",
     "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.") NSEC_OF("example.")},
    {"B.3: no data", "ns1.example MX", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("ns1.example.")},
    {"B.4: referral to a signed zone", "mc.a.example MX",
     "NOERROR\n- a.example. NS\n- a.example. NS\n- a.example. DS\n- a.example. RRSIG(DS)\n"
     "+ ns1.a.example. A\n+ ns2.a.example. A\n"},
    {"B.5: referral to an unsigned zone", "mc.b.example MX",
     "NOERROR\n- b.example. NS\n- b.example. NS\n" NSEC_OF(
         "b.example.") "+ ns1.b.example. A\n+ ns2.b.example. A\n"},
    {"B.6: wildcard expansion", "a.z.w.example MX",
     "NOERROR aa\na.z.w.example. MX\na.z.w.example. RRSIG(MX)\n" NSEC_OF(
         "x.y.w.example.") "+ ai.example. A\n+ ai.example. RRSIG(A)\n+ ai.example. AAAA\n+ ai.example. RRSIG(AAAA)\n"},
    {"B.7: wildcard without the type", "a.z.w.example AAAA",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("x.y.w.example.") NSEC_OF("*.w.example.")},
    {"B.8: DS asked of the child", "example DS", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("example.")},
    // The same zone, by its text.
    {"§3.1.3.2: an empty non-terminal is between two others", "y.w.example A",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("x.w.example.")},
    {"an empty non-terminal in front of a wildcard", "w.example A",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("ns2.example.")},
    {"one NSEC proves both that the name and that the wildcard is missing", "z.xx.example A",
     "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("xx.example.")},
    {"behind the last name", "zz.example A",
     "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("xx.example.") NSEC_OF("example.")},
    {"glue does not count as a name before", "z.a.exampl.example A",
     "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.") NSEC_OF("example.")},
    {"§3.1.4.1: DS at a cut", "a.example DS", "NOERROR aa\na.example. DS\na.example. RRSIG(DS)\n"},
    {"no DS at a cut", "b.example DS", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.")},
    {"NSEC is a type like any other", "ns1.example NSEC",
     "NOERROR aa\nns1.example. NSEC\nns1.example. RRSIG(NSEC)\n"},
    {"and so is RRSIG", "ns1.example RRSIG",
     "NOERROR aa\nns1.example. RRSIG(A)\nns1.example. RRSIG(NSEC)\n"},
    {"RFC 8482 §4.1: one RRset, signed", "ai.example ANY",
     "NOERROR aa\nai.example. A\nai.example. RRSIG(A)\n"},
    {"NSEC at a cut is for the child to tell", "b.example NSEC",
     "NOERROR\n- b.example. NS\n- b.example. NS\n" NSEC_OF(
         "b.example.") "+ ns1.b.example. A\n+ ns2.b.example. A\n"},
    {"NS of the apex", "example NS",
     "NOERROR aa\nexample. NS\nexample. NS\nexample. RRSIG(NS)\n"
     "+ ns1.example. A\n+ ns1.example. RRSIG(A)\n+ ns2.example. A\n+ ns2.example. RRSIG(A)\n"},
};

// Rotation begins where it was left: rows do not depend on it, because they show no RDATA.
TEST(Signed, AnswersAsRfc4035) {
    World world = signed_world("example", rfc4035_zone);
    for (const Row& row : rfc_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(brief(world, row.question), row.expected);
    }
}

TEST(Signed, AddsNothingWithoutDo) {
    World world = signed_world("example", rfc4035_zone);
    for (const Row& row : rfc_rows) {
        const std::string_view question = row.question;
        if (question.ends_with("NSEC") || question.ends_with("RRSIG")) continue;
        for (const Asking& asking : {Asking{}, Asking{.edns = true}}) {
            const std::string answer = brief(world, question, asking);
            EXPECT_EQ(answer.find("RRSIG"), std::string::npos) << answer;
            EXPECT_EQ(answer.find("NSEC"), std::string::npos) << answer;
            EXPECT_EQ(answer.find(" DS") != std::string::npos, question == "a.example DS")
                << answer;
        }
    }
    EXPECT_EQ(brief(world, "ns1.example RRSIG", Asking{}),
              "NOERROR aa\nns1.example. RRSIG(A)\nns1.example. RRSIG(NSEC)\n");
    EXPECT_EQ(brief(world, "ns1.example NSEC", Asking{}), "NOERROR aa\nns1.example. NSEC\n");
}

TEST(Signed, CopiesCdAndNeverSetsAd) {
    World world = signed_world("example", rfc4035_zone);
    std::vector<std::uint8_t> message = question_of("ns2.example A", with_do);
    message[3] = 0x30;  // AD and CD
    EXPECT_EQ(brief_of(world.send(message, with_do)),
              "NOERROR aa cd\nns2.example. A\nns2.example. RRSIG(A)\n");
}

constexpr std::string_view chain_zone = R"(
+ @           300 SOA   ns admin 1 2 3 4 60
+ @           300 NS    ns
+ @           300 NSEC  alias NS SOA RRSIG NSEC
+ alias        60 CNAME to.wild
+ alias        60 NSEC  away CNAME RRSIG NSEC
+ away         60 CNAME x.out
+ away         60 NSEC  a.ent CNAME RRSIG NSEC
+ a.ent        60 A     192.0.2.1
+ a.ent        60 NSEC  host A RRSIG NSEC
+ host         60 A     192.0.2.1
+ host         60 NSEC  moved A RRSIG NSEC
+ moved        60 DNAME ent
+ moved        60 NSEC  ns DNAME RRSIG NSEC
+ ns           60 A     192.0.2.53
+ ns           60 NSEC  *.out A RRSIG NSEC
+ *.out        60 CNAME elsewhere.example.
+ *.out        60 NSEC  tls CNAME RRSIG NSEC
+ tls          60 TLSA  3 1 1 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF
+ tls          60 NSEC  *.wild TLSA RRSIG NSEC
+ *.wild       60 CNAME host
+ *.wild       60 NSEC  @ CNAME RRSIG NSEC
)";
#define SOA_OF_LAN "- lan. SOA\n- lan. RRSIG(SOA)\n"

const Row chain_rows[] = {
    {"every alias is signed, and what a wildcard made is proven behind all answers", "alias.lan A",
     "NOERROR aa\nalias.lan. CNAME\nalias.lan. RRSIG(CNAME)\nto.wild.lan. CNAME\n"
     "to.wild.lan. RRSIG(CNAME)\nhost.lan. A\nhost.lan. RRSIG(A)\n" NSEC_OF("*.wild.lan.")},
    {"the same in front of a denial", "alias.lan MX",
     "NOERROR aa\nalias.lan. CNAME\nalias.lan. RRSIG(CNAME)\nto.wild.lan. CNAME\n"
     "to.wild.lan. RRSIG(CNAME)\n" SOA_OF_LAN NSEC_OF("*.wild.lan.") NSEC_OF("host.lan.")},
    {"and where the chain leaves our zones", "away.lan A",
     "NOERROR aa\naway.lan. CNAME\naway.lan. RRSIG(CNAME)\nx.out.lan. CNAME\n"
     "x.out.lan. RRSIG(CNAME)\n" NSEC_OF("*.out.lan.")},
    {"RFC 6672 §5.3.1: the DNAME is signed, the CNAME made of it not", "a.moved.lan A",
     "NOERROR aa\nmoved.lan. DNAME\nmoved.lan. RRSIG(DNAME)\na.moved.lan. CNAME\n"
     "a.ent.lan. A\na.ent.lan. RRSIG(A)\n"},
    {"a DNAME whose target does not exist", "b.moved.lan A",
     "NXDOMAIN aa\nmoved.lan. DNAME\nmoved.lan. RRSIG(DNAME)\nb.moved.lan. CNAME\n" SOA_OF_LAN
         NSEC_OF("a.ent.lan.") NSEC_OF("away.lan.")},
    {"no other type at a DNAME", "moved.lan A", "NOERROR aa\n" SOA_OF_LAN NSEC_OF("moved.lan.")},
    {"a CNAME asked for by type", "x.wild.lan CNAME",
     "NOERROR aa\nx.wild.lan. CNAME\nx.wild.lan. RRSIG(CNAME)\n" NSEC_OF("*.wild.lan.")},
    {"the wildcard by its own name is no expansion", "*.wild.lan CNAME",
     "NOERROR aa\n*.wild.lan. CNAME\n*.wild.lan. RRSIG(CNAME)\n"},
    {"ANY gives data, though signatures have lower numbers", "tls.lan ANY",
     "NOERROR aa\ntls.lan. TLSA\ntls.lan. RRSIG(TLSA)\n"},
    {"ANY made from a wildcard", "x.wild.lan ANY",
     "NOERROR aa\nx.wild.lan. CNAME\nx.wild.lan. RRSIG(CNAME)\n" NSEC_OF("*.wild.lan.")},
    {"ANY at an empty non-terminal", "ent.lan ANY", "NOERROR aa\n" SOA_OF_LAN NSEC_OF("away.lan.")},
};

TEST(Signed, FollowsAliases) {
    World world = signed_world("lan", chain_zone);
    for (const Row& row : chain_rows) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(brief(world, row.question), row.expected);
    }
}

TEST(Signed, GivesAllOfAnyWhenConfigured) {
    AnswerOptions options;
    options.any = AnyPolicy::all;
    World world(options);
    world.snapshot.zones = zone::ZoneSet({signed_zone_of("lan", chain_zone)});
    EXPECT_EQ(
        brief(world, "host.lan ANY"),
        "NOERROR aa\nhost.lan. A\nhost.lan. RRSIG(A)\nhost.lan. NSEC\nhost.lan. RRSIG(NSEC)\n");
    EXPECT_EQ(
        brief(world, "host.lan ANY", Asking{}),
        "NOERROR aa\nhost.lan. A\nhost.lan. RRSIG(A)\nhost.lan. RRSIG(NSEC)\nhost.lan. NSEC\n");
}

TEST(Signed, SignaturesHaveTheTtlOfWhatIsSent) {
    World world = signed_world("lan", chain_zone);
    const std::string answer = world.ask("nothing.lan A", with_do);
    EXPECT_NE(answer.find("lan. 60 SOA"), std::string::npos) << answer;
    EXPECT_NE(answer.find("lan. 60 RRSIG SOA"), std::string::npos) << answer;
}

TEST(Signed, SetsAndSignaturesStandOrFallTogether) {
    // Signatures of RSA keys of 2048 bits: four of them do not fit 1,232 bytes.
    World world = signed_world("example", rfc4035_zone, 256);
    const auto asked = [&](std::string_view question, std::uint16_t payload) {
        return brief(world, question, {.edns = true, .dnssec_ok = true, .payload_bytes = payload});
    };
    EXPECT_EQ(asked("ml.example A", 1232),
              "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.") NSEC_OF("example."));
    EXPECT_EQ(asked("ml.example A", 900), "NXDOMAIN aa tc\n" SOA_OF_EXAMPLE NSEC_OF("b.example."));
    EXPECT_EQ(asked("ml.example A", 512), "NXDOMAIN aa tc\n" SOA_OF_EXAMPLE);
    EXPECT_EQ(asked("x.w.example MX", 512), "NOERROR aa\nx.w.example. MX\nx.w.example. RRSIG(MX)\n")
        << "additional data is a courtesy";
    EXPECT_EQ(asked("a.z.w.example MX", 512),
              "NOERROR aa tc\na.z.w.example. MX\na.z.w.example. RRSIG(MX)\n")
        << "the proof is not";
    EXPECT_EQ(asked("mc.a.example MX", 512),
              "NOERROR\n- a.example. NS\n- a.example. NS\n- a.example. DS\n- a.example. RRSIG(DS)\n"
              "+ ns1.a.example. A\n+ ns2.a.example. A\n");
    World large = signed_world("example", rfc4035_zone, 450);
    EXPECT_EQ(
        brief(large, "ns1.example A", {.edns = true, .dnssec_ok = true, .payload_bytes = 512}),
        "NOERROR aa tc\n");
    EXPECT_EQ(brief(large, "ml.example A", {.edns = true, .dnssec_ok = true, .payload_bytes = 512}),
              "NXDOMAIN aa tc\n")
        << "the SOA, too";
}

struct Damage {
    const char* why;
    const char* line;  // of the zone of RFC 4035
    const char* replacement;
    const char* question;
    const char* expected;
};

const Damage damages[] = {
    {"no NSEC at the name", "+ ns1.example. 3600 NSEC ns2.example. A RRSIG NSEC\n", "",
     "ns1.example MX", "SERVFAIL aa ede12\n"},
    {"a hole in the chain", "+ b.example. 3600 NSEC ns1.example. NS RRSIG NSEC\n", "",
     "ml.example A", "SERVFAIL aa ede12\n"},
    {"no proof for a referral", "+ b.example. 3600 NSEC ns1.example. NS RRSIG NSEC\n", "",
     "mc.b.example MX", "SERVFAIL ede12\n"},
    {"an NSEC that claims the type", "NSEC ns2.example. A RRSIG NSEC",
     "NSEC ns2.example. A MX RRSIG NSEC", "ns1.example MX", "SERVFAIL aa ede12\n"},
    {"an NSEC that claims an alias", "NSEC ns2.example. A RRSIG NSEC",
     "NSEC ns2.example. A CNAME RRSIG NSEC", "ns1.example MX", "SERVFAIL aa ede12\n"},
    {"an NSEC that claims the DS", "NSEC ns1.example. NS RRSIG NSEC",
     "NSEC ns1.example. NS DS RRSIG NSEC", "mc.b.example MX", "SERVFAIL ede12\n"},
    {"no proof for an expansion", "+ x.y.w.example. 3600 NSEC xx.example. MX RRSIG NSEC\n", "",
     "a.z.w.example MX", "SERVFAIL aa ede12\n"},
    {"the rest of a broken chain is good", "+ b.example. 3600 NSEC ns1.example. NS RRSIG NSEC\n",
     "", "ns1.example MX", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC_OF("ns1.example.")},
    {"signatures and no chain: what there is, and why there is no more",
     "+ example. 3600 NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n", "", "ns1.example MX",
     "NOERROR aa ede12\n" SOA_OF_EXAMPLE},
    {"an NSEC without its signature is what the zone has", "+ ns1.example. 3600 NSEC",
     "ns1.example. 3600 NSEC", "ns1.example MX",
     "NOERROR aa\n" SOA_OF_EXAMPLE "- ns1.example. NSEC\n"},
};

TEST(Signed, GivesNoWrongProof) {
    for (const Damage& damage : damages) {
        SCOPED_TRACE(damage.why);
        std::string lines(rfc4035_zone);
        const std::size_t at = lines.find(damage.line);
        ASSERT_NE(at, std::string::npos);
        lines.replace(at, std::string_view(damage.line).size(), damage.replacement);
        World world = signed_world("example", lines);
        EXPECT_EQ(brief(world, damage.question), damage.expected);
    }
}

TEST(Signed, UnsignedZonesAnswerWithDoAsWithout) {
    World world;
    world.zone("lan",
               "@ 300 SOA ns admin 1 2 3 4 300\nhost 60 A 192.0.2.1\n*.w 60 A 192.0.2.2\n"
               "cut 60 NS ns.cut\nns.cut 60 A 192.0.2.3\n");
    for (const char* question : {"host.lan A", "host.lan MX", "no.lan A", "x.w.lan A", "x.w.lan MX",
                                 "x.cut.lan A", "cut.lan DS"}) {
        EXPECT_EQ(world.ask(question, with_do), world.ask(question)) << question;
    }
}

TEST(Signed, WhatIsKnownOfOneVersionIsNotUsedForTheNext) {
    World world = signed_world("example", rfc4035_zone);
    EXPECT_EQ(brief(world, "ml.example A"),
              "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.") NSEC_OF("example."));
    std::string lines(rfc4035_zone);
    const std::string_view apex = "example. 3600 NSEC a.example.";
    lines.replace(lines.find(apex), apex.size(), "example. 3600 NSEC 0.example.");
    lines += "+ 0.example. 3600 A 192.0.2.1\n+ 0.example. 3600 NSEC a.example. A RRSIG NSEC\n";
    world.snapshot.zones = zone::ZoneSet({signed_zone_of("example", lines)});
    EXPECT_EQ(brief(world, "ml.example A"),
              "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC_OF("b.example.") NSEC_OF("example."));
    EXPECT_EQ(brief(world, "0.example A"), "NOERROR aa\n0.example. A\n0.example. RRSIG(A)\n");
}

}  // namespace
}  // namespace kith::answer
