#pragma once
// DiscoveryPlan: what the config's `discovery` section means, checked. A value; compares by value.

#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "discovery/dnssd/service.hpp"
#include "discovery/reflector/policy.hpp"
#include "net/interface_rules.hpp"

namespace kith::server {

struct DiscoveryPlan {
    std::string host_label;
    bool publish_host = true;
    bool resolve_local = true;
    bool use_ipv4 = true, use_ipv6 = true;
    net::InterfaceRules interfaces;
    std::vector<std::string> directories;
    std::vector<discovery::dnssd::Service> services;
    discovery::reflector::Policy reflect;  // without rules: nothing crosses
};

/// nullopt: the config has no such section. What is wrong in it is added to `problems`, with its place.
std::optional<DiscoveryPlan> plan_discovery(const config::Config& config, Problems& problems);

/// The first label of the machine's host name.
std::string host_label();

}  // namespace kith::server
