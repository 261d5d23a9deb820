// What golden files cannot hold: bounds, and what the model says of itself.

#include "config/load.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/dump.hpp"
#include "config/limits.hpp"

namespace kith::config {
namespace {

std::string repeated(std::string_view item, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + std::string(item);
    return out;
}

TEST(LoadConfig, NanodnsDefaults) {
    const Loaded loaded = load_config("{}", "f");
    EXPECT_TRUE(loaded.problems.empty());
    const ServerSection& server = loaded.config.server;
    EXPECT_EQ(server.listen_endpoints().at(0).to_text(), "0.0.0.0:53");
    ASSERT_EQ(server.upstream_endpoints().size(), 2U);
    EXPECT_EQ(server.upstream_endpoints()[0].to_text(), "8.8.8.8:53");
    EXPECT_EQ(server.upstream_endpoints()[1].to_text(), "1.1.1.1:53");
    EXPECT_EQ(server.upstream_timeout, 3s);
    EXPECT_TRUE(server.cache_enabled);
    EXPECT_EQ(server.cache_ttl, 300s);
    EXPECT_EQ(server.cache_size, 1000U);
    EXPECT_EQ(server.log_level, log::Level::info);
    EXPECT_FALSE(server.log_queries);
    EXPECT_TRUE(server.hot_reload);
    EXPECT_EQ(server.mgmt_port, 0);
    EXPECT_EQ(server.config_version, 1U);
}

TEST(LoadConfig, UpstreamPortMayComeAfterTheUpstreamsItCompletes) {
    const Loaded loaded = load_config(
        R"({"server": {"upstream": ["::1", "10.0.0.1:5"], "upstream_port": 5353}})", "f");
    const auto upstream = loaded.config.server.upstream_endpoints();
    ASSERT_EQ(upstream.size(), 2U);
    EXPECT_EQ(upstream[0].to_text(), "[::1]:5353");
    EXPECT_EQ(upstream[1].to_text(), "10.0.0.1:5");
}

TEST(LoadConfig, PortZeroIsForListeningOnly) {
    const Loaded any = load_config(R"({"server": {"listen": ["127.0.0.1:0", "::1"]}})", "f");
    EXPECT_FALSE(has_errors(any.problems));
    EXPECT_EQ(any.config.server.listen.at(0).port, 0);
    EXPECT_EQ(any.config.server.listen.at(1).port, 53);
    EXPECT_EQ(load_config(dump_config(any.config), "d").config.server.listen,
              any.config.server.listen);
    EXPECT_TRUE(
        has_errors(load_config(R"({"server": {"upstream": ["127.0.0.1:0"]}})", "f").problems));
}

TEST(LoadConfig, HostsAsSocketsTakeThem) {
    struct Row {
        std::string_view host, expected;
    };
    const Row rows[] = {{"", "0.0.0.0:53"},
                        {"localhost", "127.0.0.1:53"},
                        {"::", "[::]:53"},
                        {"[::1]", "[::1]:53"}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.host);
        const Loaded loaded =
            load_config(fmt::format(R"({{"server": {{"host": "{}"}}}})", row.host), "f");
        EXPECT_TRUE(loaded.problems.empty());
        EXPECT_EQ(loaded.config.server.listen_endpoints().at(0).to_text(), row.expected);
    }
}

TEST(LoadConfig, LogLevelsInAnyCase) {
    for (const std::string_view word : {"warn", "WARNING", "Warning"}) {
        const Loaded loaded =
            load_config(fmt::format(R"({{"server": {{"log_level": "{}"}}}})", word), "f");
        EXPECT_TRUE(loaded.problems.empty()) << word;
        EXPECT_EQ(loaded.config.server.log_level, log::Level::warning) << word;
    }
}

TEST(LoadConfig, ASettingWithAProblemKeepsItsDefault) {
    const Loaded loaded = load_config(R"({"server": {"port": "x", "cache_size": 5}})", "f");
    EXPECT_TRUE(has_errors(loaded.problems));
    EXPECT_EQ(loaded.config.server.port, 53);
    EXPECT_EQ(loaded.config.server.cache_size, 5U);
}

TEST(LoadConfig, NullIsNoValueWhereOneIsNeeded) {
    const Loaded loaded = load_config(
        R"({"server": {"port": null}, "records": [{"name": "a", "type": null, "value": "b"}]})",
        "f");
    ASSERT_EQ(loaded.problems.size(), 1U);
    EXPECT_EQ(loaded.problems[0].to_text(),
              "f:1:62: error: type: expected a record type such as A, AAAA, CNAME, MX or TXT, "
              "found null");
    EXPECT_TRUE(loaded.config.records.empty());
}

TEST(LoadConfig, AnUnknownKeyNamesTheOneThatWasMeant) {
    struct Row {
        const char* why;
        std::string_view text, hint;
    };
    const Row rows[] = {
        {"a slip, in the right object", R"({"zones": {"a.": {"fiel": "a.zone"}}})", "'file'"},
        {"of the object below", R"({"zones": {"a.": {"primary": []}}})",
         "'zones.<name>.transfer.primaries'"},
        {"BIND's word for it", R"({"zones": {"a.": {"transfer": {"primary": []}}}})",
         "'primaries'"},
        {"of another object", R"({"upstreams": ["10.0.0.1"]})", "'server.upstream'"},
        {"of the top level", R"({"server": {"records": []}})", "'records'"},
        {"of no object", R"({"wholly": 1})", ""},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const Loaded loaded = load_config(row.text, "f");
        ASSERT_EQ(loaded.problems.size(), 1U);
        const std::string& text = loaded.problems[0].text;
        const std::string end =
            row.hint.empty() ? "and is ignored" : fmt::format("; did you mean {}?", row.hint);
        EXPECT_TRUE(text.ends_with(end)) << text;
    }
}

TEST(LoadConfig, BoundsLists) {
    const std::string most = repeated(R"("10.0.0.1")", list_items_max);
    EXPECT_FALSE(
        has_errors(load_config(R"({"server": {"upstream": [)" + most + "]}}", "f").problems));
    const Loaded more =
        load_config(R"({"server": {"upstream": [)" + most + R"(,"10.0.0.2",1]}})", "f");
    ASSERT_EQ(more.problems.size(), 1U);  // the two beyond the bound are one problem
    EXPECT_EQ(more.problems[0].text, "upstream: expected at most 1000 values, found more");
    EXPECT_EQ(more.config.server.upstream.size(), list_items_max);
}

TEST(LoadConfig, BoundsProblems) {
    const Loaded loaded =
        load_config(R"({"records": [)" + repeated("1", problems_max + 5) + "]}", "f");
    ASSERT_EQ(loaded.problems.size(), problems_max + 1);
    EXPECT_EQ(loaded.problems.back().to_text(),
              "f: error: 5 more errors are not shown; correct these first");
}

TEST(LoadConfig, WarningsNeverHideAnError) {
    const Loaded loaded =
        load_config(R"({"records": [{)" + repeated(R"("x": 1)", problems_max + 5) + "}]}", "f");
    EXPECT_TRUE(has_errors(loaded.problems));  // its name, type and value are missing
    EXPECT_EQ(loaded.problems.back().text, "5 more warnings are not shown; correct these first");
}

TEST(CheckConfig, RemembersWhereARecordStands) {
    const Checked checked = check_config(
        "{\"records\": [\n {\"name\": \"a.b\", \"type\": \"A\", \"value\": \"10.0.0.1\"}]}", "f");
    ASSERT_EQ(checked.plan.overlay.size(), 1U);
    EXPECT_EQ(checked.config.lines.at(checked.plan.overlay[0].at), (Place{2, 11}));
}

TEST(CheckConfig, LongTextIsSplitIntoStrings) {
    const std::string text(65'279, 't');
    const auto config = [](std::string_view value) {
        return fmt::format(R"({{"records": [{{"name": "t.lan", "type": "TXT", "value": "{}"}}]}})",
                           value);
    };
    const Checked most = check_config(config(text), "f");
    ASSERT_EQ(most.plan.overlay.size(), 1U);
    const Bytes rdata = most.plan.overlay[0].rdata;
    EXPECT_EQ(rdata.size(), 65'535U);
    EXPECT_EQ(rdata[0], 255);
    EXPECT_EQ(rdata[255 * 256], 254);  // the last string
    const Checked more = check_config(config(text + 't'), "f");
    ASSERT_EQ(more.problems.size(), 1U);
    EXPECT_EQ(more.problems[0].text, "TXT: expected at most 65,279 bytes of text, found more");
}

TEST(CheckConfig, WildcardOfALongNameIsRefused) {
    const std::string label(61, 'a');
    const std::string name = fmt::format("{0}.{0}.{0}.{0}.aaaaa", label);  // 255 bytes in wire form
    const Checked checked = check_config(
        fmt::format(
            R"({{"records": [{{"name": "{}", "type": "A", "value": "10.0.0.1", "wildcard": true}}]}})",
            name),
        "f");
    ASSERT_EQ(checked.problems.size(), 1U);
    EXPECT_EQ(checked.problems[0].text,
              "wildcard: expected a name of at most 253 bytes, found more");
}

}  // namespace
}  // namespace kith::config
