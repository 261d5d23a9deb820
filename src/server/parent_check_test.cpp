#include "server/parent_check.hpp"

#include <gtest/gtest.h>

#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"
#include "zone/zone_testing.hpp"

namespace kith::server {
namespace {

using dns::Header;
using dns::Rcode;
using dns::RrType;
using zone::test::name;

constexpr std::uint16_t id = 0x1234;

struct Row {
    const char* why;
    std::uint16_t flags = Header::qr | Header::aa;
    Rcode rcode = Rcode::NOERROR;
    const char* asked = "example.";
    const char* owner = "example.";  // of the record in the answer; nullptr: none
    int found = 1;                   // DS records; -1: not believed
};

std::vector<std::uint8_t> message_of(const Row& row) {
    std::vector<std::uint8_t> out(512);
    dns::MessageBuilder builder;
    builder.start_query(out, id, name(row.asked), RrType::DS, dns::RrClass::IN);
    builder.set_flag(row.flags);
    builder.set_rcode(row.rcode);
    if (row.owner != nullptr) {
        const auto rdata = dns::rdata_from_text(RrType::DS, "4711 13 2 " + std::string(64, 'a'));
        builder.add_record(dns::Section::answer, name(row.owner), RrType::DS, dns::RrClass::IN, 60,
                           *rdata);
    }
    out.resize(builder.finish().size());
    return out;
}

TEST(ParentCheck, BelievesOnlyTheAnswerToItsQuestion) {
    const Row rows[] = {
        {.why = "the parent's server"},
        {.why = "a resolver", .flags = Header::qr | Header::ra},
        {.why = "the parent says that there is none", .owner = nullptr, .found = 0},
        {.why = "neither says so", .flags = Header::qr, .owner = nullptr, .found = -1},
        {.why = "a query", .flags = 0, .found = -1},
        {.why = "truncated", .flags = Header::qr | Header::aa | Header::tc, .found = -1},
        {.why = "a server that cannot say", .rcode = Rcode::SERVFAIL, .found = -1},
        {.why = "another question", .asked = "other.", .found = -1},
        {.why = "records of another zone are passed over", .owner = "other.", .found = 0},
    };
    for (const Row& row : rows) {
        const auto found = read_ds_answer(message_of(row), id, name("example."));
        EXPECT_EQ(found ? static_cast<int>(found->records.size()) : -1, row.found) << row.why;
        EXPECT_EQ(found ? found->ttl : 0U, row.found > 0 ? 60U : 0U) << row.why;
    }
    EXPECT_FALSE(read_ds_answer(message_of({.why = ""}), id + 1, name("example.")).has_value());
    const auto whole = message_of({.why = ""});
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_ds_answer(Bytes(whole).first(size), id, name("example.")).has_value());
}

}  // namespace
}  // namespace kith::server
