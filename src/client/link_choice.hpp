#pragma once
// Which back-end asks the link. Internal to client.

#include <string>
#include <string_view>

#include "client/discovery.hpp"
#include "net/bus_driver.hpp"

namespace kith::client {

struct LinkChoice {
    Backend backend = Backend::mdns;   // never automatic
    Backend fallback = Backend::none;  // when the sockets of mdns cannot be had
    std::string complaint;             // not empty: what was asked for cannot be had
};

/// Added to what is said when they cannot, and nothing is there to fall back to.
inline constexpr std::string_view sockets_hint =
    "; another program may have it to itself, such as avahi-daemon with disallow-other-stacks=yes: ask that one with the backend avahi";

/// False: choose_link() comes to the same whatever is on the system bus, so that nobody need wait for it.
bool depends_on_bus(const Options& options);

/// Avahi first: it may have the port to itself (`disallow-other-stacks`), and who registers through it is
/// seen by all its clients. resolved shares its port, and its bus can neither browse continuously nor
/// register without root, so that our own engine beside it does more.
LinkChoice choose_link(const Options& options, const net::BusServices& seen);

/// The same with what is on the system bus now, if that matters.
LinkChoice choose_link(const Options& options);

}  // namespace kith::client
