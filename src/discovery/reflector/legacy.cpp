#include "discovery/reflector/legacy.hpp"

#include <algorithm>

#include "discovery/reflector/limits.hpp"

namespace kith::discovery::reflector {

void LegacyQueries::prune(Time now) {
    std::erase_if(queries_, [&](const LegacyQuery& query) { return query.until <= now; });
}

LegacyQuery* LegacyQueries::find_same(Time now, std::uint64_t key) {
    prune(now);
    const auto found = std::ranges::find(queries_, key, &LegacyQuery::key);
    // A second later it may be asked again.
    if (found == queries_.end() || found->until - legacy_life + question_echo_life <= now)
        return nullptr;
    return &*found;
}

LegacyQuery* LegacyQueries::find_id(Time now, std::uint16_t id) {
    prune(now);
    const auto found = std::ranges::find(queries_, id, &LegacyQuery::id);
    return found == queries_.end() ? nullptr : &*found;
}

LegacyQuery* LegacyQueries::add(Time now, Rng& rng) {
    prune(now);
    if (queries_.size() >= legacy_max) return nullptr;
    LegacyQuery query;
    do {
        query.id = static_cast<std::uint16_t>(rng.below(0x10000));
    } while (std::ranges::find(queries_, query.id, &LegacyQuery::id) != queries_.end());
    query.until = now + legacy_life;
    query.replies_left = legacy_replies_max;
    queries_.push_back(std::move(query));
    return &queries_.back();
}

}  // namespace kith::discovery::reflector
