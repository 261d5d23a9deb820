// Journals as trust-dns writes them, made here with its statements.

#include "store/hickory_journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "store/database.hpp"
#include "store/store_testing.hpp"

namespace kith::store {
namespace {

using dns::RrClass;
using dns::RrType;
using testing::ElementsAre;
using testing::HasSubstr;
using zone::test::name;

std::vector<std::uint8_t> wire(std::string_view owner, RrType type, RrClass klass,
                               std::uint32_t ttl, Bytes rdata) {
    const zone::Name parsed = name(owner);
    std::vector<std::uint8_t> out(parsed.wire().begin(), parsed.wire().end());
    const auto number = [&out](std::uint32_t value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
            out.push_back(static_cast<std::uint8_t>(value >> shift));
    };
    number(static_cast<std::uint32_t>(type), 2);
    number(static_cast<std::uint32_t>(klass), 2);
    number(ttl, 4);
    number(static_cast<std::uint32_t>(rdata.size()), 2);
    out.insert(out.end(), rdata.begin(), rdata.end());
    return out;
}

class Hickory : public testing::Test {
protected:
    Hickory() : file_(folder_ / "example.com.jrnl") {}
    void make(int version = 1) {
        auto opened = Database::open(file_, OpenMode::create);
        ASSERT_TRUE(opened.has_value());
        database_ = std::move(*opened);
        ASSERT_TRUE(
            database_
                ->run(
                    "CREATE TABLE tdns_schema (version INTEGER NOT NULL);"
                    "CREATE TABLE records (client_id INTEGER NOT NULL, soa_serial INTEGER NOT NULL,"
                    " timestamp TEXT NOT NULL, record BLOB NOT NULL)")
                .has_value());
        ASSERT_TRUE(database_->statement("INSERT INTO tdns_schema (version) VALUES (?)")
                        .bind(std::int64_t{version})
                        .run()
                        .has_value());
    }
    void row(std::vector<std::uint8_t> record, std::int64_t serial = 1) {
        ASSERT_TRUE(
            database_
                ->statement(
                    "INSERT INTO records (client_id, soa_serial, timestamp, record) VALUES (0, ?, '2016-09-20T07:00:00Z', ?)")
                .bind(serial)
                .bind(Bytes(record))
                .run()
                .has_value());
    }
    StoreFault fault_of() {
        const auto read = read_hickory_journal(file_, [](HickoryRow&&) {});
        EXPECT_FALSE(read.has_value());
        return read ? StoreFault::io : read.error().fault;
    }

    kith::test::TemporaryFolder folder_;
    std::string file_;
    std::unique_ptr<Database> database_;
};

const std::vector<std::uint8_t> first_address = {192, 0, 2, 1};
const std::vector<std::uint8_t> second_address = {192, 0, 2, 2};

TEST_F(Hickory, ReadsWhatEachRowDoes) {
    make();
    row(wire("example.com.", RrType::AXFR, RrClass::IN, 0, {}));
    row(wire("www.example.com.", RrType::A, RrClass::IN, 60, first_address), 7);
    row(wire("www.example.com.", RrType::A, RrClass::NONE, 0, first_address));
    row(wire("www.example.com.", RrType::A, RrClass::ANY, 0, {}));
    row(wire("www.example.com.", RrType::ANY, RrClass::ANY, 0, {}));
    std::vector<std::string> actions;
    const auto read = read_hickory_journal(file_, [&actions](HickoryRow&& each) {
        actions.emplace_back(hickory_action_name(each.action));
        if (each.number == 2) {
            EXPECT_EQ(each.serial, 7U);
            EXPECT_EQ(each.at, "2016-09-20T07:00:00Z");
            EXPECT_EQ(each.record.rdata, first_address);
            EXPECT_EQ(each.record.ttl, 60U);
        }
    });
    ASSERT_TRUE(read.has_value()) << read.error().text;
    EXPECT_THAT(actions,
                ElementsAre("clear", "add", "remove-record", "remove-rrset", "remove-name"));
}

TEST_F(Hickory, ReplaysToTheZoneItWas) {
    make();
    row(wire("example.com.", RrType::AXFR, RrClass::IN, 0, {}));
    const std::vector<std::uint8_t> host = {2, 'n', 's', 0};
    row(wire("example.com.", RrType::NS, RrClass::IN, 60, host));
    row(wire("www.example.com.", RrType::A, RrClass::IN, 60, first_address));
    row(wire("www.example.com.", RrType::A, RrClass::IN, 90, second_address));
    row(wire("www.example.com.", RrType::A, RrClass::NONE, 0, first_address));
    row(wire("gone.example.com.", RrType::A, RrClass::IN, 60, first_address));
    row(wire("gone.example.com.", RrType::ANY, RrClass::ANY, 0, {}));
    row(wire("example.com.", RrType::NS, RrClass::ANY, 0, {}));
    const auto records = replay_hickory_journal(
        file_, name("example.com."), zone::test::records({"old 1 A 192.0.2.9"}, "example.com."));
    ASSERT_TRUE(records.has_value()) << records.error().text;
    const ZoneChange shown{name("example.com."), 0, 0, {}, *records};
    EXPECT_THAT(test::lines(shown),
                ElementsAre("+ example.com. 60 NS ns.", "+ www.example.com. 90 A 192.0.2.2"));
}

TEST_F(Hickory, RefusesWhatIsNone) {
    EXPECT_EQ(fault_of(), StoreFault::cannot_open) << "no file";
    make(2);
    EXPECT_EQ(fault_of(), StoreFault::corrupt) << "another version";
    ASSERT_TRUE(database_->run("UPDATE tdns_schema SET version = 1").has_value());
    row({1, 2, 3});
    const auto read = read_hickory_journal(file_, [](HickoryRow&&) {});
    ASSERT_FALSE(read.has_value());
    EXPECT_THAT(read.error().text, HasSubstr("row 1 is no record"));
    ASSERT_TRUE(database_->run("DELETE FROM records").has_value());
    row(wire("a.", RrType::A, RrClass::IN, 1, Bytes(first_address).first(3)));
    EXPECT_EQ(fault_of(), StoreFault::corrupt) << "an address of three bytes";
    ASSERT_TRUE(database_->run("DROP TABLE tdns_schema").has_value());
    EXPECT_EQ(fault_of(), StoreFault::corrupt) << "some other database";
}

}  // namespace
}  // namespace kith::store
