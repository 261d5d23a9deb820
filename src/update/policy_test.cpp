#include "update/policy.hpp"

#include <gtest/gtest.h>

#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;

struct Case {
    const char* why;
    Lines rules;
    std::string_view key;  // empty: none
    std::string_view owner;
    RrType type;
    bool granted;
};

TEST(Policy, GrantsWhatItsRulesSay) {
    const Case rows[] = {
        {"nothing is granted without a rule", {}, "k", "a.example.", RrType::A, false},
        {"zonesub", {"grant k zonesub"}, "k", "a.b.example.", RrType::A, true},
        {"zonesub, the apex", {"grant k zonesub"}, "k", "example.", RrType::MX, true},
        {"another key", {"grant k zonesub"}, "l", "a.example.", RrType::A, false},
        {"no key", {"grant k zonesub"}, "", "a.example.", RrType::A, false},
        {"names of keys ignore case", {"grant K zonesub"}, "k", "a.example.", RrType::A, true},
        {"not SOA unless named", {"grant k zonesub"}, "k", "example.", RrType::SOA, false},
        {"not NS unless named", {"grant k zonesub"}, "k", "s.example.", RrType::NS, false},
        {"NS named", {"grant k zonesub NS"}, "k", "s.example.", RrType::NS, true},
        {"types bound it", {"grant k zonesub A AAAA"}, "k", "a.example.", RrType::TXT, false},
        {"ANY has NS", {"grant k zonesub ANY"}, "k", "s.example.", RrType::NS, true},
        {"ANY has not DNSKEY", {"grant k zonesub ANY"}, "k", "example.", RrType::DNSKEY, false},
        {"exactly the name", {"grant k name a A"}, "k", "a.example.", RrType::A, true},
        {"not below the name", {"grant k name a A"}, "k", "b.a.example.", RrType::A, false},
        {"subdomain, the name", {"grant k subdomain a"}, "k", "a.example.", RrType::A, true},
        {"subdomain, below", {"grant k subdomain a"}, "k", "b.a.example.", RrType::A, true},
        {"subdomain, beside", {"grant k subdomain a"}, "k", "ba.example.", RrType::A, false},
        {"wildcard, below", {"grant k wildcard *.a"}, "k", "c.b.a.example.", RrType::A, true},
        {"wildcard, not the name itself",
         {"grant k wildcard *.a"},
         "k",
         "a.example.",
         RrType::A,
         false},
        {"self", {"grant * self"}, "h.example.", "h.example.", RrType::A, true},
        {"self, another name", {"grant * self"}, "h.example.", "i.example.", RrType::A, false},
        {"self, below", {"grant * self"}, "h.example.", "x.h.example.", RrType::A, false},
        {"selfsub, below", {"grant * selfsub"}, "h.example.", "x.h.example.", RrType::A, true},
        {"selfwild, not itself",
         {"grant * selfwild"},
         "h.example.",
         "h.example.",
         RrType::A,
         false},
        {"* is any key, not none", {"grant * zonesub"}, "", "a.example.", RrType::A, false},
        {"*.x is any key below x", {"grant *.x zonesub"}, "k.x", "a.example.", RrType::A, true},
        {"*.x is not x", {"grant *.x zonesub"}, "x", "a.example.", RrType::A, false},
        {"acme, TXT of a challenge",
         {"grant k acme"},
         "k",
         "_acme-challenge.www.example.",
         RrType::TXT,
         true},
        {"acme, in another case",
         {"grant k acme"},
         "k",
         "_ACME-Challenge.www.example.",
         RrType::TXT,
         true},
        {"acme, the apex's challenge",
         {"grant k acme"},
         "k",
         "_acme-challenge.example.",
         RrType::TXT,
         true},
        {"acme, no other name", {"grant k acme"}, "k", "www.example.", RrType::TXT, false},
        {"acme, no name below",
         {"grant k acme"},
         "k",
         "x._acme-challenge.www.example.",
         RrType::TXT,
         false},
        {"acme, no other type",
         {"grant k acme"},
         "k",
         "_acme-challenge.www.example.",
         RrType::CNAME,
         false},
        {"acme of one host",
         {"grant k acme www"},
         "k",
         "_acme-challenge.www.example.",
         RrType::TXT,
         true},
        {"acme of another host",
         {"grant k acme www mail"},
         "k",
         "_acme-challenge.ftp.example.",
         RrType::TXT,
         false},
        {"acme, the third host",
         {"grant k acme www mail ftp"},
         "k",
         "_acme-challenge.ftp.example.",
         RrType::TXT,
         true},
        {"an address needs no key",
         {"grant 192.0.2.0/24 zonesub A"},
         "",
         "a.example.",
         RrType::A,
         true},
        {"another address", {"grant 192.0.3.0/24 zonesub A"}, "", "a.example.", RrType::A, false},
        {"one address", {"grant 192.0.2.1 zonesub A"}, "", "a.example.", RrType::A, true},
        {"key and address, both right",
         {"grant k@192.0.2.0/24 zonesub"},
         "k",
         "a.example.",
         RrType::A,
         true},
        {"key and address, key missing",
         {"grant k@192.0.2.0/24 zonesub"},
         "",
         "a.example.",
         RrType::A,
         false},
        {"key and address, address wrong",
         {"grant k@192.0.3.0/24 zonesub"},
         "k",
         "a.example.",
         RrType::A,
         false},
        {"the first rule that fits decides: deny",
         {"deny k name a", "grant k zonesub"},
         "k",
         "a.example.",
         RrType::A,
         false},
        {"the first rule that fits decides: other names",
         {"deny k name a", "grant k zonesub"},
         "k",
         "b.example.",
         RrType::A,
         true},
        {"the first rule that fits decides: other types",
         {"deny k zonesub MX", "grant k zonesub"},
         "k",
         "a.example.",
         RrType::A,
         true},
        {"grant before deny",
         {"grant k name a", "deny k zonesub"},
         "k",
         "a.example.",
         RrType::A,
         true},
    };
    for (const Case& row : rows) {
        Requester who = requester(row.key);
        const Ruling ruling =
            policy(row.rules).rule(who, name("example."), name(row.owner), row.type);
        EXPECT_EQ(ruling.granted, row.granted) << row.why;
    }
}

TEST(Grant, IsWrittenAsItIsRead) {
    for (const char* line :
         {"grant k. acme", "grant k. acme www.example. mail.example.", "deny *.x. zonesub A TXT(3)",
          "grant * self", "grant 192.0.2.0/24 name a.example. A", "grant k.@2001:db8::/32 own",
          "grant * own h.example. PTR", "grant k. wildcard *.a.example. TYPE65300",
          "grant k. subdomain a.example. ANY(5)"}) {
        const auto grant = parse_grant(line, name("example."));
        ASSERT_TRUE(grant.has_value()) << line;
        EXPECT_EQ(grant->to_text(), line);
    }
    EXPECT_EQ(parse_grant("  grant\tk zonesub ;", name("example."))->to_text(), "grant k. zonesub")
        << "as copied from named.conf";
}

TEST(Grant, SaysWhatIsWrongAndWhere) {
    const struct {
        std::string_view line;
        std::size_t position;
        std::string_view text;
    } rows[] = {
        {"", 0, "expected 'grant' or 'deny'"},
        {"allow k zonesub", 0, "expected 'grant' or 'deny'"},
        {"grant", 5, "expected a key"},
        {"grant k", 7, "expected one of acme, self"},
        {"grant k everything", 8, "expected one of acme, self"},
        {"grant a..b zonesub", 6, "label"},
        {"grant k@here zonesub", 8, "expected an address or a prefix"},
        {"grant k name", 12, "expected a name behind 'name'"},
        {"grant k name a.org.", 13, "expected a name in example."},
        {"grant k wildcard a", 17, "expected '*.'"},
        {"grant k zonesub FOO", 16, "expected a record type, found 'FOO'"},
        {"grant k zonesub AXFR", 16, "expected a record type, found 'AXFR'"},
        {"grant k zonesub A(0)", 16, "expected A(N)"},
        {"grant k zonesub A(2", 16, "expected A(N)"},
        {"grant 192.0.2.1 self", 16, "expected a key in front of 'self'"},
    };
    for (const auto& row : rows) {
        const auto grant = parse_grant(row.line, name("example."));
        ASSERT_FALSE(grant.has_value()) << row.line;
        EXPECT_EQ(grant.error().position, row.position) << row.line;
        EXPECT_NE(grant.error().text.find(row.text), std::string::npos) << grant.error().text;
    }
}

zone::ZonePtr base() {
    return zone::test::zone(
        {"@ 300 NS ns", "a 300 A 10.0.0.1", "a 300 TXT x", "_ipp._tcp 300 PTR one._ipp._tcp"});
}

UpdateOutcome run(const zone::ZonePtr& zone, const Lines& rules, const Lines& lines,
                  const Requester& who = requester()) {
    UpdateRules all;
    all.policy = policy(rules);
    return run_update(*zone, message(lines), who, all, some_time);
}

TEST(Permissions, AreDenyByDefaultAndSayWhy) {
    EXPECT_EQ(run(base(), {}, {"add z 1 A 10.0.0.1"}).refusal.rcode, Rcode::REFUSED);
    const UpdateOutcome refused = run(base(), {"grant key acme"}, {"add z 1 A 10.0.0.1"});
    EXPECT_EQ(refused.refusal.rcode, Rcode::REFUSED);
    EXPECT_EQ(refused.refusal.ede, dns::EdeCode::prohibited);
    EXPECT_EQ(
        refused.refusal.reason,
        "'add z.example. 1 A 10.0.0.1': key key. at 192.0.2.1 may not change z.example. A: no rule grants it");
    const UpdateOutcome denied =
        run(base(), {"deny key name a", "grant key zonesub"}, {"delete a TXT"});
    EXPECT_EQ(
        denied.refusal.reason,
        "'delete a.example. TXT': key key. at 192.0.2.1 may not change a.example. TXT: 'deny key. name a.example.' forbids it");
}

TEST(Permissions, AStrangerLearnsNothingFromPrerequisites) {
    for (const char* line : {"yxdomain a", "nxdomain a"}) {
        EXPECT_EQ(run(base(), {"grant other zonesub"}, {line}).refusal.rcode, Rcode::REFUSED)
            << line;
    }
}

TEST(Permissions, DeletingANameNeedsARuleForAllThatGoes) {
    EXPECT_EQ(run(base(), {"grant key name a TXT"}, {"delete a"}).refusal.rcode, Rcode::REFUSED);
    EXPECT_TRUE(run(base(), {"grant key name a TXT A"}, {"delete a"}).is_good());
    EXPECT_EQ(run(base(), {"deny key name a A", "grant key zonesub"}, {"delete a"}).refusal.rcode,
              Rcode::REFUSED);
    EXPECT_TRUE(run(base(), {"grant key name a TXT"}, {"delete a TXT"}).is_good());
}

TEST(Permissions, BoundTheRecordsOfAnRrset) {
    const Lines rules{"grant key zonesub TXT(2)"};
    EXPECT_TRUE(run(base(), rules, {"add a 300 TXT y"}).is_good());
    EXPECT_EQ(run(base(), rules, {"add a 300 TXT y", "add a 300 TXT z"}).refusal.rcode,
              Rcode::REFUSED);
    EXPECT_TRUE(
        run(base(), rules, {"add a 300 TXT y", "add a 300 TXT z", "delete a TXT x"}).is_good());
}

TEST(Own, OnlyWhoCreatedARecordMayChangeIt) {
    const Lines rules{"grant * own"};
    const Requester one = requester("one.", 1), two = requester("two.", 2),
                    nobody = requester("three.", 0);
    zone::ZonePtr zone = base();
    zone = applied(zone, run(zone, rules,
                             {"add h 300 A 10.0.0.8", "add _ipp._tcp 60 PTR two._ipp._tcp"}, one));
    const struct {
        const char* why;
        const Requester* who;
        Lines lines;
        Rcode rcode;
    } rows[] = {
        {"mine", &one, {"delete h A 10.0.0.8"}, Rcode::NOERROR},
        {"mine, all of it", &one, {"delete h"}, Rcode::NOERROR},
        {"somebody else's record", &two, {"delete h A 10.0.0.8"}, Rcode::REFUSED},
        {"somebody else's RRset", &two, {"delete h A"}, Rcode::REFUSED},
        {"somebody else's name", &two, {"delete h"}, Rcode::REFUSED},
        {"an address beside somebody else's", &two, {"add h 300 A 10.0.0.9"}, Rcode::REFUSED},
        {"repeating somebody else's record changes nothing, but is refused all the same",
         &two,
         {"add h 60 A 10.0.0.8"},
         Rcode::REFUSED},
        {"another type at the same name", &two, {"add h 300 TXT hello"}, Rcode::NOERROR},
        {"what the operator wrote", &one, {"delete a A"}, Rcode::REFUSED},
        {"a service in a shared list",
         &two,
         {"add _ipp._tcp 300 PTR three._ipp._tcp"},
         Rcode::NOERROR},
        {"not somebody else's service",
         &two,
         {"delete _ipp._tcp PTR two._ipp._tcp"},
         Rcode::REFUSED},
        {"who has no number owns nothing", &nobody, {"delete h A 10.0.0.8"}, Rcode::REFUSED},
    };
    for (const auto& row : rows) {
        const UpdateOutcome outcome = run(zone, rules, row.lines, *row.who);
        EXPECT_EQ(outcome.refusal.rcode, row.rcode) << row.why << ": " << outcome.refusal.reason;
    }
    const UpdateOutcome shared = run(zone, rules, {"add _ipp._tcp 999 PTR three._ipp._tcp"}, two);
    EXPECT_EQ(shown(shared.change), Lines{"+_ipp._tcp.example. 300 PTR three._ipp._tcp.example."})
        << "the TTL of others stays";
}

}  // namespace
}  // namespace kith::update
