#pragma once
// RouteTable: which servers a name goes to, by the longest domain that has a route.

#include <vector>

#include "base/hash_index.hpp"
#include "dns/name_hash.hpp"
#include "resolve/forward_config.hpp"
#include "resolve/server_table.hpp"

namespace kith::resolve {

class RouteTable {
public:
    /// Replaces all routes. Servers that are ourselves, and domains that stand twice, are left out.
    void assign(const ForwardConfig& config, ServerTable& servers);

    /// Where names of this domain go; empty: nowhere. Names for special use go only to a route of
    /// their own domain or below it (special_names.hpp).
    std::span<const ServerIndex> find(const dns::LookupName& name) const;
    bool uses(ServerIndex index) const;

private:
    struct Entry {
        dns::Name domain;  // in lower case
        int labels = 1;
        std::vector<ServerIndex> servers;
    };
    const Entry* find_exact(const dns::LookupName& name, int labels) const;

    std::vector<Entry> routes_;
    HashIndex index_;
    int labels_max_ = 0;  // of any route
};

}  // namespace kith::resolve
