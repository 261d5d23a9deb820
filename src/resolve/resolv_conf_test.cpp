#include "resolve/resolv_conf.hpp"

#include <gtest/gtest.h>

#include "resolve/forward_config.hpp"

namespace kith::resolve {
namespace {

TEST(ResolvConf, ReadsWhatGlibcReads) {
    const ResolvConf conf = parse_resolv_conf(
        "# comment\n"
        "; another\n"
        "nameserver 192.0.2.1\n"
        "nameserver\t2001:db8::1   \r\n"
        "nameserver 127.0.0.53\n"
        "nameserver 192.0.2.1\n"
        "nameserver fe80::1%3\n"
        "domain first.example\n"
        "search a.example b.example.\n"
        "options timeout:2 attempts:9 rotate edns0 trust-ad\n"
        "nameserver 0.0.0.0");
    std::vector<std::string> servers;
    for (const Endpoint& server : conf.upstreams) servers.push_back(server.to_text());
    ASSERT_EQ(servers.size(), 5U) << "repeats are left out";
    EXPECT_EQ(servers[0], "192.0.2.1:53");
    EXPECT_EQ(servers[1], "[2001:db8::1]:53");
    EXPECT_EQ(servers[2], "127.0.0.53:53");
    EXPECT_EQ(conf.upstreams[3].scope, 3U);
    EXPECT_EQ(servers[4], "127.0.0.1:53");
    ASSERT_EQ(conf.search.size(), 2U) << "the last search or domain line wins";
    EXPECT_EQ(conf.search[0].to_text(), "a.example.");
    EXPECT_EQ(conf.timeout, Duration(2s));
    EXPECT_EQ(conf.attempts, 5) << "glibc's upper bound";
    EXPECT_TRUE(conf.rotate);
    EXPECT_TRUE(conf.trust_ad);
}

TEST(ResolvConf, WarnsOfWhatItSkips) {
    struct Bad {
        const char* why;
        std::string line;
        std::uint32_t column;
    };
    const Bad rows[] = {
        {"a name", "nameserver dns.example", 12},
        {"nothing", "nameserver", 11},
        {"a port", "nameserver 192.0.2.1:53", 12},
        {"an unknown keyword", "  nameservers 192.0.2.1", 3},
        {"a zone that is a name", "nameserver fe80::1%eth0", 12},
        {"no number", "options timeout:x", 9},
        {"not a domain", "search ok a..b", 11},
    };
    for (const Bad& row : rows) {
        SCOPED_TRACE(row.why);
        Problems problems;
        const ResolvConf conf =
            parse_resolv_conf("\n" + row.line + "\nnameserver 192.0.2.9\n", &problems);
        ASSERT_EQ(problems.size(), 1U);
        EXPECT_EQ(problems[0].line, 2U);
        EXPECT_EQ(problems[0].column, row.column);
        EXPECT_EQ(problems[0].severity, Severity::warning);
        EXPECT_EQ(conf.upstreams.size(), 1U) << "the rest is read";
    }
}

TEST(Upstream, ReadsBothSpellings) {
    struct Spec {
        const char* text;
        const char* endpoint;  // empty: refused
    };
    const Spec rows[] = {
        {"8.8.8.8", "8.8.8.8:5300"},
        {"9.9.9.9:53", "9.9.9.9:53"},
        {"2001:db8::1", "[2001:db8::1]:5300"},
        {"[2001:db8::1]:5353", "[2001:db8::1]:5353"},
        {"dns.google", ""},
        {"8.8.8.8:0", ""},
        {"8.8.8", ""},
        {"8.8.8.8:99999", ""},
        {"0.0.0.0", ""},
        {"224.0.0.251", ""},
        {"[::1", ""},
        {"", ""},
    };
    for (const Spec& row : rows) {
        const auto got = parse_upstream(row.text, 5300);
        EXPECT_EQ(got ? got->to_text() : "", row.endpoint) << row.text;
    }
}

TEST(ForwardConfig, FindsUpstreamsThatAreOurselves) {
    ForwardConfig config;
    config.own_endpoints = {{IpAddress::v4(0, 0, 0, 0), 53, 0},
                            {IpAddress::v4(192, 0, 2, 5), 5300, 0}};
    config.local_addresses = {IpAddress::v4(192, 0, 2, 5)};
    struct Row {
        const char* upstream;
        bool is_own;
    };
    const Row rows[] = {{"127.0.0.1:53", true},    {"127.0.0.53:53", true},
                        {"192.0.2.5:53", true},    {"192.0.2.5:5300", true},
                        {"127.0.0.1:5300", false}, {"192.0.2.6:53", false}};
    for (const Row& row : rows) {
        const Endpoint upstream = *parse_upstream(row.upstream, 53);
        EXPECT_EQ(is_own_endpoint(config, upstream), row.is_own) << row.upstream;
        config.routes = {{dns::Name(), {upstream}}};
        EXPECT_EQ(check_config(config).empty(), !row.is_own) << row.upstream;
    }
    config.routes = {{dns::Name(), {}}, {dns::Name(), {}}};
    EXPECT_EQ(check_config(config).size(), 1U) << "one domain twice";
}

}  // namespace
}  // namespace kith::resolve
