#include "cli/discovery_run.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace kith::cli {
namespace {

struct JsonRow {
    const char* why;
    std::string text;
    const char* json;
};

// Whatever a neighbor calls its service: one line of JSON that is valid, and tells all of it.
TEST(DiscoveryJson, IsValidWhateverTheName) {
    const JsonRow rows[] = {
        {"plain", "My Web", R"("My Web")"},
        {"UTF-8 stays", "Caf\xc3\xa9", "\"Caf\xc3\xa9\""},
        {"quotes and backslashes", R"(a"b\c)", R"("a\"b\\c")"},
        {"a line break is shown as \\DDD", "a\nb", R"("a\\010b")"},
        {"bytes that are no UTF-8", "\xff", R"("\\255")"},
        {"an escape sequence", "\x1b[2J", R"("\\027[2J")"},
    };
    for (const JsonRow& row : rows) EXPECT_EQ(json_string(row.text), row.json) << row.why;
}

TEST(DiscoveryJson, TellsTheCasesOfTxtApart) {
    const std::vector<client::TxtPair> txt = {
        {"a", "1"}, {"flag", std::nullopt}, {"empty", ""}, {"bin", std::string("\x00\xff", 2)}};
    EXPECT_EQ(json_txt(txt),
              R"([["a", "1"], ["flag", null], ["empty", ""], ["bin", {"hex": "00FF"}]])");
    EXPECT_EQ(json_txt({}), "[]");
}

TEST(DiscoveryJson, WritesAnObject) {
    EXPECT_EQ(JsonLine().text("a", "b").number("n", 7).boolean("t", true).raw("l", "[]").finish(),
              R"({"a": "b", "n": 7, "t": true, "l": []})");
    EXPECT_EQ(JsonLine().finish(), "{}");
}

// Neighbors' addresses are looked up on the link, all others in DNS.
TEST(ReverseNames, AreOfTheLinkForNeighborsOnly) {
    EXPECT_EQ(link_reverse_names({"192.168.7.9"}),
              (std::vector<std::string>{"9.7.168.192.in-addr.arpa."}));
    EXPECT_EQ(link_reverse_names({"203.0.113.9", "nas.local"}), std::vector<std::string>{})
        << "not a neighbor; not an address";
    EXPECT_EQ(link_reverse_names({"fe80::1"}).size(), 1U);
}

// What is printed is what `kith resolve` reads.
TEST(DiscoveryNames, AreWrittenAsTheyAreRead) {
    EXPECT_EQ(name_text({"W.b\\c d", "_http._tcp", "local"}), "W\\.b\\\\c d._http._tcp.local");
    EXPECT_EQ(name_text({"a\x1b", "_http._tcp", "local"}), "a\\027._http._tcp.local");
    const auto again = client::ServiceName::from_text(name_text({"W.b\\c", "_x._tcp", "local"}));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->instance, "W.b\\c");
}

TEST(DiscoveryCommands, RefuseWrongWords) {
    std::ostringstream out, err;
    RegisterOptions options;
    options.name = "Web";
    options.type = "_http._tcp";
    options.port = 80;
    options.txt = {"=x"};
    EXPECT_EQ(register_service(options, out, err), 2) << "TXT without a key";
    EXPECT_EQ(avahi_browse({"avahi-browse"}, out, err), 1) << "no type";
    EXPECT_EQ(avahi_publish({"avahi-publish", "-s", "x"}, out, err), 1);
    err.str("");
    EXPECT_EQ(avahi_resolve({"avahi-resolve", "nas.local"}, out, err), 1);
    EXPECT_EQ(avahi_publish({"avahi-publish", "Web", "_http._tcp", "80"}, out, err), 1);
    EXPECT_EQ(err.str(), "No command specified.\nNo command specified.\n") << "as Avahi's";
    EXPECT_EQ(avahi_resolve({"avahi-resolve-host-name"}, out, err), 1) << "no name";
    EXPECT_EQ(dns_sd({"dns-sd"}, out, err), 1);
    EXPECT_EQ(avahi_browse({"avahi-browse", "--version"}, out, err), 0);
    EXPECT_EQ(run_discovery_persona("ls", {"ls"}, out, err), std::nullopt);
}

}  // namespace
}  // namespace kith::cli
