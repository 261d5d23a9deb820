#pragma once
// Between messages of sd-bus and values. Internal to net.

#include <optional>
#include <string_view>

#include "discovery/dbus/message.hpp"
#include "net/dbus_library.hpp"

namespace kith::net {

/// Appends `values`, whose types `signature` tells. False: they do not fit it, or no memory.
bool append_values(const DbusLibrary& library, sd_bus_message* message, std::string_view signature,
                   const discovery::dbus::Values& values);

/// All values of a received message. nullopt: over a bound of discovery/dbus/limits.hpp, or of a type
/// that nobody here uses (a double, a descriptor).
std::optional<discovery::dbus::Values> read_values(const DbusLibrary& library,
                                                   sd_bus_message* message);

/// Length of the first complete type of a signature; 0 when there is none.
std::size_t first_type(std::string_view signature);

}  // namespace kith::net
