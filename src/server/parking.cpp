#include "server/parking.hpp"

#include <utility>

namespace kith::server {

std::uint64_t Parking::next_token() const {
    if (free_.empty()) return slots_.size();
    const std::uint32_t index = free_.back();
    return std::uint64_t{slots_[index].generation} << 32 | index;
}

void Parking::park(const Arrival& arrival, const answer::Query& query) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    Slot& slot = slots_[free_.back()];
    free_.pop_back();
    slot.used = true;
    Parked& parked = slot.parked;
    parked.udp = arrival.udp;
    if (arrival.udp != nullptr) {
        parked.udp_peer = arrival.batch != nullptr
                              ? arrival.batch->peer(*arrival.udp, arrival.index)
                              : *arrival.udp_peer;
    }
    parked.tcp_client = arrival.tcp_client;
    parked.client = query.client;
    parked.local = query.local;
    parked.message.assign(query.message.begin(), query.message.end());
}

std::optional<Parked> Parking::take(std::uint64_t token) {
    const auto index = static_cast<std::uint32_t>(token);
    if (index >= slots_.size()) return std::nullopt;
    Slot& slot = slots_[index];
    if (!slot.used || slot.generation != token >> 32) return std::nullopt;
    slot.used = false;
    ++slot.generation;
    free_.push_back(index);
    return std::exchange(slot.parked, Parked{});
}

}  // namespace kith::server
