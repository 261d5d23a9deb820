#include "net/dbus_values.hpp"

#include <gtest/gtest.h>

namespace kith::net {
namespace {

TEST(DbusValues, FirstTypeOfASignature) {
    struct Row {
        const char* signature;
        std::size_t length;
        const char* why;
    };
    const Row rows[] = {
        {"s", 1, "a basic type"},
        {"iisqqu", 1, "the first of several"},
        {"ayu", 2, "an array"},
        {"aa{say}s", 7, "arrays of dictionaries"},
        {"(iq(ay))t", 8, "structures in structures"},
        {"", 0, "nothing"},
        {"a", 0, "an array of nothing"},
        {"(iq", 0, "a structure that does not end"},
    };
    for (const Row& row : rows) EXPECT_EQ(first_type(row.signature), row.length) << row.why;
}

// Programs start where libsystemd is not; where it is, all that is used of it must be there.
TEST(DbusLibraryTest, HasAllFunctionsOrSaysWhy) {
    std::string why;
    if (dbus_library(why) == nullptr) {
        EXPECT_EQ(why, "libsystemd.so.0 is not there");
    } else {
        EXPECT_EQ(why, "");
    }
}

}  // namespace
}  // namespace kith::net
