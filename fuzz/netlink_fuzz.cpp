// rtnetlink dumps: nothing in them is trusted, everything is bounded.

#include <cstdint>

#include "base/check.hpp"
#include "net/limits.hpp"
#include "net/link_monitor.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kith;
    std::vector<net::LinkState> once, twice;
    net::read_netlink_messages({data, size}, once);
    net::read_netlink_messages({data, size}, twice);
    KITH_CHECK(once == twice);
    KITH_CHECK(once.size() <= net::links_max);
    for (const net::LinkState& link : once) {
        KITH_CHECK(link.addresses.size() <= net::link_addresses_max);
        for (const IpPrefix& prefix : link.addresses)
            KITH_CHECK(prefix.length <= 128 && prefix.address.family() != IpFamily::none);
    }
    return 0;
}
