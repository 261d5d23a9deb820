#include "discovery/reflector/hosts.hpp"

#include <algorithm>

namespace kith::discovery::reflector {

void Hosts::on_service(Time now, std::uint64_t host, Duration ttl) {
    hosts_.prune([&](const Host& oldest) { return oldest.service_until <= now; });
    Time& until = hosts_.touch(host).service_until;
    until = std::max(until, now + ttl);
}

void Hosts::on_address(Time now, std::uint64_t host, Reach reach, Duration ttl) {
    if (!has_service(now, host)) return;
    Host& known = hosts_.touch(host);
    Time& until = reach == Reach::beyond ? known.far_until : known.near_until;
    until = std::max(until, now + ttl);
}

bool Hosts::has_service(Time now, std::uint64_t host) const {
    const Host* const known = hosts_.find(host);
    return known != nullptr && known->service_until > now;
}

bool Hosts::is_out_of_reach(Time now, std::uint64_t host) const {
    const Host* const known = hosts_.find(host);
    return known != nullptr && known->near_until > now && known->far_until <= now;
}

}  // namespace kith::discovery::reflector
