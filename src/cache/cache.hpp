#pragma once
// The cache of upstream answers: positive, negative (RFC 2308), stale (RFC 8767) and failed
// (RFC 9520), keyed by the whole question and the DO and CD bits it was asked with. An entry
// answers its own question and nothing else, so what an upstream says about one name never
// speaks for another.
//
// Bounded in entries and, hard, in bytes: answers, entries and index together. At the bound SIEVE
// evicts: an entry that was asked for since the hand last passed stays, so a flood of random names
// pushes out itself and not the names in use. One cache per worker: not thread-safe, no locks.
// A hit allocates nothing. No clock: `now` is an argument and must not go backwards.

#include <memory>
#include <vector>

#include "base/hash_index.hpp"
#include "cache/answer.hpp"
#include "cache/limits.hpp"
#include "dns/name_hash.hpp"

namespace kith::cache {

/// Bits of a query that change what upstream answers.
struct KeyFlags {
    bool dnssec_ok = false;          // DO
    bool checking_disabled = false;  // CD
    friend bool operator==(const KeyFlags&, const KeyFlags&) = default;
};

/// A question, with the name made ready for looking up; `name` must outlive the key.
struct Key {
    const dns::LookupName& name;
    dns::RrType type{};
    dns::RrClass klass{};
    KeyFlags flags{};

    std::uint64_t hash() const;
};

struct CacheLimits {
    std::size_t bytes_max = std::size_t{64} << 20;  // hard, index included; 0: cache nothing
    std::size_t entries_max = 1'000'000;            // 0: cache nothing
    std::uint32_t stale_seconds_max =
        86400;  // how long past its TTL data is kept; 0: no stale data
    friend bool operator==(const CacheLimits&, const CacheLimits&) = default;
};

struct CacheStats {
    std::uint64_t hits = 0;  // fresh answers found
    std::uint64_t stale_hits = 0;
    std::uint64_t failed_hits = 0;  // failures found
    std::uint64_t misses = 0;
    std::uint64_t stored = 0;
    std::uint64_t refused = 0;  // too large to keep
    std::uint64_t evicted = 0;
};

/// What find() knows of a question.
struct Found {
    enum class State : std::uint8_t {
        none,           // ask upstream
        fresh,          // `answer` is the reply
        stale_recheck,  // ask upstream; `answer` (stale) is the reply if that fails or takes long
        stale,          // upstream failed a moment ago: `answer` (stale) is the reply
        failed,  // upstream failed a moment ago and there is no data: SERVFAIL, `answer` says so
    };
    State state = State::none;
    bool prefetch = false;  // fresh, popular and soon over: ask upstream in the background
    CachedAnswer answer{};  // unless `none`; valid until the next non-const call
};

class Cache {
public:
    explicit Cache(CacheLimits limits);

    /// Starts loading what find() will need.
    void prefetch(const Key& key) const { index_.prefetch(key.hash()); }
    /// Looks up a question for a client: counts it and marks the entry as used.
    Found find(Time now, const Key& key);
    /// The same without counting or marking.
    Found peek(Time now, const Key& key) const;

    /// Keeps `answer` for its TTL; forgets earlier failures of the question. Answers without
    /// records or with TTL 0 are not kept, but replace (erase) what was there.
    void store(Time now, const Key& key, const Answer& answer);
    /// Remembers that upstream failed: with stale data for stale_recheck_seconds, else 5 seconds,
    /// doubled each time up to 300. Data within its TTL stays as it is, and is not prefetched again
    /// for that long. `ede` is given back by find() with a failed answer.
    void fail(Time now, const Key& key, std::optional<dns::EdeCode> ede);

    void clear();
    /// Forgets all names at and under `apex`; returns how many entries went. Walks the whole cache.
    std::size_t erase_under(dns::NameView apex);

    std::size_t size() const { return index_.size(); }
    /// All bytes taken from the heap; at most bytes_max after every call.
    std::size_t bytes() const;
    const CacheStats& stats() const { return stats_; }
    const CacheLimits& limits() const { return limits_; }

private:
    struct Entry {
        Answer answer;
        std::uint64_t hash = 0;
        Time stored{};
        Time failed_until{};  // epoch: no failure
        std::uint32_t newer = HashIndex::none,
                      older = HashIndex::none;  // SIEVE's queue; free list: older
        std::uint16_t type = 0, klass = 0;
        KeyFlags flags;
        std::uint8_t hits = 0;      // since stored, saturating
        std::uint8_t failures = 0;  // in a row, saturating
        bool visited = false;
        std::optional<dns::EdeCode> failure_ede;
    };

    Entry& at(std::uint32_t index) {
        return chunks_[index / entries_per_chunk][index % entries_per_chunk];
    }
    const Entry& at(std::uint32_t index) const {
        return chunks_[index / entries_per_chunk][index % entries_per_chunk];
    }
    bool is_it(const Entry& entry, const Key& key) const;
    std::uint32_t lookup(const Key& key) const;
    Found judge(Time now, const Entry& entry) const;
    bool is_usable(Time now, const Entry& entry) const;
    bool is_too_large(const Answer& answer) const;
    std::uint32_t add(const Key& key);
    bool make_slot();
    void put(std::uint32_t index, Time now, Answer answer);
    void evict(std::uint32_t keep);
    void erase(std::uint32_t index);
    void link_newest(std::uint32_t index);
    void unlink(std::uint32_t index);

    CacheLimits limits_;
    CacheStats stats_;
    HashIndex index_;
    std::vector<std::unique_ptr<Entry[]>> chunks_;
    std::uint32_t free_ = HashIndex::none;
    std::uint32_t newest_ = HashIndex::none;
    std::uint32_t oldest_ = HashIndex::none;
    std::uint32_t hand_ = HashIndex::none;  // next entry to look at; none: start at the oldest
    std::size_t answer_bytes_ = 0;
};

}  // namespace kith::cache
