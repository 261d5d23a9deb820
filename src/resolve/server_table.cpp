#include "resolve/server_table.hpp"

#include <algorithm>

#include "resolve/limits.hpp"

namespace kith::resolve {

void Server::on_reply(Duration measured) {
    measured = std::max<Duration>(measured, 1us);
    if (round_trip == Duration{}) {
        round_trip = measured;
        deviation = measured / 2;
    } else {
        const Duration error =
            measured > round_trip ? measured - round_trip : round_trip - measured;
        deviation = (3 * deviation + error) / 4;
        round_trip = (7 * round_trip + measured) / 8;
    }
    on_sign_of_life();
}

void Server::on_sign_of_life() {
    timeouts = 0;
    back_off = {};
    backed_off_until = {};
    ++answered;
}

void Server::on_timeout(Time now) {
    if (timeouts < 1000) ++timeouts;
    if (timeouts < timeouts_before_back_off) return;
    back_off = back_off == Duration{} ? back_off_min : std::min(2 * back_off, back_off_max);
    backed_off_until = now + back_off;
}

Duration Server::retry_after(int attempts, Duration attempt_timeout) const {
    const Duration first =
        round_trip == Duration{} ? rto_first : std::max(round_trip + 4 * deviation, rto_min);
    return std::min(first * (1 << std::min(attempts, 3)), attempt_timeout);
}

std::optional<ServerIndex> ServerTable::add(const Endpoint& endpoint) {
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (servers_[i].in_use && servers_[i].endpoint == endpoint)
            return static_cast<ServerIndex>(i);
    }
    auto free = std::ranges::find(servers_, false, &Server::in_use);
    if (free == servers_.end()) {
        if (servers_.size() == servers_max) return std::nullopt;
        free = servers_.emplace(servers_.end());
    }
    *free = Server{};
    free->endpoint = endpoint;
    free->in_use = true;
    return static_cast<ServerIndex>(free - servers_.begin());
}

ServerIndex ServerTable::pick(Time now, std::span<const ServerIndex> candidates, Rng& rng) const {
    if (candidates.size() == 1) return candidates[0];
    if (rng.below(explore_one_in) == 0) {
        const ServerIndex other =
            candidates[rng.below(static_cast<std::uint32_t>(candidates.size()))];
        if (!servers_[other].is_backed_off(now)) return other;
    }
    const Server* best = nullptr;
    for (const ServerIndex index : candidates) {
        const Server& server = servers_[index];
        if (server.is_backed_off(now)) continue;
        if (best == nullptr) best = &server;
        // What was not measured keeps its place: exploring measures it.
        if (server.round_trip == Duration{} || best->round_trip == Duration{}) continue;
        if (server.round_trip + clearly_faster < best->round_trip &&
            2 * server.round_trip < best->round_trip) {
            best = &server;
        }
    }
    if (best != nullptr) return static_cast<ServerIndex>(best - servers_.data());
    return *std::ranges::min_element(
        candidates, {}, [&](ServerIndex index) { return servers_[index].backed_off_until; });
}

}  // namespace kith::resolve
