#include "resolve/route_table.hpp"

#include <algorithm>

#include "resolve/limits.hpp"
#include "resolve/special_names.hpp"

namespace kith::resolve {

void RouteTable::assign(const ForwardConfig& config, ServerTable& servers) {
    routes_.clear();
    index_.clear();
    labels_max_ = 0;
    for (const Route& route : config.routes) {
        const dns::LookupName name(route.domain);
        if (find_exact(name, name.label_count()) != nullptr) continue;
        Entry entry{route.domain.lowered(), name.label_count(), {}};
        for (const Endpoint& upstream : route.upstreams) {
            if (upstream.port == 0 || is_own_endpoint(config, upstream)) continue;
            if (entry.servers.size() == route_upstreams_max) break;
            const std::optional<ServerIndex> server = servers.add(upstream);
            if (!server || std::ranges::find(entry.servers, *server) != entry.servers.end())
                continue;
            entry.servers.push_back(*server);
        }
        labels_max_ = std::max(labels_max_, entry.labels);
        if (index_.is_full()) index_.grow();
        index_.insert(name.hash(), static_cast<std::uint32_t>(routes_.size()));
        routes_.push_back(std::move(entry));
    }
}

const RouteTable::Entry* RouteTable::find_exact(const dns::LookupName& name, int labels) const {
    const std::uint32_t found = index_.find(name.hash(labels), [&](std::uint32_t index) {
        return routes_[index].domain.view() == name.suffix(labels);
    });
    return found == HashIndex::none ? nullptr : &routes_[found];
}

std::span<const ServerIndex> RouteTable::find(const dns::LookupName& name) const {
    for (int labels = std::min(name.label_count(), labels_max_); labels >= 1; --labels) {
        const Entry* const route = find_exact(name, labels);
        if (route == nullptr) continue;
        if (route->labels < special_name_labels(name)) return {};
        return route->servers;
    }
    return {};
}

bool RouteTable::uses(ServerIndex index) const {
    return std::ranges::any_of(routes_, [index](const Entry& route) {
        return std::ranges::find(route.servers, index) != route.servers.end();
    });
}

}  // namespace kith::resolve
