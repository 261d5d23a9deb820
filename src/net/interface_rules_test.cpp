#include "net/interface_rules.hpp"

#include <gtest/gtest.h>

namespace kith::net {
namespace {

struct GlobRow {
    const char* pattern;
    const char* name;
    bool matches;
};

TEST(Glob, Matches) {
    const GlobRow rows[] = {
        {"eth0", "eth0", true},
        {"eth0", "eth01", false},
        {"eth*", "eth0", true},
        {"eth*", "eth", true},
        {"*", "anything", true},
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"e?h0", "eth0", true},
        {"e?h0", "eh0", false},
        {"*.100", "eth0.100", true},
        {"*.100", "eth0.1000", false},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"**", "x", true},
        {"*a*a*a*b", "aaaaaaaaaaaaaaaa", false},
    };
    for (const GlobRow& row : rows)
        EXPECT_EQ(matches_glob(row.pattern, row.name), row.matches)
            << row.pattern << ' ' << row.name;
}

LinkState ethernet(std::string name = "eth0") {
    LinkState out;
    out.index = 2;
    out.name = std::move(name);
    out.is_up = out.is_multicast = true;
    return out;
}

TEST(Interfaces, AreJudged) {
    EXPECT_EQ(judge({}, ethernet()), InterfaceVerdict::used);
    EXPECT_EQ(judge({{"eth*"}, {}}, ethernet()), InterfaceVerdict::used);
    EXPECT_EQ(judge({{"wlan*"}, {}}, ethernet()), InterfaceVerdict::not_allowed);
    EXPECT_EQ(judge({{"eth0"}, {"eth*"}}, ethernet()), InterfaceVerdict::denied) << "deny wins";
    LinkState link = ethernet();
    link.is_up = false;
    EXPECT_EQ(judge({}, link), InterfaceVerdict::down);
    link = ethernet();
    link.is_multicast = false;
    EXPECT_EQ(judge({}, link), InterfaceVerdict::no_multicast);
    link = ethernet("tun0");
    link.is_point_to_point = true;
    EXPECT_EQ(judge({}, link), InterfaceVerdict::point_to_point);
    EXPECT_EQ(judge({{"tun*"}, {}}, link), InterfaceVerdict::used) << "asked for by name";
    link = ethernet("lo");
    link.is_loopback = true;
    link.is_multicast = false;
    EXPECT_EQ(judge({}, link), InterfaceVerdict::loopback);
    EXPECT_EQ(judge({{"lo"}, {}}, link), InterfaceVerdict::used);
    link = ethernet("veth1a2b");
    link.is_bridge_port = true;
    EXPECT_EQ(judge({}, link), InterfaceVerdict::bridge_port) << "the bridge hears it all";
}

}  // namespace
}  // namespace kith::net
