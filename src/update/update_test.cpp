// One row a rule of RFC 2136 §3.

#include "update/update.hpp"

#include <gtest/gtest.h>

#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;

zone::ZonePtr base() {
    return zone::test::zone({"@ 300 NS ns", "@ 300 NS ns2", "@ 300 MX 10 mx", "ns 300 A 10.0.0.1",
                             "a 300 A 10.0.0.2", "a 300 A 10.0.0.3", "a 300 TXT x", "c 300 CNAME a",
                             "sub 300 NS ns.sub", "ns.sub 300 A 10.0.0.4", "d 300 DNAME a",
                             "b.ent 300 TXT y", "w 300 WKS 10.0.0.5 6 25"});
}

struct Row {
    const char* why;
    Lines lines;
    Rcode rcode;
    Lines change;  // sorted before it is compared
};

void expect_rows(const std::vector<Row>& rows) {
    const zone::ZonePtr zone = base();
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const UpdateOutcome outcome =
            run_update(*zone, message(row.lines), requester(), all_allowed(), some_time);
        EXPECT_EQ(dns::rcode_name(outcome.refusal.rcode), dns::rcode_name(row.rcode))
            << outcome.refusal.reason;
        EXPECT_EQ(outcome.refusal.reason.empty(), row.rcode == Rcode::NOERROR)
            << outcome.refusal.reason;
        EXPECT_EQ(shown(outcome.change), sorted(row.change));
        if (outcome.changes()) applied(zone, outcome);
    }
}

TEST(Prerequisites, AreThoseOfTheRfc) {
    expect_rows({
        {"§3.2.1 name in use", {"yxdomain a"}, Rcode::NOERROR, {}},
        {"§3.2.1 name in use, in another case", {"yxdomain A"}, Rcode::NOERROR, {}},
        {"§3.2.1 name not in use", {"yxdomain z"}, Rcode::NXDOMAIN, {}},
        {"§3.2.1 an empty non-terminal has no records", {"yxdomain ent"}, Rcode::NXDOMAIN, {}},
        {"§3.2.1 glue is a record of the zone", {"yxdomain ns.sub"}, Rcode::NOERROR, {}},
        {"§3.2.1 a wildcard does not make names", {"yxdomain x.d"}, Rcode::NXDOMAIN, {}},
        {"§3.2.1 RRset exists", {"yxrrset a A"}, Rcode::NOERROR, {}},
        {"§3.2.1 RRset does not exist", {"yxrrset a AAAA"}, Rcode::NXRRSET, {}},
        {"§3.2.1 RRset of a name that does not exist", {"yxrrset z A"}, Rcode::NXRRSET, {}},
        {"§3.2.1 the target of a CNAME does not count", {"yxrrset c A"}, Rcode::NXRRSET, {}},
        {"§3.2.2 name must not be in use, and is not", {"nxdomain z"}, Rcode::NOERROR, {}},
        {"§3.2.2 an empty non-terminal is not in use", {"nxdomain ent"}, Rcode::NOERROR, {}},
        {"§3.2.2 name must not be in use, and is", {"nxdomain a"}, Rcode::YXDOMAIN, {}},
        {"§3.2.2 RRset must not exist, and does not", {"nxrrset a AAAA"}, Rcode::NOERROR, {}},
        {"§3.2.2 RRset must not exist, and does", {"nxrrset a TXT"}, Rcode::YXRRSET, {}},
        {"§3.2.3 the same RRset in another order",
         {"yxrrset a A 10.0.0.3", "yxrrset a A 10.0.0.2"},
         Rcode::NOERROR,
         {}},
        {"§3.2.3 a member is missing", {"yxrrset a A 10.0.0.2"}, Rcode::NXRRSET, {}},
        {"§3.2.3 a member too many", {"yxrrset a TXT x", "yxrrset a TXT y"}, Rcode::NXRRSET, {}},
        {"§3.2.3 another value", {"yxrrset a TXT y"}, Rcode::NXRRSET, {}},
        {"§3.2.3 a member twice is one member",
         {"yxrrset a TXT x", "yxrrset a TXT x"},
         Rcode::NOERROR,
         {}},
        {"§3.2.3 names in data ignore case", {"yxrrset c CNAME A"}, Rcode::NOERROR, {}},
        {"§3.2.3 two RRsets, the second differs",
         {"yxrrset a TXT x", "yxrrset c CNAME b"},
         Rcode::NXRRSET,
         {}},
        {"§3.2 out of the zone", {"yxdomain example.org."}, Rcode::NOTZONE, {}},
        {"§3.2 what holds lets the update through",
         {"nxdomain z", "add z 60 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+z.example. 60 A 10.0.0.9"}},
        {"§3.2 what does not hold stops it",
         {"nxdomain a", "add z 60 A 10.0.0.9"},
         Rcode::YXDOMAIN,
         {}},
    });
}

TEST(Updates, AreThoseOfTheRfc) {
    expect_rows({
        {"§3.4.2.2 add to an RRset",
         {"add a 300 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+a.example. 300 A 10.0.0.9"}},
        {"§3.4.2.2 add a name",
         {"add x.y.z 60 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+x.y.z.example. 60 A 10.0.0.9"}},
        {"§3.4.2.2 add a record that is there", {"add a 300 A 10.0.0.2"}, Rcode::NOERROR, {}},
        {"§3.4.2.2 the TTL of an RRset is the last one given (RFC 2181 §5.2)",
         {"add a 60 A 10.0.0.2"},
         Rcode::NOERROR,
         {"-a.example. A 10.0.0.2", "+a.example. 60 A 10.0.0.2", "-a.example. A 10.0.0.3",
          "+a.example. 60 A 10.0.0.3"}},
        {"§3.4.2.2 the same CNAME with another TTL",
         {"add c 60 CNAME a"},
         Rcode::NOERROR,
         {"-c.example. CNAME a.example.", "+c.example. 60 CNAME a.example."}},
        {"§3.4.2.2 a CNAME replaces a CNAME",
         {"add c 300 CNAME b"},
         Rcode::NOERROR,
         {"-c.example. CNAME a.example.", "+c.example. 300 CNAME b.example."}},
        {"§3.4.2.2 a CNAME beside other records is ignored",
         {"add a 300 CNAME b"},
         Rcode::NOERROR,
         {}},
        {"§3.4.2.2 other records beside a CNAME are ignored",
         {"add c 300 A 10.0.0.9"},
         Rcode::NOERROR,
         {}},
        {"RFC 3007 §3.1.1: but KEY may stand there",
         {"add c 300 KEY 512 3 15 AAAA"},
         Rcode::NOERROR,
         {"+c.example. 300 KEY 512 3 15 AAAA"}},
        {"§3.4.2.2 order counts: delete first, then another type",
         {"delete c CNAME", "add c 300 A 10.0.0.9"},
         Rcode::NOERROR,
         {"-c.example. CNAME a.example.", "+c.example. 300 A 10.0.0.9"}},
        {"§3.4.2.2 order counts: add first is ignored",
         {"add c 300 A 10.0.0.9", "delete c CNAME"},
         Rcode::NOERROR,
         {"-c.example. CNAME a.example."}},
        {"§3.4.2.2 a SOA with a higher serial",
         {"add @ 300 SOA ns. host. 7 1 1 1 1"},
         Rcode::NOERROR,
         {"-example. SOA ns.example. hostmaster.example. 1 2 3 4 5",
          "+example. 300 SOA ns. host. 7 1 1 1 1"}},
        {"§3.4.2.2 a SOA with the same serial is ignored",
         {"add @ 300 SOA ns. host. 1 1 1 1 1"},
         Rcode::NOERROR,
         {}},
        {"§3.4.2.2 a SOA with a lower serial (RFC 1982) is ignored",
         {"add @ 300 SOA ns. host. 4294967295 1 1 1 1"},
         Rcode::NOERROR,
         {}},
        {"§3.4.2.2 a SOA where there is none is ignored",
         {"add a 300 SOA ns. host. 7 1 1 1 1"},
         Rcode::NOERROR,
         {}},
        {"§3.4.2.2 WKS: the same address and protocol",
         {"add w 300 WKS 10.0.0.5 6 80"},
         Rcode::NOERROR,
         {"-w.example. WKS 10.0.0.5 6 25", "+w.example. 300 WKS 10.0.0.5 6 80"}},
        {"§3.4.2.2 WKS: another protocol",
         {"add w 300 WKS 10.0.0.5 17 80"},
         Rcode::NOERROR,
         {"+w.example. 300 WKS 10.0.0.5 17 80"}},
        {"RFC 6672 §2.4: a DNAME replaces a DNAME",
         {"add d 300 DNAME b"},
         Rcode::NOERROR,
         {"-d.example. DNAME a.example.", "+d.example. 300 DNAME b.example."}},
        {"RFC 6672 §2.4: no DNAME beside NS", {"add sub 300 DNAME b"}, Rcode::NOERROR, {}},
        {"RFC 6672 §2.4: no NS beside DNAME", {"add d 300 NS b"}, Rcode::NOERROR, {}},
        {"glue below a cut",
         {"add n2.sub 300 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+n2.sub.example. 300 A 10.0.0.9"}},
        {"a new cut above names",
         {"add ent 300 NS ns"},
         Rcode::NOERROR,
         {"+ent.example. 300 NS ns.example."}},
        {"a TTL with the top bit is 0 (RFC 2181 §8)",
         {"add z 2147483647 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+z.example. 2147483647 A 10.0.0.9"}},
        {"unknown types are stored (RFC 3597)",
         {"add z 1 TYPE65300 \\# 1 00"},
         Rcode::NOERROR,
         {"+z.example. 1 TYPE65300 \\# 1 00"}},
        {"§3.4.2.3 delete all RRsets",
         {"delete a"},
         Rcode::NOERROR,
         {"-a.example. A 10.0.0.2", "-a.example. A 10.0.0.3", "-a.example. TXT \"x\""}},
        {"§3.4.2.3 of a name that is not there", {"delete z"}, Rcode::NOERROR, {}},
        {"§3.4.2.3 at the apex NS and SOA stay",
         {"delete @"},
         Rcode::NOERROR,
         {"-example. MX 10 mx.example."}},
        {"§3.4.2.3 delete an RRset",
         {"delete a A"},
         Rcode::NOERROR,
         {"-a.example. A 10.0.0.2", "-a.example. A 10.0.0.3"}},
        {"§3.4.2.3 not NS at the apex", {"delete @ NS"}, Rcode::NOERROR, {}},
        {"§3.4.2.3 not SOA at the apex", {"delete @ SOA"}, Rcode::NOERROR, {}},
        {"§3.4.2.3 NS below the apex",
         {"delete sub NS"},
         Rcode::NOERROR,
         {"-sub.example. NS ns.sub.example."}},
        {"§3.4.2.4 delete a record",
         {"delete a A 10.0.0.2"},
         Rcode::NOERROR,
         {"-a.example. A 10.0.0.2"}},
        {"§3.4.2.4 that is not there", {"delete a A 10.0.0.8"}, Rcode::NOERROR, {}},
        {"§3.4.2.4 names in data ignore case",
         {"delete c CNAME A"},
         Rcode::NOERROR,
         {"-c.example. CNAME a.example."}},
        {"§3.4.2.4 one of two NS",
         {"delete @ NS ns"},
         Rcode::NOERROR,
         {"-example. NS ns.example."}},
        {"§3.4.2.4 but not the last",
         {"delete @ NS ns", "delete @ NS ns2"},
         Rcode::NOERROR,
         {"-example. NS ns.example."}},
        {"§3.4.2.4 unless another comes first",
         {"add @ 300 NS ns3", "delete @ NS ns", "delete @ NS ns2"},
         Rcode::NOERROR,
         {"+example. 300 NS ns3.example.", "-example. NS ns.example.",
          "-example. NS ns2.example."}},
        {"§3.4.2.4 never the SOA", {"delete @ SOA ns hostmaster 1 2 3 4 5"}, Rcode::NOERROR, {}},
        {"deleted and added again is no change",
         {"delete a", "add a 300 A 10.0.0.3", "add a 300 A 10.0.0.2", "add a 300 TXT x"},
         Rcode::NOERROR,
         {}},
        {"added and deleted again is no change",
         {"add z 1 A 10.0.0.9", "delete z"},
         Rcode::NOERROR,
         {}},
        {"§3.4.1 out of the zone: nothing is done",
         {"add a 300 A 10.0.0.9", "add example.org. 1 A 10.0.0.9"},
         Rcode::NOTZONE,
         {}},
    });
}

TEST(Updates, AreRefusedWhereARecordCannotStand) {
    const std::string ds =
        "DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const std::string digest = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF";
    expect_rows({
        {"RFC 4592 §4.2: BIND takes no zone with NS at a wildcard",
         {"add *.k8s 60 NS ns"},
         Rcode::REFUSED,
         {}},
        {"nothing of such an update is done",
         {"add z 60 A 10.0.0.9", "add *.k8s 60 NS ns"},
         Rcode::REFUSED,
         {}},
        {"what counts is the end of the update",
         {"add *.k8s 60 NS ns", "delete *.k8s NS"},
         Rcode::NOERROR,
         {}},
        {"other records of a wildcard are good",
         {"add *.k8s 60 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+*.k8s.example. 60 A 10.0.0.9"}},
        {"RFC 4592 §2.1.1: an asterisk in the middle makes no wildcard",
         {"add x.*.k8s 60 NS ns"},
         Rcode::NOERROR,
         {"+x.*.k8s.example. 60 NS ns.example."}},
        {"RFC 4035 §2.4: DS of the apex is the parent's", {"add @ 60 " + ds}, Rcode::REFUSED, {}},
        {"RFC 4035 §2.4: DS without a delegation", {"add a 60 " + ds}, Rcode::REFUSED, {}},
        {"RFC 4035 §2.4: DS at a new name", {"add z 60 " + ds}, Rcode::REFUSED, {}},
        {"DS at a delegation",
         {"add sub 60 " + ds},
         Rcode::NOERROR,
         {"+sub.example. 60 DS 1 13 2 " + digest}},
        {"DS before its NS, in one update",
         {"add z 60 " + ds, "add z 60 NS ns"},
         Rcode::NOERROR,
         {"+z.example. 60 DS 1 13 2 " + digest, "+z.example. 60 NS ns.example."}},
        {"DS while its NS goes", {"add sub 60 " + ds, "delete sub NS"}, Rcode::REFUSED, {}},
        {"RFC 6672 §2.4: nothing below a DNAME", {"add x.d 60 A 10.0.0.9"}, Rcode::REFUSED, {}},
        {"RFC 6672 §2.4: nor far below it", {"add x.y.z.d 60 TXT x"}, Rcode::REFUSED, {}},
        {"at the DNAME itself other records may be (RFC 6672 §2.4)",
         {"add d 60 A 10.0.0.9"},
         Rcode::NOERROR,
         {"+d.example. 60 A 10.0.0.9"}},
        {"below a DNAME that goes",
         {"add x.d 60 A 10.0.0.9", "delete d DNAME"},
         Rcode::NOERROR,
         {"-d.example. DNAME a.example.", "+x.d.example. 60 A 10.0.0.9"}},
        {"below a DNAME that comes",
         {"add x.n 60 A 10.0.0.9", "add n 60 DNAME a"},
         Rcode::REFUSED,
         {}},
        {"RFC 6672 §5.2: a new DNAME hides the names below it",
         {"add ent 60 DNAME a"},
         Rcode::NOERROR,
         {"+ent.example. 60 DNAME a.example."}},
    });
}

TEST(Updates, LeaveAndTakeAwayWhatStoodWhereItCannot) {
    const std::string ds =
        "DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const zone::ZonePtr zone = zone::test::zone(
        {"@ 300 NS ns", "@ 300 " + ds, "*.k8s 300 NS ns", "d 300 DNAME a", "x.d 300 A 10.0.0.1"});
    const Row rows[] = {
        {"the same again",
         {"add *.k8s 300 NS ns", "add x.d 300 A 10.0.0.1", "add @ 300 " + ds},
         Rcode::NOERROR,
         {}},
        {"another TTL",
         {"add x.d 60 A 10.0.0.1"},
         Rcode::NOERROR,
         {"-x.d.example. A 10.0.0.1", "+x.d.example. 60 A 10.0.0.1"}},
        {"deleted",
         {"delete *.k8s", "delete x.d A"},
         Rcode::NOERROR,
         {"-*.k8s.example. NS ns.example.", "-x.d.example. A 10.0.0.1"}},
        {"one more", {"add x.d 300 A 10.0.0.2"}, Rcode::REFUSED, {}},
        {"one more NS", {"add *.k8s 300 NS ns2"}, Rcode::REFUSED, {}},
        {"names elsewhere", {"add z 60 TXT x"}, Rcode::NOERROR, {"+z.example. 60 TXT \"x\""}},
    };
    for (const Row& row : rows) {
        const UpdateOutcome outcome =
            run_update(*zone, message(row.lines), requester(), all_allowed(), some_time);
        EXPECT_EQ(dns::rcode_name(outcome.refusal.rcode), dns::rcode_name(row.rcode))
            << row.why << ": " << outcome.refusal.reason;
        EXPECT_EQ(shown(outcome.change), sorted(row.change)) << row.why;
    }
}

TEST(Updates, TakeNsec3BelowADnameOfTheApex) {
    const zone::ZonePtr zone = zone::test::zone({"@ 300 NS ns.org.", "@ 300 DNAME org."});
    UpdateRules rules = all_allowed();
    rules.policy = policy({"grant * zonesub NSEC3"});
    const UpdateOutcome outcome =
        run_update(*zone,
                   message({"add 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 NSEC3 1 0 0 - "
                            "2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA DNAME"}),
                   requester(), rules, some_time);
    EXPECT_TRUE(outcome.is_good()) << outcome.refusal.reason;
    EXPECT_EQ(outcome.change.added.size(), 1U) << "RFC 5155 §3: NSEC3 are no names of the zone";
}

struct RawRow {
    const char* why;
    bool is_prerequisite;
    UpdateRecord record;
    Rcode rcode;
};

TEST(Updates, RefusesMalformedRecords) {
    const Name a = name("a.example.");
    const std::vector<std::uint8_t> address{10, 0, 0, 1};
    const RawRow rows[] = {
        {"§3.2.1 class ANY with a TTL", true, {a, RrType::A, RrClass::ANY, 1, {}}, Rcode::FORMERR},
        {"§3.2.1 class ANY with data",
         true,
         {a, RrType::A, RrClass::ANY, 0, address},
         Rcode::FORMERR},
        {"§3.2.2 class NONE with a TTL",
         true,
         {a, RrType::A, RrClass::NONE, 1, {}},
         Rcode::FORMERR},
        {"§3.2.2 class NONE with data",
         true,
         {a, RrType::A, RrClass::NONE, 0, address},
         Rcode::FORMERR},
        {"§3.2.3 with a TTL", true, {a, RrType::A, RrClass::IN, 1, address}, Rcode::FORMERR},
        {"§3.2.3 of another class", true, {a, RrType::A, RrClass::CH, 0, address}, Rcode::FORMERR},
        {"§3.2.3 of a type that is never stored",
         true,
         {a, RrType::AXFR, RrClass::IN, 0, {}},
         Rcode::FORMERR},
        {"§3.2.1 about a type that is never stored",
         true,
         {a, RrType::AXFR, RrClass::ANY, 0, {}},
         Rcode::FORMERR},
        {"§3.4.1 of another class", false, {a, RrType::A, RrClass::CH, 1, address}, Rcode::FORMERR},
        {"§3.4.1.2 add ANY", false, {a, RrType::ANY, RrClass::IN, 1, {}}, Rcode::FORMERR},
        {"§3.4.1.2 add AXFR", false, {a, RrType::AXFR, RrClass::IN, 1, {}}, Rcode::FORMERR},
        {"§3.4.1.2 add TSIG", false, {a, RrType::TSIG, RrClass::IN, 1, {}}, Rcode::FORMERR},
        {"§3.4.1.2 class ANY with a TTL",
         false,
         {a, RrType::A, RrClass::ANY, 1, {}},
         Rcode::FORMERR},
        {"§3.4.1.2 class ANY with data",
         false,
         {a, RrType::A, RrClass::ANY, 0, address},
         Rcode::FORMERR},
        {"§3.4.1.2 class ANY, type AXFR",
         false,
         {a, RrType::AXFR, RrClass::ANY, 0, {}},
         Rcode::FORMERR},
        {"§3.4.1.2 class NONE with a TTL",
         false,
         {a, RrType::A, RrClass::NONE, 1, address},
         Rcode::FORMERR},
        {"§3.4.1.2 class NONE, type ANY",
         false,
         {a, RrType::ANY, RrClass::NONE, 0, {}},
         Rcode::FORMERR},
        {"§3.4.1 out of the zone",
         false,
         {name("a.org."), RrType::A, RrClass::IN, 1, address},
         Rcode::NOTZONE},
    };
    const zone::ZonePtr zone = base();
    for (const RawRow& row : rows) {
        UpdateMessage update = message({"add z 1 A 10.0.0.1"});
        (row.is_prerequisite ? update.prerequisites : update.updates).push_back(row.record);
        const UpdateOutcome outcome =
            run_update(*zone, update, requester(), all_allowed(), some_time);
        EXPECT_EQ(outcome.refusal.rcode, row.rcode) << row.why << ": " << outcome.refusal.reason;
        EXPECT_FALSE(outcome.changes()) << row.why;
    }
}

TEST(Updates, IsForThisZoneOnly) {
    UpdateMessage other = message({"add a 1 A 10.0.0.1"});
    other.zone = name("org.");
    EXPECT_EQ(run_update(*base(), other, requester(), all_allowed(), some_time).refusal.rcode,
              Rcode::NOTAUTH);
    UpdateMessage chaos = message({"add a 1 A 10.0.0.1"});
    chaos.zone_class = RrClass::CH;
    EXPECT_EQ(run_update(*base(), chaos, requester(), all_allowed(), some_time).refusal.rcode,
              Rcode::NOTAUTH);
}

TEST(Updates, TellWhetherTheClientGaveTheSerial) {
    const zone::ZonePtr zone = base();
    const UpdateOutcome given =
        run_update(*zone, message({"add @ 300 SOA ns. host. 7 1 1 1 1", "add z 1 A 10.0.0.1"}),
                   requester(), all_allowed(), some_time);
    EXPECT_TRUE(given.has_serial);
    EXPECT_EQ(given.change.from_serial, 1U);
    EXPECT_EQ(given.change.to_serial, 7U);
    EXPECT_EQ(applied(zone, given)->serial(), 7U);
    const UpdateOutcome ours =
        run_update(*zone, message({"add z 1 A 10.0.0.1"}), requester(), all_allowed(), some_time);
    EXPECT_FALSE(ours.has_serial);
    EXPECT_EQ(ours.change.to_serial, 1U);
    EXPECT_EQ(applied(zone, ours)->serial(), 2U);
}

TEST(Updates, ABoundHoldsForWhatGrows) {
    UpdateRules rules = all_allowed();
    rules.bounds = {.types_per_name = 2, .records_per_rrset = 2};
    const zone::ZonePtr zone = base();
    const struct {
        const char* why;
        Lines lines;
        Rcode rcode;
    } rows[] = {
        {"a third address", {"add a 300 A 10.0.0.9"}, Rcode::REFUSED},
        {"a third type", {"add a 300 AAAA ::1"}, Rcode::REFUSED},
        {"one for another", {"delete a A 10.0.0.2", "add a 300 A 10.0.0.9"}, Rcode::NOERROR},
        {"the apex has four types and may lose one", {"delete @ MX"}, Rcode::NOERROR},
        {"or change one", {"delete @ MX", "add @ 300 MX 20 mx"}, Rcode::NOERROR},
    };
    for (const auto& row : rows) {
        const UpdateOutcome outcome =
            run_update(*zone, message(row.lines), requester(), rules, some_time);
        EXPECT_EQ(outcome.refusal.rcode, row.rcode) << row.why << outcome.refusal.reason;
    }
    rules = all_allowed();
    rules.zone_records_max = zone->record_count();
    EXPECT_EQ(run_update(*zone, message({"add z 1 A 10.0.0.1"}), requester(), rules, some_time)
                  .refusal.rcode,
              Rcode::REFUSED);
    EXPECT_TRUE(run_update(*zone, message({"delete a TXT", "add z 1 A 10.0.0.1"}), requester(),
                           rules, some_time)
                    .is_good());
}

TEST(Updates, CompareABoundedNumberOfRecords) {
    // 4000 texts that differ in the case of their letters only: comparing each with each is dear.
    Lines lines;
    for (unsigned i = 0; i < updates_max; ++i) {
        std::string text(12, 'a');
        for (std::size_t bit = 0; bit < text.size(); ++bit) {
            if ((i >> bit & 1) != 0) text[bit] = 'A';
        }
        lines.push_back("add z 1 TXT " + text);
    }
    for (unsigned i = 0; i < 10; ++i) lines.pop_back();
    lines.push_back("delete z");
    lines.push_back("add z 1 TXT last");
    const UpdateMessage update = message(lines);
    EXPECT_EQ(run_update(*base(), update, requester(), all_allowed(), some_time).refusal.rcode,
              Rcode::REFUSED);
    // Up to twice the bound may be there on the way.
    const UpdateMessage swap = message({"add a 300 A 10.0.0.4", "add a 300 A 10.0.0.5",
                                        "delete a A 10.0.0.2", "delete a A 10.0.0.3"});
    UpdateRules rules = all_allowed();
    rules.bounds.records_per_rrset = 2;
    EXPECT_TRUE(run_update(*base(), swap, requester(), rules, some_time).is_good());
}

TEST(Updates, TouchABoundedNumberOfNames) {
    Lines lines;
    for (std::size_t i = 0; i <= names_per_update_max; ++i)
        lines.push_back("add n" + std::to_string(i) + " 1 A 10.0.0.1");
    UpdateMessage update = message(lines);
    EXPECT_EQ(run_update(*base(), update, requester(), all_allowed(), some_time).refusal.rcode,
              Rcode::REFUSED);
    update.updates.pop_back();
    const UpdateOutcome outcome =
        run_update(*base(), update, requester(), all_allowed(), some_time);
    EXPECT_TRUE(outcome.is_good());
    EXPECT_EQ(outcome.change.added.size(), names_per_update_max);
}

TEST(Updates, RecordsAnRrsetThatCannotBeAnswered) {
    // Any RRset must fit into one message (zone/limits.hpp).
    Lines lines;
    for (int i = 0; i < 200; ++i) {
        std::string text = "add z 1 TXT";
        for (int part = 0; part < 2; ++part)
            text += " " + std::to_string(i) + std::string(200, 'x');
        lines.push_back(text);
    }
    EXPECT_EQ(
        run_update(*base(), message(lines), requester(), all_allowed(), some_time).refusal.rcode,
        Rcode::REFUSED);
}

TEST(SignerRecords, AreNotForClients) {
    const zone::ZonePtr zone =
        zone::test::zone({"@ 300 NS ns", "@ 300 NSEC3PARAM 1 0 0 -", "@ 300 DNSKEY 257 3 15 AAAA",
                          "@ 300 MX 1 a", "a 300 A 10.0.0.1", "a 300 NSEC example. A"});
    UpdateRules any = all_allowed();
    UpdateRules named = all_allowed();
    named.policy =
        policy({"grant * zonesub ANY DNSKEY NSEC3PARAM NSEC CDS CDNSKEY CSYNC RRSIG ZONEMD"});
    UpdateRules named_and_signed = named;
    named_and_signed.is_signed_here = true;
    UpdateRules with_csync = named_and_signed;
    with_csync.makes_csync = true;
    const struct {
        const char* why;
        std::string line;
        const UpdateRules* rules;
        Rcode rcode;
    } rows[] = {
        {"ANY does not mean them", "add @ 1 DNSKEY 256 3 15 AAAB", &any, Rcode::REFUSED},
        {"nor for deleting", "delete @ DNSKEY", &any, Rcode::REFUSED},
        {"a rule may name them", "add @ 1 DNSKEY 256 3 15 AAAB", &named, Rcode::NOERROR},
        {"but the signer would take it out again", "add @ 1 DNSKEY 256 3 15 AAAB",
         &named_and_signed, Rcode::REFUSED},
        {"and bring it back", "delete @ DNSKEY", &named_and_signed, Rcode::REFUSED},
        {"so with what is made of keys", "add @ 1 CDS 0 0 0 00", &named_and_signed, Rcode::REFUSED},
        {"in both forms", "add @ 1 CDNSKEY 0 3 0 AA==", &named_and_signed, Rcode::REFUSED},
        {"below the apex nobody makes it", "add a 1 CDS 0 0 0 00", &named_and_signed,
         Rcode::NOERROR},
        {"nor the chain of a zone that is signed here", "delete a NSEC", &named_and_signed,
         Rcode::REFUSED},
        {"nor its parameters", "add @ 1 NSEC3PARAM 1 0 5 -", &named_and_signed, Rcode::REFUSED},
        {"ANY does not mean what changes the delegation", "add @ 1 CSYNC 1 3 NS", &any,
         Rcode::REFUSED},
        {"which a rule may name", "add @ 1 CSYNC 1 3 NS", &named_and_signed, Rcode::NOERROR},
        {"unless the signer makes it", "add @ 1 CSYNC 1 3 NS", &with_csync, Rcode::REFUSED},
        {"or none", "delete @ CSYNC", &with_csync, Rcode::REFUSED},
        {"where we do not sign, they may", "delete a NSEC", &named, Rcode::NOERROR},
    };
    for (const auto& row : rows) {
        const UpdateOutcome outcome =
            run_update(*zone, message({row.line}), requester(), *row.rules, some_time);
        EXPECT_EQ(outcome.refusal.rcode, row.rcode) << row.why << ": " << outcome.refusal.reason;
    }
    const UpdateOutcome all =
        run_update(*zone, message({"delete @", "delete a"}), requester(), any, some_time);
    EXPECT_EQ(shown(all.change), (Lines{"-a.example. A 10.0.0.1", "-example. MX 1 a.example."}))
        << "what the signer made stays";
}

}  // namespace
}  // namespace kith::update
