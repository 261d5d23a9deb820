// Update Lease (RFC 9664) and TIMEOUT records.

#include "update/lease.hpp"

#include <gtest/gtest.h>

#include "update/timeout.hpp"
#include "update/update_testing.hpp"

namespace kith::update {
namespace {

using namespace test;

constexpr RrType timeout_type = RrType{65432};

zone::ZonePtr base() { return zone::test::zone({"@ 300 NS ns", "a 300 A 10.0.0.1"}); }

UpdateRules rules(RrType type = {}) {
    UpdateRules out = all_allowed();
    out.leases = {
        .seconds_min = 60, .seconds_max = 7200, .key_seconds_max = 86400, .default_seconds = 0};
    out.timeout_type = type;
    return out;
}

TEST(Lease, IsReadAndWritten) {
    const std::vector<std::uint8_t> four{0, 0, 14, 16}, eight{0, 0, 14, 16, 0, 1, 81, 128};
    EXPECT_EQ(read_lease(four), (Lease{3600, std::nullopt}));
    EXPECT_EQ(read_lease(eight), (Lease{3600, 86400}));
    EXPECT_EQ(write_lease({3600, std::nullopt}), four);
    EXPECT_EQ(write_lease({3600, 86400}), eight);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{3}, std::size_t{5}, std::size_t{12}}) {
        EXPECT_EQ(read_lease(std::vector<std::uint8_t>(size)), std::nullopt) << size;
    }
}

struct GrantRow {
    const char* why;
    Lines lines;
    std::optional<Lease> granted;
    Lines change;
};

TEST(Lease, IsGrantedWithinBounds) {
    const GrantRow rows[] = {
        {"none asked, none given",
         {"add z 1 A 10.0.0.9"},
         std::nullopt,
         {"+z.example. 1 A 10.0.0.9"}},
        {"as asked",
         {"lease 3600", "add z 1 A 10.0.0.9"},
         Lease{3600, std::nullopt},
         {"+z.example. 1 A 10.0.0.9 @3600"}},
        {"too long",
         {"lease 9999999", "add z 1 A 10.0.0.9"},
         Lease{7200, std::nullopt},
         {"+z.example. 1 A 10.0.0.9 @7200"}},
        {"too short",
         {"lease 1", "add z 1 A 10.0.0.9"},
         Lease{60, std::nullopt},
         {"+z.example. 1 A 10.0.0.9 @60"}},
        {"4 bytes are for keys too (§4.3)",
         {"lease 3600", "add z 1 KEY 512 3 15 AAAA"},
         Lease{3600, std::nullopt},
         {"+z.example. 1 KEY 512 3 15 AAAA @3600"}},
        {"8 bytes: keys have their own",
         {"lease 3600 80000", "add z 1 KEY 512 3 15 AAAA", "add z 1 A 10.0.0.9"},
         Lease{3600, 80000},
         {"+z.example. 1 A 10.0.0.9 @3600", "+z.example. 1 KEY 512 3 15 AAAA @80000"}},
        {"the longest for keys",
         {"lease 3600 99999999", "add z 1 KEY 512 3 15 AAAA"},
         Lease{3600, 86400},
         {"+z.example. 1 KEY 512 3 15 AAAA @86400"}},
        {"a permanent record of the operator stays permanent",
         {"lease 3600", "add a 300 A 10.0.0.1"},
         Lease{3600, std::nullopt},
         {}},
        {"deleting has no lease",
         {"lease 3600", "delete a"},
         Lease{3600, std::nullopt},
         {"-a.example. A 10.0.0.1"}},
    };
    for (const GrantRow& row : rows) {
        const UpdateOutcome outcome =
            run_update(*base(), message(row.lines), requester(), rules(), some_time);
        EXPECT_TRUE(outcome.is_good()) << row.why << outcome.refusal.reason;
        EXPECT_EQ(outcome.granted, row.granted) << row.why;
        EXPECT_EQ(shown(outcome.change), sorted(row.change)) << row.why;
    }
}

TEST(Lease, MayBeGivenToWhoAsksForNone) {
    UpdateRules with_default = rules();
    with_default.leases.default_seconds = 600;
    const UpdateOutcome outcome =
        run_update(*base(), message({"add z 1 A 10.0.0.9"}), requester(), with_default, some_time);
    EXPECT_EQ(shown(outcome.change), Lines{"+z.example. 1 A 10.0.0.9 @600"});
    EXPECT_EQ(outcome.granted, std::nullopt) << "no option where none was sent";
}

TEST(Lease, RenewalIsNoChangeOfTheZone) {
    // RFC 9664 §5.3: the serial stays when only leases are renewed.
    const Lines lines{"lease 3600", "add z 1 A 10.0.0.9"};
    const UpdateOutcome first =
        run_update(*base(), message(lines), requester(), rules(), some_time);
    EXPECT_FALSE(first.only_leases);
    const zone::ZonePtr zone = applied(base(), first);
    const UpdateOutcome second =
        run_update(*zone, message(lines), requester(), rules(), some_time + 100);
    EXPECT_TRUE(second.only_leases);
    EXPECT_EQ(shown(second.change), Lines{"+z.example. 1 A 10.0.0.9 @3700"});
    const UpdateOutcome more =
        run_update(*zone, message({"lease 3600", "add z 1 A 10.0.0.9", "add z 1 TXT new"}),
                   requester(), rules(), some_time + 100);
    EXPECT_FALSE(more.only_leases);
    const UpdateOutcome kept =
        run_update(*zone, message({"add z 1 A 10.0.0.9"}), requester(), rules(), some_time);
    EXPECT_TRUE(kept.only_leases);
    EXPECT_EQ(shown(kept.change), Lines{"+z.example. 1 A 10.0.0.9"})
        << "without a lease it is permanent again";
}

TEST(Expired, RemovesWhatIsOver) {
    zone::ZonePtr zone = base();
    const auto add = [&](const Lines& lines) {
        zone = applied(zone, run_update(*zone, message(lines), requester(), rules(), some_time));
    };
    add({"lease 60", "add x 1 A 10.0.0.1", "add y 1 A 10.0.0.1"});
    add({"lease 3600", "add x 1 A 10.0.0.2"});
    LeaseIndex index(*zone);
    EXPECT_EQ(index.next(), some_time + 60);
    EXPECT_EQ(index.size(), 2U);
    for (const auto& [now, expected, next] :
         std::vector<std::tuple<UnixTime, Lines, std::optional<UnixTime>>>{
             {some_time + 59, {}, some_time + 60},
             {some_time + 60,
              {"-x.example. A 10.0.0.1", "-y.example. A 10.0.0.1"},
              some_time + 3600},
             {some_time + 3600, {"-x.example. A 10.0.0.2"}, std::nullopt}}) {
        const Expiry walked = expired(*zone, now);
        const Expiry indexed = index.expired(*zone, now);
        EXPECT_EQ(shown(walked.change), expected);
        EXPECT_EQ(shown(indexed.change), expected);
        EXPECT_EQ(walked.next, next);
        EXPECT_EQ(shown(index.expired(*zone, now).change), expected)
            << "as long as the zone has it: the change may have come to nothing";
        zone::ZoneChange change = walked.change;
        ++change.to_serial;
        if (!expected.empty()) zone = *zone::apply_change(zone, change);
        const Expiry after = index.expired(*zone, now);
        EXPECT_EQ(shown(after.change), Lines{});
        EXPECT_EQ(after.next, next);
    }
    EXPECT_EQ(zone->record_count(), base()->record_count()) << "all that was leased is gone";
    EXPECT_EQ(zone->node_count(), base()->node_count());
}

TEST(LeaseIndex, StaysSmallAndRightWhenLeasesAreRenewed) {
    zone::ZonePtr zone = base();
    LeaseIndex index(*zone);
    EXPECT_EQ(index.next(), std::nullopt);
    UnixTime now = some_time;
    for (int i = 0; i < 100; ++i, now += 50) {
        const UpdateOutcome outcome = run_update(*zone, message({"lease 60", "add x 1 A 10.0.0.1"}),
                                                 requester(), rules(), now);
        zone = applied(zone, outcome);
        index.on_change(outcome.change);
        EXPECT_EQ(shown(index.expired(*zone, now).change), Lines{});
        EXPECT_EQ(index.size(), 1U);
    }
    ASSERT_TRUE(index.next().has_value());
    EXPECT_LE(*index.next(), now + 10);
    EXPECT_EQ(shown(index.expired(*zone, now + 10).change), Lines{"-x.example. A 10.0.0.1"});
    EXPECT_LE(*index.next(), now + 10) << "it is still there";
    EXPECT_EQ(index.expired(*base(), now + 10).next, std::nullopt);
    EXPECT_EQ(index.size(), 0U);
}

TEST(Expired, RemovesABoundedNumberAtOnce) {
    zone::ZonePtr zone = base();
    for (int part = 0; part < 3; ++part) {
        Lines lines{"lease 60"};
        for (int i = 0; i < 600; ++i)
            lines.push_back("add n" + std::to_string(part * 600 + i) + " 1 A 10.0.0.1");
        zone = applied(zone, run_update(*zone, message(lines), requester(), rules(), some_time));
    }
    LeaseIndex index(*zone);
    const Expiry some = index.expired(*zone, some_time + 60);
    EXPECT_EQ(some.change.removed.size(), expired_per_change_max);
    EXPECT_EQ(some.next, some_time + 60) << "there is more to do now";
    const Expiry walked = expired(*zone, some_time + 60);
    EXPECT_EQ(walked.change.removed.size(), expired_per_change_max);
    EXPECT_EQ(walked.next, some_time + 60);
}

// Vectors made with sha256sum over the wire form of the names.
TEST(TimeoutHash, IsThatOfTheCanonicalData) {
    const auto hash = [](std::string_view target) {
        std::string out;
        for (const std::uint8_t byte : timeout_hash(RrType::PTR, name(target).wire()))
            out += "0123456789ABCDEF"[byte >> 4], out += "0123456789ABCDEF"[byte & 15];
        return out;
    };
    EXPECT_EQ(hash("p1._ipp._tcp.example.com."), "69D67BCB98E8809702B9DFCA6B865558");
    EXPECT_EQ(hash("p2._ipp._tcp.example.com."), "7EBE34BC8B3E7306F8FCF1D6805331E1");
    EXPECT_EQ(hash("P1._IPP._tcp.Example.COM."), "69D67BCB98E8809702B9DFCA6B865558")
        << "names in lower case";
}

TEST(Timeout, HasItsForms) {
    const char* lines[] = {
        "A 0 0 20261121120000", "TYPE65300 0 0 19700101000001",
        "PTR 2 1 20380119031408 ( 69D67BCB98E8809702B9DFCA6B865558 7EBE34BC8B3E7306F8FCF1D6805331E1 )"};
    for (const char* line : lines) {
        const auto timeout = parse_timeout(line);
        ASSERT_TRUE(timeout.has_value()) << line << timeout.error().text;
        EXPECT_EQ(timeout_text(*timeout), line);
        EXPECT_EQ(read_timeout(write_timeout(*timeout)), *timeout);
    }
    EXPECT_EQ(parse_timeout("A 0 0 20380119031408")->expiry, 2147483648U);
    const std::vector<std::uint8_t> any_method{0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 5};
    EXPECT_TRUE(read_timeout(any_method).has_value()) << "without a count the method means nothing";
    for (const std::vector<std::uint8_t>& bad : {
             std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},        // cut off
             std::vector<std::uint8_t>{0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 5},     // no hash
             std::vector<std::uint8_t>{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0},  // too long
             std::vector<std::uint8_t>{0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5},   // covers ANY
         }) {
        EXPECT_EQ(read_timeout(bad), std::nullopt);
    }
    for (const char* bad :
         {"", "A 0 0", "ANY 0 0 20261121120000", "A 256 1 20261121120000", "A 1 1 20261121120000",
          "A 1 2 20261121120000 00", "A 0 0 20261321120000", "A 0 0 2026112112000",
          "A 1 1 20261121120000 ( 69D6 )"}) {
        EXPECT_FALSE(parse_timeout(bad).has_value()) << bad;
    }
}

/// The TIMEOUT records of a zone, in words.
Lines timeouts(const zone::ZonePtr& zone) {
    Lines out;
    zone->for_each_in_order([&](const Name& owner, zone::NodeView node) {
        const zone::RrSetView rrset = node.find(timeout_type);
        if (!rrset) return;
        for (const Bytes rdata : rrset) {
            const auto timeout = read_timeout(rdata);
            out.push_back(owner.to_text() + " " + (timeout ? timeout_text(*timeout) : "?"));
        }
    });
    std::ranges::sort(out);
    return out;
}

TEST(Timeout, RecordsFollowTheLeases) {
    zone::ZonePtr zone = base();
    const auto run = [&](const Lines& lines, UnixTime now = some_time) {
        const UpdateOutcome outcome =
            run_update(*zone, message(lines), requester(), rules(timeout_type), now);
        EXPECT_TRUE(outcome.is_good()) << outcome.refusal.reason;
        zone = applied(zone, outcome);
        return outcome;
    };
    run({"lease 60", "add x 1 A 10.0.0.1", "add x 1 TXT t"});
    EXPECT_EQ(timeouts(zone),
              (Lines{"x.example. A 0 0 20231114221420", "x.example. TXT 0 0 20231114221420"}));
    // Another end for one of two: records are told apart by their hashes.
    run({"lease 3600", "add x 1 A 10.0.0.2"});
    ASSERT_EQ(timeouts(zone).size(), 3U);
    EXPECT_TRUE(timeouts(zone)[0].starts_with("x.example. A 1 1 20231114221420 ( "))
        << timeouts(zone)[0];
    EXPECT_TRUE(timeouts(zone)[1].starts_with("x.example. A 1 1 20231114231320 ( "))
        << timeouts(zone)[1];
    // Renewal changes the zone here: the serial has to move.
    EXPECT_FALSE(run({"lease 3600", "add x 1 TXT t"}).only_leases);
    // Deleting the records deletes what covers them.
    run({"delete x A"});
    EXPECT_EQ(timeouts(zone), Lines{"x.example. TXT 0 0 20231114231320"});
    zone::ZoneChange over = expired(*zone, some_time + 3600, timeout_type).change;
    ++over.to_serial;
    zone = *zone::apply_change(zone, over);
    EXPECT_EQ(zone::test::dump(*zone).size(), zone::test::dump(*base()).size());
    EXPECT_FALSE(zone->find_node(name("x.example.")));
}

std::string hex_of(const Timeout& timeout) {
    std::string out = "\\# " + std::to_string(write_timeout(timeout).size()) + " ";
    for (const std::uint8_t byte : write_timeout(timeout))
        out += "0123456789ABCDEF"[byte >> 4], out += "0123456789ABCDEF"[byte & 15];
    return out;
}

TEST(Timeout, MayComeFromTheClient) {
    const Timeout covers_a{RrType::A, some_time + 500, {}};
    const zone::ZonePtr zone = base();
    const auto run = [&](const Lines& lines) {
        return run_update(*zone, message(lines), requester(), rules(timeout_type), some_time);
    };
    const UpdateOutcome set = run({"add x 1 A 10.0.0.1", "add x 1 TYPE65432 " + hex_of(covers_a)});
    ASSERT_TRUE(set.is_good()) << set.refusal.reason;
    const zone::ZonePtr next = applied(zone, set);
    EXPECT_EQ(timeouts(next), Lines{"x.example. A 0 0 20231114222140"});
    EXPECT_EQ(expired(*next, some_time).next, some_time + 500);
    // Longer than the operator allows: cut.
    const UpdateOutcome longer = run(
        {"add x 1 A 10.0.0.1", "add x 1 TYPE65432 " + hex_of({RrType::A, some_time + 999999, {}})});
    EXPECT_EQ(expired(*applied(zone, longer), some_time).next, some_time + 7200);
    // Deleting it makes the record permanent.
    const UpdateOutcome cleared = run_update(*next, message({"delete x TYPE65432"}), requester(),
                                             rules(timeout_type), some_time);
    EXPECT_EQ(expired(*applied(next, cleared), some_time).next, std::nullopt);
    EXPECT_EQ(timeouts(applied(next, cleared)), Lines{});
    EXPECT_EQ(run({"add a 1 TYPE65432 " + hex_of(covers_a)}).refusal.rcode, Rcode::REFUSED)
        << "a permanent record of the operator";
    EXPECT_EQ(run({"add x 1 TYPE65432 \\# 1 00"}).refusal.rcode, Rcode::FORMERR);
    EXPECT_EQ(shown(run({"add x 1 TYPE65432 " + hex_of(covers_a)}).change), Lines{})
        << "covers nothing";
    UpdateRules a_only = rules(timeout_type);
    a_only.policy = policy({"grant key zonesub TYPE65432 TXT"});
    EXPECT_EQ(run_update(*next, message({"add x 1 TYPE65432 " + hex_of(covers_a)}), requester(),
                         a_only, some_time)
                  .refusal.rcode,
              Rcode::REFUSED)
        << "who may not delete A may not let A expire";
}

TEST(Timeout, GivesAZoneThatWasTransferredItsLeases) {
    UpdateOutcome outcome =
        run_update(*base(), message({"lease 60", "add x 1 A 10.0.0.1", "add x 1 TXT t"}),
                   requester(), rules(timeout_type), some_time);
    for (zone::Record& record : outcome.change.added)
        record.provenance = {};  // as a transfer brings it
    const zone::ZonePtr secondary = applied(base(), outcome);
    EXPECT_EQ(expired(*secondary, some_time).next, std::nullopt) << "a secondary expires nothing";
    const zone::ZoneChange adopted = adopt_timeouts(*secondary, timeout_type);
    EXPECT_EQ(shown(adopted),
              (Lines{"+x.example. 1 A 10.0.0.1 @60", "+x.example. 1 TXT \"t\" @60"}));
}

}  // namespace
}  // namespace kith::update
