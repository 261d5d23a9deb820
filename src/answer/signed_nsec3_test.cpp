// Answers of zones signed with NSEC3 (RFC 5155 §7.2): the responses of its Appendix B, opt-out, and the
// bounds of RFC 9276.

#include <gtest/gtest.h>

#include <map>

#include "answer/signed_world.hpp"

namespace kith::answer {
namespace {

#define SOA_OF_EXAMPLE "- example. SOA\n- example. RRSIG(SOA)\n"
#define NSEC3_OF(hash) "- " hash ".example. NSEC3\n- " hash ".example. RRSIG(NSEC3)\n"
#define H_EXAMPLE "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
#define H_A "35mthgpgcu1qg68fab165klnsnk3dpvl"
#define H_NS1 "2t7b4g4vsa5smi47k61mv5bv1a22bojr"
#define H_NS2 "q04jkcevqvmu85r014c7dkba38o0ji5r"
#define H_W "k8udemvp1j2f7eg6jebps17vp3n8i58h"
#define H_WILD "r53bq7cc2uvmubfu5ocmm6pers9tk9en"
#define H_X_W "b4um86eghhds6nea196smvmlo4ors995"
#define H_Y_W "ji6neoaepv8b5o6k4ev33abha8ht9fgc"
#define H_2T7B "kohar7mbb8dc2ce8a9qvl8hon4k53uhi"

const Row rfc_rows[] = {
    {"B.1: name error", "a.c.x.w.example A",
     "NXDOMAIN aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_EXAMPLE) NSEC3_OF(H_X_W) NSEC3_OF(H_A)},
    {"B.2: no data", "ns1.example MX", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_NS1)},
    {"B.2.1: an empty non-terminal", "y.w.example A",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_Y_W)},
    {"B.3: referral to a zone that opted out", "mc.c.example MX",
     "NOERROR\n- c.example. NS\n- c.example. NS\n" NSEC3_OF(H_A)
         NSEC3_OF(H_EXAMPLE) "+ ns1.c.example. A\n+ ns2.c.example. A\n"},
    {"B.4: wildcard expansion", "a.z.w.example MX",
     "NOERROR aa\na.z.w.example. MX\na.z.w.example. RRSIG(MX)\n" NSEC3_OF(
         H_NS2) "+ ai.example. A\n+ ai.example. RRSIG(A)\n+ ai.example. AAAA\n+ ai.example. RRSIG(AAAA)\n"},
    {"B.5: wildcard without the type", "a.z.w.example AAAA",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_NS2) NSEC3_OF(H_W) NSEC3_OF(H_WILD)},
    {"B.6: DS asked of the child", "example DS", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_EXAMPLE)},
    // The same zone, by its text.
    {"§7.2.4: DS of a zone that opted out", "c.example DS",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_A) NSEC3_OF(H_EXAMPLE)},
    {"DS of a signed one", "a.example DS", "NOERROR aa\na.example. DS\na.example. RRSIG(DS)\n"},
    {"referral to a signed zone", "mc.a.example MX",
     "NOERROR\n- a.example. NS\n- a.example. NS\n- a.example. DS\n- a.example. RRSIG(DS)\n"
     "+ ns1.a.example. A\n+ ns2.a.example. A\n"},
    {"§7.2.8: an owner of NSEC3 with data of its own", H_NS1 ".example A",
     "NOERROR aa\n" H_NS1 ".example. A\n" H_NS1 ".example. RRSIG(A)\n"},
    {"has its own NSEC3", H_NS1 ".example MX", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_2T7B)},
    {"NSEC3 are of no name: they are not given by type", H_NS1 ".example NSEC3",
     "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_2T7B)},
    {"nor by ANY", H_NS1 ".example ANY",
     "NOERROR aa\n" H_NS1 ".example. A\n" H_NS1 ".example. RRSIG(A)\n"},
    {"NSEC3PARAM is of the apex", "example NSEC3PARAM",
     "NOERROR aa\nexample. NSEC3PARAM\nexample. RRSIG(NSEC3PARAM)\n"},
};

TEST(SignedNsec3, AnswersAsRfc5155) {
    World world = signed_world("example", rfc5155_zone);
    for (int round = 0; round < 2; ++round) {  // the second time out of what the worker kept
        for (const Row& row : rfc_rows) {
            SCOPED_TRACE(row.why);
            EXPECT_EQ(brief(world, row.question), row.expected);
        }
    }
}

/// RFC 5155 §7.2.8: names that only own NSEC3, and those below, do not exist.
TEST(SignedNsec3, OwnersOfNsec3DoNotExist) {
    World world = signed_world("example", rfc5155_zone);
    for (const char* question :
         {H_W ".example A", H_W ".example NSEC3", H_W ".example ANY", H_W ".example RRSIG",
          "x." H_W ".example A", "X.y.z." H_W ".example A", "X." H_W ".example DS"}) {
        SCOPED_TRACE(question);
        const std::string answer = brief(world, question);
        EXPECT_TRUE(answer.starts_with("NXDOMAIN aa\n" SOA_OF_EXAMPLE)) << answer;
        EXPECT_NE(answer.find(NSEC3_OF(H_EXAMPLE)), std::string::npos)
            << "the closest encloser is the apex: " << answer;
        EXPECT_EQ(brief(world, question, Asking{}), "NXDOMAIN aa\n- example. SOA\n");
    }
}

TEST(SignedNsec3, WildcardsCoverOwnersOfNsec3) {
    std::string lines(rfc5155_zone);
    lines += "* 3600 TXT all\nbelow." H_W " 3600 TXT here\n";
    World world = signed_world("example", lines);
    EXPECT_EQ(brief(world, H_WILD ".example TXT", Asking{}),
              "NOERROR aa\n" H_WILD ".example. TXT\n");
    EXPECT_EQ(brief(world, "x.y." H_WILD ".example TXT", Asking{}),
              "NOERROR aa\nx.y." H_WILD ".example. TXT\n");
    EXPECT_EQ(brief(world, H_W ".example TXT", Asking{}), "NOERROR aa\n- example. SOA\n")
        << "with a name below it is an empty non-terminal";
    EXPECT_EQ(brief(world, "x." H_W ".example TXT", Asking{}), "NXDOMAIN aa\n- example. SOA\n");
}

struct Damage {
    const char* why;
    const char* text;
    const char* replacement;
    const char* question;
    const char* expected;
};

const Damage damages[] = {
    {"no NSEC3 of the name, and nothing opted out around it",
     "+ " H_2T7B ".example. 3600 NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG\n",
     "", H_NS1 ".example MX", "SERVFAIL aa ede12\n"},
    {"an NSEC3 that claims the type", "2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG",
     "2vptu5timamqttgl4luu9kg21e0aor3s A MX RRSIG", "ns1.example MX", "SERVFAIL aa ede12\n"},
    {"the span around an unsigned delegation does not opt out",
     "NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995",
     "NSEC3 1 0 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995", "mc.c.example MX",
     "SERVFAIL ede12\n"},
    {"no NSEC3 of the apex",
     "+ " H_EXAMPLE ".example. 3600 NSEC3 1 1 12 aabbccdd " H_NS1
     " MX DNSKEY NS SOA NSEC3PARAM RRSIG\n",
     "", "nothing.example A", "SERVFAIL aa ede12\n"},
    {"records of another chain are none of ours", "+ " H_NS1 ".example. 3600 NSEC3 1 1 12 aabbccdd",
     "+ " H_NS1 ".example. 3600 NSEC3 1 1 12 aabbccde", "ns1.example MX", "SERVFAIL aa ede12\n"},
    {"an algorithm nobody knows: what there is without proof", "NSEC3PARAM 1 0", "NSEC3PARAM 7 0",
     "ns1.example MX", "NOERROR aa ede12\n" SOA_OF_EXAMPLE},
    {"flags say that the chain is not complete (§4.1.2)", "NSEC3PARAM 1 0", "NSEC3PARAM 1 1",
     "ns1.example MX", "NOERROR aa ede12\n" SOA_OF_EXAMPLE},
    {"RFC 9276: more iterations than we do", "NSEC3PARAM 1 0 12", "NSEC3PARAM 1 0 151",
     "ns1.example MX", "NOERROR aa ede27\n" SOA_OF_EXAMPLE},
    {"and a referral", "NSEC3PARAM 1 0 12", "NSEC3PARAM 1 0 65535", "mc.c.example MX",
     "NOERROR ede27\n- c.example. NS\n- c.example. NS\n+ ns1.c.example. A\n+ ns2.c.example. A\n"},
    {"§7.3: of several chains the first that can be used",
     "+ example. 3600 NSEC3PARAM 1 0 12 aabbccdd\n",
     "+ example. 3600 NSEC3PARAM 1 0 151 aabbccdd\nexample. 3600 NSEC3PARAM 1 0 12 aabbccdd\n",
     "ns1.example MX", "NOERROR aa\n" SOA_OF_EXAMPLE NSEC3_OF(H_NS1)},
};

TEST(SignedNsec3, GivesNoWrongProof) {
    for (const Damage& damage : damages) {
        SCOPED_TRACE(damage.why);
        std::string lines(rfc5155_zone);
        const std::size_t at = lines.find(damage.text);
        ASSERT_NE(at, std::string::npos);
        lines.replace(at, std::string_view(damage.text).size(), damage.replacement);
        World world = signed_world("example", lines);
        EXPECT_EQ(brief(world, damage.question), damage.expected);
    }
}

/// A zone with an SOA alone, whose one NSEC3 covers all names but the apex.
std::string lonely_zone(int iterations) {
    Nsec3Hasher hasher;
    HashedName hashed;
    const std::uint8_t salt[] = {0xaa, 0xbb};
    hasher.hash(name_of("example").view(), salt, iterations, hashed);
    const std::string hash(reinterpret_cast<const char*>(hashed.label.data()) + 1, 32);
    const std::string parameters = std::to_string(iterations) + " AABB";
    return "+ @ 60 SOA ns admin 1 2 3 4 60\n+ @ 60 NSEC3PARAM 1 0 " + parameters + "\n+ " + hash +
           " 60 NSEC3 1 0 " + parameters + " " + hash + " SOA RRSIG NSEC3PARAM\n";
}

TEST(SignedNsec3, OneRecordCoversEverything) {
    for (const int iterations : {0, 1, nsec3_iterations_max}) {
        World world = signed_world("example", lonely_zone(iterations));
        for (const char* question :
             {"a.example A", "b.example A", "c.example A", "x.y.z.example A"}) {
            const std::string answer = brief(world, question);
            EXPECT_TRUE(answer.starts_with("NXDOMAIN aa\n" SOA_OF_EXAMPLE)) << answer;
            EXPECT_EQ(std::ranges::count(answer, '\n'), 5)
                << answer << "one NSEC3 and its signature";
        }
    }
    World world = signed_world("example", lonely_zone(nsec3_iterations_max + 1));
    EXPECT_EQ(brief(world, "a.example A"), "NXDOMAIN aa ede27\n" SOA_OF_EXAMPLE);
}

/// RFC 5155 Appendix A: the hashes of its zone.
TEST(Nsec3Hasher, HashesAsRfc5155) {
    const std::pair<const char*, const char*> rows[] = {
        {"example", H_EXAMPLE}, {"a.example", H_A},        {"ns1.example", H_NS1},
        {"w.example", H_W},     {"*.w.example", H_WILD},   {"x.w.example", H_X_W},
        {"y.w.example", H_Y_W}, {H_NS1 ".example", H_2T7B}};
    const std::uint8_t salt[] = {0xaa, 0xbb, 0xcc, 0xdd};
    Nsec3Hasher hasher;
    HashedName hashed;
    for (const auto& [name, hash] : rows) {
        hasher.hash(name_of(name).view(), salt, 12, hashed);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(hashed.label.data()) + 1, 32), hash);
        std::array<std::uint8_t, nsec3_hash_bytes> back;
        ASSERT_TRUE(read_nsec3_owner(hashed.owner(), back));
        EXPECT_EQ(back, hashed.hash);
    }
    std::array<std::uint8_t, nsec3_hash_bytes> none;
    EXPECT_FALSE(read_nsec3_owner(Bytes(hashed.label).first(32), none)) << "too short";
    hashed.label[9] = 'w';
    EXPECT_FALSE(read_nsec3_owner(hashed.owner(), none)) << "w is not in the alphabet";
}

}  // namespace
}  // namespace kith::answer
