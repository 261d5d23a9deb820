#pragma once
// Policy: what is shown where. A rule has a direction: services of one side are shown on the other,
// so responses cross from `from` to `to`, and questions the other way.

#include <string>
#include <vector>

#include "dns/name.hpp"

namespace kith::discovery::reflector {

struct Rule {
    std::vector<std::string> from;  // patterns of interface names: where the services are
    std::vector<std::string> to;    // where they are shown
    /// `_ipp._tcp.local.`; empty: everything of the link, host names of no service included.
    std::vector<dns::Name> types;

    friend bool operator==(const Rule&, const Rule&) = default;
};

struct Policy {
    std::vector<Rule> rules;  // more than rules_max are left out

    friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace kith::discovery::reflector
