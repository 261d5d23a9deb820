#include "zone/serial_policy.hpp"

#include <gtest/gtest.h>

#include "dns/serial.hpp"

namespace kith::zone {
namespace {

TEST(Serial, GoesForwardOnly) {
    using enum SerialPolicy;
    struct Row {
        const char* why;
        SerialPolicy policy;
        std::uint32_t last;
        UnixTime now;
        std::uint32_t wanted;
    };
    const Row rows[] = {
        {"one more", increment, 41, 0, 42},
        {"round the end", increment, 0xffff'ffff, 0, 0},
        {"the time", unixtime, 41, 1'700'000'000, 1'700'000'000},
        {"twice in a second", unixtime, 1'700'000'000, 1'700'000'000, 1'700'000'001},
        {"a clock that went back", unixtime, 1'700'000'500, 1'700'000'000, 1'700'000'501},
        {"the date, as first of the day", dateserial, 2023010105, 1'700'000'000, 2023111400},
        {"the second of the day", dateserial, 2023111400, 1'700'000'000, 2023111401},
        {"more than a hundred a day", dateserial, 2023111499, 1'700'000'000, 2023111500},
        {"a serial of another policy far ahead", dateserial, 4'000'000'000, 1'700'000'000,
         4'000'000'001},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(next_serial(row.policy, row.last, row.now), row.wanted) << row.why;
        EXPECT_TRUE(dns::is_newer(row.wanted, row.last)) << row.why;
    }
}

}  // namespace
}  // namespace kith::zone
