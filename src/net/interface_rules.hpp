#pragma once
// Which interfaces take part in discovery, by name and kind.

#include <string>
#include <string_view>
#include <vector>

#include "base/glob.hpp"
#include "net/link_monitor.hpp"

namespace kith::net {

/// Patterns of interface names.
struct InterfaceRules {
    std::vector<std::string> allow;  // empty: every interface that is fit for it
    std::vector<std::string> deny;   // wins over `allow`
};

enum class InterfaceVerdict : std::uint8_t {
    used,
    denied,       // matches `deny`
    not_allowed,  // matches none of `allow`
    down,
    no_multicast,
    loopback,        // used only when `allow` names it
    point_to_point,  // a tunnel or VPN; used only when `allow` names it
    bridge_port,     // the bridge or bond it belongs to is the interface
};

/// What to do with a link, and why. Loopback and point-to-point links need a pattern that names
/// them: announcing one's services into a VPN is not what a user expects.
InterfaceVerdict judge(const InterfaceRules& rules, const LinkState& link);

/// A lower-case word or two for logs: "denied by configuration".
std::string_view describe(InterfaceVerdict verdict);

}  // namespace kith::net
