#include "discovery/mdns/echo_guard.hpp"

#include <algorithm>

#include "discovery/mdns/limits.hpp"

namespace kith::discovery::mdns {

void EchoGuard::on_sent(Time now, std::uint64_t digest) {
    while (!sent_order_.empty() && (sent_order_.size() >= sent_digests_max ||
                                    sent_order_.front().time + sent_digest_life < now)) {
        const auto found = sent_.find(sent_order_.front().digest);
        if (found != sent_.end() && found->second == sent_order_.front().time) sent_.erase(found);
        sent_order_.pop_front();
    }
    sent_[digest] = now;
    sent_order_.push_back({now, digest});
}

bool EchoGuard::was_sent(Time now, std::uint64_t digest) const {
    const auto found = sent_.find(digest);
    return found != sent_.end() && found->second + sent_digest_life >= now;
}

void EchoGuard::hold(std::uint64_t record) { ++records_[record].holders; }

void EchoGuard::release(Time now, std::uint64_t record, Duration life) {
    const auto found = records_.find(record);
    if (found == records_.end() || --found->second.holders > 0) return;
    found->second.until = now + std::min(life, former_record_life_max);
    former_order_.push_back(record);
    while (former_order_.size() > former_records_max ||
           (!former_order_.empty() && !is_ours(now, former_order_.front()))) {
        const auto oldest = records_.find(former_order_.front());
        if (oldest != records_.end() && oldest->second.holders == 0) records_.erase(oldest);
        former_order_.pop_front();
    }
}

bool EchoGuard::is_ours(Time now, std::uint64_t record) const {
    const auto found = records_.find(record);
    return found != records_.end() && (found->second.holders > 0 || found->second.until >= now);
}

bool EchoGuard::is_held(std::uint64_t record) const {
    const auto found = records_.find(record);
    return found != records_.end() && found->second.holders > 0;
}

}  // namespace kith::discovery::mdns
