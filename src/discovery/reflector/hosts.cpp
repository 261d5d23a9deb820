#include "discovery/reflector/hosts.hpp"

#include <algorithm>

#include "discovery/reflector/limits.hpp"

namespace kith::discovery::reflector {

Hosts::Host& Hosts::at(std::uint64_t host) {
    const auto found = hosts_.find(host);
    if (found != hosts_.end()) return found->second;
    if (order_.size() >= hosts_max) {
        hosts_.erase(order_.front());
        order_.pop_front();
    }
    order_.push_back(host);
    return hosts_[host];
}

void Hosts::on_service(Time now, std::uint64_t host, Duration ttl) {
    Time& until = at(host).service_until;
    until = std::max(until, now + ttl);
}

void Hosts::on_address(Time now, std::uint64_t host, Reach reach, Duration ttl) {
    Host& known = at(host);
    Time& until = reach == Reach::beyond ? known.far_until : known.near_until;
    until = std::max(until, now + ttl);
}

bool Hosts::has_service(Time now, std::uint64_t host) const {
    const auto found = hosts_.find(host);
    return found != hosts_.end() && found->second.service_until > now;
}

bool Hosts::is_out_of_reach(Time now, std::uint64_t host) const {
    const auto found = hosts_.find(host);
    return found != hosts_.end() && found->second.near_until > now &&
           found->second.far_until <= now;
}

}  // namespace kith::discovery::reflector
