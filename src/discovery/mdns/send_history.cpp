#include "discovery/mdns/send_history.hpp"

#include <algorithm>

#include "discovery/mdns/limits.hpp"

namespace kith::discovery::mdns {

void join_sendings(SendHistory::Sendings& into, const SendHistory::Sendings& from) {
    for (std::size_t link = 0; link < into.size(); ++link)
        into[link].last = std::max(into[link].last, from[link].last);
}

void SendHistory::keep(Time now, std::uint64_t record, const Sendings& sendings) {
    prune(now);
    const Time last = std::max(sendings[0].last, sendings[1].last);
    if (last == Sending::never || last + multicast_interval <= now) return;
    auto& kept = records_[record];
    join_sendings(kept, sendings);
    order_.push_back({last + multicast_interval, record});
}

void SendHistory::recall(std::uint64_t record, Sendings& sendings) const {
    const auto found = records_.find(record);
    if (found != records_.end()) join_sendings(sendings, found->second);
}

void SendHistory::prune(Time now) {
    while (!order_.empty() && (order_.size() >= send_history_max || order_.front().until <= now)) {
        const auto found = records_.find(order_.front().record);
        // One that was kept again since stays for its later entry.
        if (found != records_.end() &&
            std::max(found->second[0].last, found->second[1].last) + multicast_interval <=
                order_.front().until)
            records_.erase(found);
        order_.pop_front();
    }
}

}  // namespace kith::discovery::mdns
