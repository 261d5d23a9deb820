#include "client/link_choice.hpp"

#include <fmt/format.h>

namespace kith::client {
namespace {

LinkChoice chosen(Backend backend, Backend fallback = Backend::none) {
    return {backend, fallback, {}};
}

LinkChoice cannot(std::string_view program, const net::BusServices& seen) {
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

}  // namespace

bool depends_on_bus(const Options& options) {
    switch (options.backend) {
        case Backend::mdns:
        case Backend::none: return false;
        case Backend::avahi:
        case Backend::resolved: return true;
        case Backend::automatic: break;
    }
    return !wants_own_sockets(options);
}

LinkChoice choose_link(const Options& options, const net::BusServices& seen) {
    switch (options.backend) {
        case Backend::mdns: return chosen(Backend::mdns);
        case Backend::none: return chosen(Backend::none);
        case Backend::avahi:
            return seen.has_avahi ? chosen(Backend::avahi) : cannot("avahi-daemon", seen);
        case Backend::resolved:
            return seen.has_resolved ? chosen(Backend::resolved) : cannot("systemd-resolved", seen);
        case Backend::automatic: break;
    }
    if (wants_own_sockets(options)) return chosen(Backend::mdns);
    if (seen.has_avahi) return chosen(Backend::avahi);
    return chosen(Backend::mdns, seen.has_resolved ? Backend::resolved : Backend::none);
}

LinkChoice choose_link(const Options& options) {
    return choose_link(options,
                       depends_on_bus(options) ? net::find_bus_services() : net::BusServices());
}

}  // namespace kith::client
