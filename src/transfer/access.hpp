#pragma once
// Who may do something with a zone: by address, by key, or by both.

#include <optional>
#include <vector>

#include "base/ip_prefix_set.hpp"
#include "dns/name.hpp"

namespace kith::transfer {

/// A client as far as access is concerned. `key`: the name of the TSIG key whose signature was
/// found good; null: unsigned.
struct Peer {
    IpAddress address;
    const dns::Name* key = nullptr;
};

struct AccessRule {
    std::vector<IpPrefix> addresses;  // empty: from anywhere
    std::vector<dns::Name> keys;      // empty: signed or not
};

/// Immutable; any number of threads may read it.
class Access {
public:
    Access() = default;  ///< nobody
    /// A client passes when one rule has both its address and its key. A rule with neither
    /// addresses nor keys lets everybody pass.
    explicit Access(const std::vector<AccessRule>& rules);

    bool allows(const Peer& peer) const;
    bool is_empty() const { return rules_.empty(); }

private:
    struct Rule {
        std::optional<IpPrefixSet> addresses;
        std::vector<dns::Name> keys;
    };
    std::vector<Rule> rules_;
};

}  // namespace kith::transfer
