#include "resolve/scrub.hpp"

#include <gtest/gtest.h>

#include "resolve/limits.hpp"
#include "resolve/query_writer.hpp"
#include "resolve/upstream_script.hpp"

namespace kith::resolve::test {
namespace {

using dns::RrType;
using dns::Section;

/// What is kept of a reply to www.example A, as text; the fault's number when nothing is.
std::string scrub(const std::vector<Row>& rows, const ReplyShape& shape = {},
                  bool dnssec_ok = false, RrType type = RrType::A) {
    std::array<std::uint8_t, 300> query;
    const dns::Name qname = name("www.example");
    const std::size_t size =
        write_query({1, qname, type, dns::RrClass::IN, {dnssec_ok, false}, 0}, query);
    const std::vector<std::uint8_t> reply = make_reply(Bytes(query).first(size), rows, shape);
    const auto view = dns::MessageView::parse(reply);
    EXPECT_TRUE(view.has_value());
    Scrubber scrubber;
    const auto kept =
        scrubber.scrub(*view, {qname, type, dns::RrClass::IN, dnssec_ok}, {0, 86400, 900});
    if (!kept) return "fault " + std::to_string(static_cast<int>(kept.error()));
    const std::string text = to_text(kept->answer.view({}, cache::Freshness::fresh), {});
    return kept->is_cacheable ? text : text + " (not cacheable)";
}

std::string fault(ScrubFault why) { return "fault " + std::to_string(static_cast<int>(why)); }

const Row address{"www.example.", 300, RrType::A, "192.0.2.1"};
const Row soa{"example.", 3600, RrType::SOA, "ns. m. 1 2 3 4 7200", Section::authority};
const char* const soa_text = " | example. 900 SOA ns. m. 1 2 3 4 7200";
const Row sig{"www.example.", 300, RrType::RRSIG,
              "A 13 2 300 20300101000000 20200101000000 1 example. AAAA"};

struct Case {
    const char* why;
    std::vector<Row> rows;
    std::string kept;
    ReplyShape shape{};
    bool dnssec_ok = false;
    RrType type = RrType::A;
};

std::vector<Row> chain(int steps) {
    std::vector<Row> rows;
    std::string owner = "www.example.";
    for (int i = 0; i < steps; ++i) {
        const std::string next = "c" + std::to_string(i) + ".";
        rows.push_back({owner, 60, RrType::CNAME, next});
        owner = next;
    }
    rows.push_back({owner, 60, RrType::A, "192.0.2.1"});
    return rows;
}

TEST(Scrub, KeepsOnlyWhatFollowsFromTheQuestion) {
    const Case cases[] = {
        {"the plain answer", {address}, "NOERROR | www.example. 300 A 192.0.2.1"},
        {"records of other names, types and sections are dropped",
         {address,
          {"www.example.", 300, RrType::TXT, "\"x\""},
          {"bank.example.", 300, RrType::A, "203.0.113.66"},
          {"example.", 300, RrType::NS, "evil.", Section::authority},
          {"evil.", 300, RrType::A, "203.0.113.66", Section::additional}},
         "NOERROR | www.example. 300 A 192.0.2.1"},
        {"one lifetime for an RRset, the lowest",
         {address, {"www.example.", 200, RrType::A, "192.0.2.2"}},
         "NOERROR | www.example. 200 A 192.0.2.1 | www.example. 200 A 192.0.2.2"},
        {"lifetimes are cut",
         {{"www.example.", 999999, RrType::A, "192.0.2.1"}},
         "NOERROR | www.example. 86400 A 192.0.2.1"},
        {"RFC 2181 §8: a TTL with the top bit is 0",
         {{"www.example.", 0x80000001, RrType::A, "192.0.2.1"}},
         "NOERROR | www.example. 0 A 192.0.2.1"},
        {"a chain in any order",
         {{"b.", 60, RrType::A, "192.0.2.1"},
          {"a.", 60, RrType::CNAME, "b."},
          {"www.example.", 60, RrType::CNAME, "a."}},
         "NOERROR | www.example. 60 CNAME a. | a. 60 CNAME b. | b. 60 A 192.0.2.1"},
        {"a chain to nothing",
         {{"www.example.", 60, RrType::CNAME, "a.example."}, soa},
         std::string("NXDOMAIN | www.example. 60 CNAME a.example.") + soa_text,
         {.rcode = dns::Rcode::NXDOMAIN}},
        {"the SOA must be above the end of the chain",
         {{"www.example.", 60, RrType::CNAME, "a."}, soa},
         "NOERROR | www.example. 60 CNAME a. (not cacheable)"},
        {"DNAME: its CNAME is made here",
         {{"example.", 60, RrType::DNAME, "other."},
          {"www.example.", 60, RrType::CNAME, "evil."},
          {"www.other.", 60, RrType::A, "192.0.2.1"}},
         "NOERROR | www.example. 60 CNAME evil. (not cacheable)"},
        {"DNAME without CNAME",
         {{"example.", 60, RrType::DNAME, "other."}, {"www.other.", 60, RrType::A, "192.0.2.1"}},
         "NOERROR | example. 60 DNAME other. | www.example. 60 CNAME www.other. | www.other. 60 A 192.0.2.1"},
        {"NODATA: RFC 2308 §5, the lowest of TTL, minimum and our cap",
         {soa},
         std::string("NOERROR") + soa_text},
        {"negative without SOA", {}, "NXDOMAIN (not cacheable)", {.rcode = dns::Rcode::NXDOMAIN}},
        {"signatures are dropped unless asked for",
         {address, sig},
         "NOERROR | www.example. 300 A 192.0.2.1"},
        {"signatures are kept with DO",
         {address, sig},
         "NOERROR | www.example. 300 A 192.0.2.1 | www.example. 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 "
         "example. AAAA",
         {},
         true},
        {"ANY: all at the name",
         {address, {"www.example.", 9, RrType::TXT, "\"x\""}, {"b.", 9, RrType::A, "192.0.2.9"}},
         "NOERROR | www.example. 300 A 192.0.2.1 | www.example. 9 TXT \"x\"",
         {},
         false,
         RrType::ANY},
        {"CNAME asked for is not followed",
         {{"www.example.", 60, RrType::CNAME, "a."}, {"a.", 60, RrType::CNAME, "b."}},
         "NOERROR | www.example. 60 CNAME a.",
         {},
         false,
         RrType::CNAME},
    };
    for (const Case& row : cases) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(scrub(row.rows, row.shape, row.dnssec_ok, row.type), row.kept);
    }
}

TEST(Scrub, RefusesAnswersThatCannotBe) {
    const Case cases[] = {
        {"a chain longer than the limit", chain(chain_steps_max + 1),
         fault(ScrubFault::chain_too_long)},
        {"a loop to the start",
         {{"www.example.", 60, RrType::CNAME, "a."}, {"a.", 60, RrType::CNAME, "www.example."}},
         fault(ScrubFault::chain_loop)},
        {"a loop further on",
         {{"www.example.", 60, RrType::CNAME, "a."},
          {"a.", 60, RrType::CNAME, "b."},
          {"b.", 60, RrType::CNAME, "a."}},
         fault(ScrubFault::chain_too_long)},
        {"two CNAMEs at one name",
         {{"www.example.", 60, RrType::CNAME, "a."}, {"www.example.", 60, RrType::CNAME, "b."}},
         fault(ScrubFault::inconsistent)},
        {"NXDOMAIN with data",
         {address},
         fault(ScrubFault::inconsistent),
         {.rcode = dns::Rcode::NXDOMAIN}},
        {"a referral",
         {{"example.", 60, RrType::NS, "ns.example.", Section::authority}},
         fault(ScrubFault::referral)},
        {"too many records", std::vector<Row>(257, address), fault(ScrubFault::too_many_records)},
    };
    for (const Case& row : cases) {
        SCOPED_TRACE(row.why);
        EXPECT_EQ(scrub(row.rows, row.shape, row.dnssec_ok, row.type), row.kept);
    }
    EXPECT_NE(scrub(chain(chain_steps_max)), fault(ScrubFault::chain_too_long));
}

}  // namespace
}  // namespace kith::resolve::test
