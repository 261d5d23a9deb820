#include "client/link_choice.hpp"

#include <fmt/format.h>

#include "net/bus_driver.hpp"

namespace kith::client {
namespace {

LinkChoice chosen(Backend backend) { return {backend, Backend::none, {}, {}}; }

LinkChoice cannot(std::string_view program, const DaemonsSeen& seen) {
    LinkChoice out = chosen(Backend::none);
    out.complaint =
        seen.why_not.empty()
            ? fmt::format("{} is not on the system bus: start it, or choose the backend mdns",
                          program)
            : fmt::format("{} cannot be asked: {}", program, seen.why_not);
    return out;
}

/// Avahi's choice of interfaces and host name is in its configuration; asking for others is asking for
/// sockets of our own.
bool wants_own_sockets(const Options& options) {
    return !options.interfaces.empty() || !options.ignore_interfaces.empty() ||
           options.family != Family::any || !options.host_name.empty();
}

LinkChoice own_sockets(Backend fallback) {
    LinkChoice out = chosen(Backend::mdns);
    out.fallback = fallback;
    out.hint =
        "; another program may have it to itself, such as avahi-daemon with disallow-other-stacks=yes: ask that one with the backend avahi";
    return out;
}

}  // namespace

LinkChoice choose_link(const Options& options, const DaemonsSeen& seen) {
    switch (options.backend) {
        case Backend::mdns: return own_sockets(Backend::none);
        case Backend::none: return chosen(Backend::none);
        case Backend::avahi:
            return seen.has_avahi ? chosen(Backend::avahi) : cannot("avahi-daemon", seen);
        case Backend::resolved:
            return seen.has_resolved ? chosen(Backend::resolved) : cannot("systemd-resolved", seen);
        case Backend::automatic: break;
    }
    if (seen.has_avahi && !wants_own_sockets(options)) return chosen(Backend::avahi);
    const bool resolved_instead =
        seen.has_resolved && !seen.has_avahi && !wants_own_sockets(options);
    return own_sockets(resolved_instead ? Backend::resolved : Backend::none);
}

LinkChoice choose_link(const Options& options) {
    DaemonsSeen seen;
    if (options.backend != Backend::none && options.backend != Backend::mdns) {
        const net::BusServices services = net::find_bus_services();
        seen = {services.has_avahi, services.has_resolved, services.why_not};
    }
    return choose_link(options, seen);
}

}  // namespace kith::client
