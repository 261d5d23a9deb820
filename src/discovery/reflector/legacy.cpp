#include "discovery/reflector/legacy.hpp"

#include <algorithm>
#include <ranges>

#include "discovery/reflector/limits.hpp"

namespace kith::discovery::reflector {

bool LegacyQuery::add_client(const LegacyClient& client) {
    if (std::ranges::find(clients, client) != clients.end()) return true;
    const auto of_host = std::ranges::count(clients, client.endpoint.address,
                                            [](const auto& each) { return each.endpoint.address; });
    if (clients.size() >= legacy_clients_max ||
        static_cast<std::size_t>(of_host) >= legacy_per_client_max)
        return false;
    clients.push_back(client);
    return true;
}

bool LegacyQuery::is_new(std::uint64_t record) {
    return records.size() < legacy_records_max && records.insert(record).second;
}

void LegacyQueries::prune(Time now) {
    std::erase_if(queries_, [&](const LegacyQuery& query) { return query.until <= now; });
}

LegacyQuery* LegacyQueries::find_same(Time now, std::uint64_t key) {
    prune(now);
    for (LegacyQuery& query : std::views::reverse(queries_)) {
        if (query.key != key) continue;
        // A second later it may be asked again; older ones are older still.
        return query.until - legacy_life + question_echo_life > now ? &query : nullptr;
    }
    return nullptr;
}

LegacyQuery* LegacyQueries::find_id(Time now, std::uint16_t id) {
    prune(now);
    const auto found = std::ranges::find(queries_, id, &LegacyQuery::id);
    return found == queries_.end() ? nullptr : &*found;
}

LegacyQuery* LegacyQueries::add(Time now, Rng& rng, const LegacyClient& client) {
    prune(now);
    const auto of_host = std::ranges::count(
        queries_, client.endpoint.address,
        [](const LegacyQuery& query) { return query.clients.front().endpoint.address; });
    if (queries_.size() >= legacy_max || static_cast<std::size_t>(of_host) >= legacy_per_host_max)
        return nullptr;
    LegacyQuery query;
    do {
        query.id = static_cast<std::uint16_t>(rng.below(0x10000));
    } while (std::ranges::find(queries_, query.id, &LegacyQuery::id) != queries_.end());
    query.until = now + legacy_life;
    query.replies_left = legacy_replies_max;
    query.clients.push_back(client);
    queries_.push_back(std::move(query));
    return &queries_.back();
}

}  // namespace kith::discovery::reflector
