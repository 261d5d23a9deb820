#include "client/link_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kith::client {
namespace {

using testing::HasSubstr;

Options asking_for(Backend backend) {
    Options out;
    out.backend = backend;
    return out;
}

TEST(LinkChoice, PrefersAvahiWhereItRuns) {
    Options on_eth0;
    on_eth0.interfaces = {"eth0"};
    Options ipv4;
    ipv4.family = Family::ipv4;
    Options named;
    named.host_name = "nas";
    const net::BusServices nobody{false, false, "no system bus"};
    const net::BusServices avahi{true, false, {}};
    const net::BusServices resolved{false, true, {}};
    const net::BusServices both{true, true, {}};
    struct Row {
        Options options;
        net::BusServices seen;
        Backend backend, fallback;
        const char* why;
    };
    const Row rows[] = {
        {{}, nobody, Backend::mdns, Backend::none, "nobody is there"},
        {{}, avahi, Backend::avahi, Backend::none, "it may have the port to itself"},
        {{}, both, Backend::avahi, Backend::none, "Avahi does more than resolved"},
        {{}, resolved, Backend::mdns, Backend::resolved, "we do more than resolved"},
        {on_eth0, avahi, Backend::mdns, Backend::none, "Avahi's interfaces are its own choice"},
        {ipv4, avahi, Backend::mdns, Backend::none, "so are its families"},
        {named, avahi, Backend::mdns, Backend::none, "and its host name"},
        {on_eth0, resolved, Backend::mdns, Backend::none, "resolved cannot be kept to one"},
        {asking_for(Backend::mdns), both, Backend::mdns, Backend::none, "as told"},
        {asking_for(Backend::none), both, Backend::none, Backend::none, "as told"},
        {asking_for(Backend::avahi), both, Backend::avahi, Backend::none, "as told"},
        {asking_for(Backend::resolved), both, Backend::resolved, Backend::none, "as told"},
    };
    for (const Row& row : rows) {
        const LinkChoice choice = choose_link(row.options, row.seen);
        EXPECT_EQ(choice.backend, row.backend) << row.why;
        EXPECT_EQ(choice.fallback, row.fallback) << row.why;
        EXPECT_EQ(choice.complaint, "") << row.why;
    }
}

TEST(LinkChoice, SaysWhatIsMissing) {
    EXPECT_THAT(choose_link(asking_for(Backend::avahi), {}).complaint,
                HasSubstr("avahi-daemon is not on the system bus: start it"));
    EXPECT_THAT(choose_link(asking_for(Backend::resolved), {false, false, "no bus"}).complaint,
                HasSubstr("systemd-resolved cannot be asked: no bus"));
}

// Waiting for a bus that says nothing takes a quarter of a second.
TEST(LinkChoice, TheBusIsAskedOnlyWhereItMatters) {
    Options on_eth0;
    on_eth0.interfaces = {"eth0"};
    Options not_eth1;
    not_eth1.ignore_interfaces = {"eth1"};
    Options ipv6;
    ipv6.family = Family::ipv6;
    Options named;
    named.host_name = "nas";
    EXPECT_TRUE(depends_on_bus({}));
    EXPECT_TRUE(depends_on_bus(asking_for(Backend::avahi)));
    EXPECT_TRUE(depends_on_bus(asking_for(Backend::resolved)));
    EXPECT_FALSE(depends_on_bus(asking_for(Backend::mdns)));
    EXPECT_FALSE(depends_on_bus(asking_for(Backend::none)));
    const net::BusServices both{true, true, {}};
    for (const Options& options : {on_eth0, not_eth1, ipv6, named}) {
        EXPECT_FALSE(depends_on_bus(options));
        EXPECT_EQ(choose_link(options, both).backend, choose_link(options, {}).backend);
    }
}

}  // namespace
}  // namespace kith::client
