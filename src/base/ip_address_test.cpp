#include "base/ip_address.hpp"

#include <gtest/gtest.h>

namespace kith {
namespace {

struct GoodAddress {
    const char* why;
    const char* text;
    const char* printed;
};
const GoodAddress good_addresses[] = {
    {"plain IPv4", "192.0.2.1", "192.0.2.1"},
    {"IPv4 limits", "255.255.255.255", "255.255.255.255"},
    {"unspecified", "::", "::"},
    {"loopback", "::1", "::1"},
    {"gap at the end", "2001:db8::", "2001:db8::"},
    {"gap in the middle", "2001:db8::1", "2001:db8::1"},
    {"no gap", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"upper case becomes lower, RFC 5952 §4.3", "2001:DB8::ABCD", "2001:db8::abcd"},
    {"leading zeros go, RFC 5952 §4.1", "2001:0db8::0001", "2001:db8::1"},
    {"longest run of zeros is shortened, RFC 5952 §4.2.3", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
    {"first of equal runs, RFC 5952 §4.2.3", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"one zero group is not shortened, RFC 5952 §4.2.2", "2001:db8:0:1:1:1:1:1",
     "2001:db8:0:1:1:1:1:1"},
    {"gap for exactly one group", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"IPv4-mapped", "::ffff:192.0.2.1", "::ffff:192.0.2.1"},
    {"dotted tail", "64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
};

TEST(IpAddress, ReadsAndPrints) {
    for (const GoodAddress& row : good_addresses) {
        SCOPED_TRACE(row.why);
        const auto address = IpAddress::from_text(row.text);
        ASSERT_TRUE(address.has_value());
        EXPECT_EQ(address->to_text(), row.printed);
        EXPECT_EQ(IpAddress::from_text(address->to_text()), address);
    }
}

struct BadAddress {
    const char* why;
    const char* text;
};
const BadAddress bad_addresses[] = {
    {"nothing", ""},
    {"three numbers", "192.0.2"},
    {"five numbers", "1.2.3.4.5"},
    {"number over 255", "1.2.3.256"},
    {"leading zero could be octal", "010.0.0.1"},
    {"blank before", " 1.2.3.4"},
    {"blank after", "1.2.3.4 "},
    {"sign", "+1.2.3.4"},
    {"empty number", "1..3.4"},
    {"hex", "0x1.2.3.4"},
    {"two gaps", "1::2::3"},
    {"nine groups", "1:2:3:4:5:6:7:8:9"},
    {"seven groups", "1:2:3:4:5:6:7"},
    {"five digits", "12345::"},
    {"gap for nothing", "1:2:3:4::5:6:7:8"},
    {"single leading colon", ":1:2:3:4:5:6:7"},
    {"trailing colon", "1:2:3:4:5:6:7:"},
    {"three colons", ":::"},
    {"zone id", "fe80::1%eth0"},
    {"dotted tail too late", "1:2:3:4:5:6:7:1.2.3.4"},
    {"dotted tail not last", "::1.2.3.4:5"},
};

TEST(IpAddress, RefusesWhatIsNotOne) {
    for (const BadAddress& row : bad_addresses) {
        SCOPED_TRACE(row.why);
        EXPECT_FALSE(IpAddress::from_text(row.text).has_value());
    }
}

struct EndpointCase {
    const char* why;
    const char* text;
    const char* printed;
};
const EndpointCase endpoint_cases[] = {
    {"IPv4 alone takes the default port", "192.0.2.1", "192.0.2.1:53"},
    {"IPv4 with a port", "192.0.2.1:5353", "192.0.2.1:5353"},
    {"bare IPv6", "2001:db8::1", "[2001:db8::1]:53"},
    {"bracketed IPv6", "[2001:db8::1]", "[2001:db8::1]:53"},
    {"bracketed IPv6 with a port", "[2001:db8::1]:853", "[2001:db8::1]:853"},
    {"port over 65535", "192.0.2.1:65536", nullptr},
    {"empty port", "192.0.2.1:", nullptr},
    {"unclosed bracket", "[::1", nullptr},
    {"brackets around IPv4", "[192.0.2.1]:53", nullptr},
    {"a name", "dns.example:53", nullptr},
};

TEST(Endpoint, ReadsAndPrints) {
    for (const EndpointCase& row : endpoint_cases) {
        SCOPED_TRACE(row.why);
        const auto endpoint = Endpoint::from_text(row.text, 53);
        ASSERT_EQ(endpoint.has_value(), row.printed != nullptr);
        if (endpoint) {
            EXPECT_EQ(endpoint->to_text(), row.printed);
        }
    }
}

struct PrefixCase {
    const char* why;
    const char* prefix;
    const char* address;
    bool inside;
};
const PrefixCase prefix_cases[] = {
    {"inside on a byte border", "10.0.0.0/8", "10.255.0.1", true},
    {"outside on a byte border", "10.0.0.0/8", "11.0.0.0", false},
    {"inside across bits", "172.16.0.0/12", "172.31.255.255", true},
    {"outside across bits", "172.16.0.0/12", "172.32.0.0", false},
    {"everything", "0.0.0.0/0", "203.0.113.9", true},
    {"one address", "192.0.2.1/32", "192.0.2.1", true},
    {"families do not mix", "::/0", "192.0.2.1", false},
    {"IPv6", "fc00::/7", "fdff::1", true},
};

TEST(IpPrefix, Contains) {
    for (const PrefixCase& row : prefix_cases) {
        SCOPED_TRACE(row.why);
        const auto prefix = IpPrefix::from_text(row.prefix);
        ASSERT_TRUE(prefix.has_value());
        EXPECT_EQ(prefix->contains(*IpAddress::from_text(row.address)), row.inside);
    }
    EXPECT_FALSE(IpPrefix::from_text("10.0.0.0/33").has_value());
}

}  // namespace
}  // namespace kith
