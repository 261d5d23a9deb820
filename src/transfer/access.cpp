#include "transfer/access.hpp"

#include <algorithm>

namespace kith::transfer {

Access::Access(const std::vector<AccessRule>& rules) {
    for (const AccessRule& rule : rules) {
        Rule& kept = rules_.emplace_back();
        if (!rule.addresses.empty()) kept.addresses.emplace(rule.addresses);
        kept.keys = rule.keys;
    }
}

bool Access::allows(const Peer& peer) const {
    return std::ranges::any_of(rules_, [&peer](const Rule& rule) {
        if (rule.addresses && !rule.addresses->contains(peer.address)) return false;
        if (rule.keys.empty()) return true;
        return peer.key != nullptr && std::ranges::find(rule.keys, *peer.key) != rule.keys.end();
    });
}

}  // namespace kith::transfer
