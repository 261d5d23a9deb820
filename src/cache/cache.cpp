// Eviction is SIEVE: one queue in order of insertion and a hand that walks it from the oldest to
// the newest. What was visited since the hand last came by stays where it is and loses its mark;
// the first entry without one goes. New entries start unmarked ahead of the hand, so names asked
// for once go before the hand reaches those that are used again.

#include "cache/cache.hpp"

#include <algorithm>
#include <utility>

namespace kith::cache {
namespace {

using State = Found::State;

std::uint64_t spread(std::uint64_t value) {
    value *= 0x9e3779b97f4a7c15U;
    return value ^ value >> 32;
}

/// The extended error of a stale answer (RFC 8914 §4.4, §4.20).
dns::EdeCode stale_ede(const CachedAnswer& answer) {
    return answer.rcode() == dns::Rcode::NXDOMAIN ? dns::EdeCode::stale_nxdomain_answer
                                                  : dns::EdeCode::stale_answer;
}

std::chrono::seconds failure_time(int failures) {
    const std::uint64_t seconds = std::uint64_t{failure_seconds_min} << std::min(failures - 1, 16);
    return std::chrono::seconds(std::min<std::uint64_t>(seconds, failure_seconds_max));
}

}  // namespace

std::uint64_t Key::hash() const {
    const std::uint64_t rest = static_cast<std::uint64_t>(type) << 32 |
                               static_cast<std::uint64_t>(klass) << 8 |
                               (flags.dnssec_ok ? 2U : 0U) | (flags.checking_disabled ? 1U : 0U);
    // The name's hash is keyed; what is added needs no key, only to tell questions of a name apart.
    return spread(name.hash() ^ rest * 0xd6e8feb86659fd93U);
}

Cache::Cache(CacheLimits limits) : limits_(limits) {
    limits_.entries_max = std::min<std::size_t>(limits_.entries_max, HashIndex::none - 1);
}

bool Cache::is_it(const Entry& entry, const Key& key) const {
    if (entry.type != static_cast<std::uint16_t>(key.type) ||
        entry.klass != static_cast<std::uint16_t>(key.klass) || entry.flags != key.flags) {
        return false;
    }
    // Both names are in lower case, and a name's bytes say where it ends.
    const Bytes message = entry.answer.message();
    const Bytes name = key.name.view().wire();
    return message.size() >= dns::header_bytes + name.size() &&
           std::memcmp(message.data() + dns::header_bytes, name.data(), name.size()) == 0;
}

std::uint32_t Cache::lookup(const Key& key) const {
    const std::uint64_t hash = key.hash();
    return index_.find(hash, [&](std::uint32_t index) {
        const Entry& entry = at(index);
        return entry.hash == hash && is_it(entry, key);
    });
}

/// Its data is fresh, or stale and still good enough to fall back on.
bool Cache::is_usable(Time now, const Entry& entry) const {
    const auto life =
        std::chrono::seconds(std::uint64_t{entry.answer.ttl_seconds()} + limits_.stale_seconds_max);
    return entry.answer.has_records() && now - entry.stored < life;
}

Found Cache::judge(Time now, const Entry& entry) const {
    const bool failed = now < entry.failed_until;
    if (!is_usable(now, entry)) {
        // Data that has just become too old even to be stale may still stand in a failed entry.
        if (!failed || entry.answer.has_records()) return {};
        Found found{State::failed, false, entry.answer.view(entry.stored, Freshness::failed)};
        found.answer.ede = entry.failure_ede;
        return found;
    }
    const std::uint32_t ttl = entry.answer.ttl_seconds();
    if (now - entry.stored < std::chrono::seconds(ttl)) {
        const CachedAnswer answer = entry.answer.view(entry.stored, Freshness::fresh);
        const bool ending = ttl - answer.age_seconds(now) <= ttl / prefetch_share;
        return {State::fresh,
                ending && !failed && ttl >= prefetch_ttl_min && entry.hits >= prefetch_hits_min,
                answer};
    }
    Found found{failed ? State::stale : State::stale_recheck, false,
                entry.answer.view(entry.stored, Freshness::stale)};
    found.answer.ede = stale_ede(found.answer);
    return found;
}

Found Cache::find(Time now, const Key& key) {
    const std::uint32_t index = lookup(key);
    if (index == HashIndex::none) {
        ++stats_.misses;
        return {};
    }
    Entry& entry = at(index);
    const Found found = judge(now, entry);
    switch (found.state) {
        case State::none: ++stats_.misses; return found;
        case State::fresh: ++stats_.hits; break;
        case State::stale:
        case State::stale_recheck: ++stats_.stale_hits; break;
        case State::failed: ++stats_.failed_hits; break;
    }
    entry.visited = true;
    if (entry.hits != 255) ++entry.hits;
    return found;
}

Found Cache::peek(Time now, const Key& key) const {
    const std::uint32_t index = lookup(key);
    return index == HashIndex::none ? Found{} : judge(now, at(index));
}

void Cache::store(Time now, const Key& key, const Answer& answer) {
    const std::uint32_t index = lookup(key);
    const bool keep = answer.has_records() && answer.ttl_seconds() != 0;
    if (keep && is_too_large(answer)) ++stats_.refused;
    if (!keep || is_too_large(answer)) {
        if (index != HashIndex::none) erase(index);
        return;
    }
    const std::uint32_t place = index != HashIndex::none ? index : add(key);
    if (place == HashIndex::none) return;
    Entry& entry = at(place);
    entry.failed_until = {};
    entry.failures = 0;
    entry.failure_ede.reset();
    put(place, now, answer.copy());
    ++stats_.stored;
}

void Cache::fail(Time now, const Key& key, std::optional<dns::EdeCode> ede) {
    Answer failure = Answer::failure(key.name.view(), key.type, key.klass);
    std::uint32_t place = lookup(key);
    if (place == HashIndex::none) {
        if (is_too_large(failure)) return;
        place = add(key);
        if (place == HashIndex::none) return;
        put(place, now, std::move(failure));
    } else if (!is_usable(now, at(place))) {
        put(place, now, std::move(failure));
    }
    Entry& entry = at(place);
    if (entry.failures != 255) ++entry.failures;
    entry.failure_ede = ede;
    const bool has_data = entry.answer.has_records();
    entry.failed_until = now + (has_data ? std::chrono::seconds(stale_recheck_seconds)
                                         : failure_time(entry.failures));
}

bool Cache::is_too_large(const Answer& answer) const {
    return answer.bytes() > limits_.bytes_max / answer_share_of_cache || limits_.entries_max == 0;
}

/// Puts the answer into the entry and evicts others until all is within the bound again.
void Cache::put(std::uint32_t index, Time now, Answer answer) {
    Entry& entry = at(index);
    answer_bytes_ -= entry.answer.bytes();
    entry.answer = Answer();
    while (bytes() + answer.bytes() > limits_.bytes_max && size() > 1) evict(index);
    if (bytes() + answer.bytes() > limits_.bytes_max) {  // a cache too small for its own tables
        erase(index);
        ++stats_.refused;
        return;
    }
    answer_bytes_ += answer.bytes();
    entry.answer = std::move(answer);
    entry.stored = now;
    entry.hits = 0;
}

std::size_t Cache::bytes() const {
    constexpr std::size_t chunk_bytes = entries_per_chunk * sizeof(Entry) + 16;
    return answer_bytes_ + chunks_.size() * chunk_bytes + chunks_.capacity() * sizeof(chunks_[0]) +
           index_.bytes();
}

/// Makes sure that there is a free entry and a place in the index; false when the cache is too
/// small for even that.
bool Cache::make_slot() {
    constexpr std::size_t chunk_bytes = entries_per_chunk * sizeof(Entry) + 16;
    if (size() >= limits_.entries_max) evict(HashIndex::none);
    if (index_.is_full()) {
        // Both tables exist while one grows.
        if (bytes() + index_.grown_bytes() <= limits_.bytes_max) {
            index_.grow();
        } else {
            evict(HashIndex::none);
        }
    }
    if (free_ == HashIndex::none) {
        const std::size_t list = chunks_.size() == chunks_.capacity()
                                     ? (2 * chunks_.size() + 8) * sizeof(chunks_[0])
                                     : 0;
        if (bytes() + chunk_bytes + list > limits_.bytes_max) {
            evict(HashIndex::none);
        } else {
            if (list != 0) chunks_.reserve(2 * chunks_.size() + 8);
            chunks_.push_back(std::make_unique<Entry[]>(entries_per_chunk));
            const std::size_t first = (chunks_.size() - 1) * entries_per_chunk;
            for (std::size_t i = entries_per_chunk; i > 0; --i) {
                at(static_cast<std::uint32_t>(first + i - 1)).older =
                    std::exchange(free_, static_cast<std::uint32_t>(first + i - 1));
            }
        }
    }
    return free_ != HashIndex::none && !index_.is_full();
}

/// A new entry without an answer, which the caller puts in; `none` when there is no room.
std::uint32_t Cache::add(const Key& key) {
    if (!make_slot()) {
        ++stats_.refused;
        return HashIndex::none;
    }
    const std::uint32_t index = free_;
    Entry& entry = at(index);
    free_ = entry.older;
    entry = Entry{};
    entry.hash = key.hash();
    entry.type = static_cast<std::uint16_t>(key.type);
    entry.klass = static_cast<std::uint16_t>(key.klass);
    entry.flags = key.flags;
    index_.insert(entry.hash, index);
    link_newest(index);
    return index;
}

/// Takes out one entry, not `keep`.
void Cache::evict(std::uint32_t keep) {
    std::uint32_t victim = HashIndex::none;
    for (int steps = 0; steps < eviction_steps_max; ++steps) {
        if (hand_ == HashIndex::none) hand_ = oldest_;
        if (hand_ == HashIndex::none) return;
        const std::uint32_t looked_at = hand_;
        hand_ = at(looked_at).newer;
        if (looked_at == keep) continue;
        victim = looked_at;
        if (!std::exchange(at(victim).visited, false)) break;
    }
    if (victim == HashIndex::none) return;
    erase(victim);
    ++stats_.evicted;
}

void Cache::erase(std::uint32_t index) {
    Entry& entry = at(index);
    answer_bytes_ -= entry.answer.bytes();
    entry.answer = Answer();
    index_.erase(entry.hash, index);
    unlink(index);
    entry.older = free_;
    free_ = index;
}

void Cache::link_newest(std::uint32_t index) {
    Entry& entry = at(index);
    entry.newer = HashIndex::none;
    entry.older = newest_;
    if (newest_ != HashIndex::none) at(newest_).newer = index;
    newest_ = index;
    if (oldest_ == HashIndex::none) oldest_ = index;
}

void Cache::unlink(std::uint32_t index) {
    const Entry& entry = at(index);
    if (hand_ == index) hand_ = entry.newer;
    (entry.newer != HashIndex::none ? at(entry.newer).older : newest_) = entry.older;
    (entry.older != HashIndex::none ? at(entry.older).newer : oldest_) = entry.newer;
}

void Cache::clear() {
    index_.clear();
    chunks_.clear();
    chunks_.shrink_to_fit();
    free_ = newest_ = oldest_ = hand_ = HashIndex::none;
    answer_bytes_ = 0;
}

std::size_t Cache::erase_under(dns::NameView apex) {
    std::size_t erased = 0;
    for (std::uint32_t index = oldest_; index != HashIndex::none;) {
        const std::uint32_t next = at(index).newer;
        if (at(index).answer.view({}, Freshness::fresh).name().is_under(apex)) {
            erase(index);
            ++erased;
        }
        index = next;
    }
    return erased;
}

}  // namespace kith::cache
