#include "base/log.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace kith::log {
namespace {

std::vector<std::string> lines;

TEST(Log, WritesOneLineOfWords) {
    set_sink([](Level, std::string_view line) { lines.emplace_back(line); });
    threshold = Level::info;
    write(Level::info, "zone.loaded", kv("zone", std::string("home.arpa.")), kv("records", 412));
    write(Level::debug, "not.written");
    write(Level::warning, "file.refused", kv("reason", std::string("no \"such\" file\n")));
    set_sink(nullptr);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], "zone.loaded zone=home.arpa. records=412");
    EXPECT_EQ(lines[1], R"(file.refused reason="no \x22such\x22 file\x0a")");
}

}  // namespace
}  // namespace kith::log
