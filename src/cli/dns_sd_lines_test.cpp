#include "cli/dns_sd_lines.hpp"

#include <gtest/gtest.h>

namespace kith::cli::dns_sd_lines {
namespace {

// As they are shown wherever people write about the tool: each line under its heading.
TEST(DnsSdLines, StandInTheColumnsOfTheirHeadings) {
    EXPECT_EQ(
        browse({"20:26:20.435", true, 3, 4}, "local.", "_http._tcp.", "tdm edge"),
        "20:26:20.435  Add        3   4 local.               _http._tcp.          tdm edge\n");
    EXPECT_EQ(browse({" 9:53:16.023", false, 0, 14}, "local.", "_weatherlinklive._tcp.", "w"),
              " 9:53:16.023  Rmv        0  14 local.               _weatherlinklive._tcp. w\n");
    EXPECT_EQ(
        query({"10:05:03.779", true, 2, 25}, "homepi.local.", "A", "192.0.2.1"),
        "10:05:03.779  Add  2             25  homepi.local.                 Addr   IN     192.0.2.1\n");
    EXPECT_EQ(
        address({"15:26:15.509", true, 0x40000002, 18}, "orb.local.", "192.0.2.3", 300),
        "15:26:15.509  Add  40000002      18  orb.local.                             192.0.2.3                                    300\n");
    EXPECT_EQ(browse_heading.find("Domain"), browse({"20:26:20.435"}, "d.", "t.", "i").find("d."));
    EXPECT_EQ(query_heading.find("Rdata"), query({"20:26:20.435"}, "n.", "A", "R").find("R"));
    EXPECT_EQ(address_heading.find("TTL"), address({"20:26:20.435"}, "n.", "a", 77).find("77"));
}

TEST(DnsSdLines, Names) {
    EXPECT_EQ(full_name({"Denon Home. 1", "_heos._tcp", "local"}),
              "Denon\\032Home\\.\\0321._heos._tcp.local.");
    EXPECT_EQ(full_name({"Caf\xc3\xa9\\\x1b", "_x._tcp", "local"}),
              "Caf\xc3\xa9\\\\\\027._x._tcp.local.");
    EXPECT_EQ(long_address("fe80::1", "eth0"), "FE80:0000:0000:0000:0000:0000:0000:0001%eth0");
    EXPECT_EQ(long_address("2001:db8::1", "eth0"), "2001:0DB8:0000:0000:0000:0000:0000:0001%<0>");
    EXPECT_EQ(long_address("192.0.2.1", "eth0"), "192.0.2.1");
    EXPECT_EQ(whole_type(""), "_http._tcp");
    EXPECT_EQ(whole_type("_ipp"), "_ipp._tcp");
    EXPECT_EQ(whole_type("_ipp,_universal"), "_ipp._tcp,_universal");
    EXPECT_EQ(whole_type("_ntp._udp"), "_ntp._udp");
}

TEST(DnsSdLines, Txt) {
    EXPECT_EQ(txt({"model", "Denon Home $1"}), "model=Denon\\ Home\\ \\$1");
    EXPECT_EQ(txt({"flag", std::nullopt}), "flag");
    EXPECT_EQ(txt({"a", "\x01\\"}), "a=\\x01\\\\");
}

TEST(DnsSdLines, Zone) {
    EXPECT_EQ(zone({"My Web", "_http._tcp", "local"}, {"nas.local", 80, 0, 0},
                   {{"a", "x \"y\""}, {"b", std::nullopt}}),
              "\n"
              "_http._tcp                                      PTR     My\\032Web._http._tcp\n"
              "My\\032Web._http._tcp                            SRV     0 0 80 nas.local.\n"
              "My\\032Web._http._tcp                            TXT     \"a=x \\\"y\\\"\" \"b\"\n");
    EXPECT_TRUE(
        zone({"W", "_x._tcp", "local"}, {"n.local", 1, 0, 0}, {}).ends_with("TXT     \"\"\n"));
}

}  // namespace
}  // namespace kith::cli::dns_sd_lines
