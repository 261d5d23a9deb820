#include "net/interface_rules.hpp"

namespace kith::net {

InterfaceVerdict judge(const InterfaceRules& rules, const LinkState& link) {
    if (matches_any_glob(rules.deny, link.name)) return InterfaceVerdict::denied;
    const bool is_named = matches_any_glob(rules.allow, link.name);
    if (!rules.allow.empty() && !is_named) return InterfaceVerdict::not_allowed;
    if (!link.is_up) return InterfaceVerdict::down;
    if (link.is_bridge_port) return InterfaceVerdict::bridge_port;
    // The loopback link carries multicast though it does not say so.
    if (link.is_loopback) return is_named ? InterfaceVerdict::used : InterfaceVerdict::loopback;
    if (!link.is_multicast) return InterfaceVerdict::no_multicast;
    if (link.is_point_to_point && !is_named) return InterfaceVerdict::point_to_point;
    return InterfaceVerdict::used;
}

std::string_view describe(InterfaceVerdict verdict) {
    switch (verdict) {
        case InterfaceVerdict::used: return "used";
        case InterfaceVerdict::denied: return "denied by configuration";
        case InterfaceVerdict::not_allowed: return "not among the allowed interfaces";
        case InterfaceVerdict::down: return "down";
        case InterfaceVerdict::no_multicast: return "without multicast";
        case InterfaceVerdict::loopback: return "loopback";
        case InterfaceVerdict::point_to_point: return "point-to-point";
        case InterfaceVerdict::bridge_port: return "part of a bridge or bond";
    }
    return "";
}

}  // namespace kith::net
