#pragma once
// WaiterPool: the clients that wait for answers, as lists threaded through one bounded array, with
// a limit per client. Not thread-safe.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/hash_index.hpp"
#include "resolve/limits.hpp"

namespace kith::resolve {

/// Clients waiting for the same thing, first come first.
struct WaiterList {
    std::uint32_t first = HashIndex::none;
    std::uint32_t last = HashIndex::none;
    std::uint32_t count = 0;
    bool is_empty() const { return count == 0; }
};

class WaiterPool {
public:
    enum class Added : std::uint8_t { yes, full, client_full };

    /// `salt` spreads clients over counters in a way they cannot know.
    WaiterPool(std::size_t waiters_max, std::size_t per_client_max, std::uint64_t salt)
        : waiters_max_(waiters_max), per_client_max_(per_client_max), salt_(salt) {}

    void set_limits(std::size_t waiters_max, std::size_t per_client_max) {
        waiters_max_ = waiters_max;
        per_client_max_ = per_client_max;
    }
    std::size_t size() const { return size_; }
    bool is_full() const { return size_ >= waiters_max_; }
    bool is_client_full(std::uint64_t client) const {
        return counters_[counter_of(client)] >= per_client_max_;
    }

    Added add(WaiterList& list, std::uint64_t token, std::uint64_t client) {
        if (is_full() || list.count >= waiters_per_question_max) return Added::full;
        if (is_client_full(client)) return Added::client_full;
        const std::uint32_t index = take_free();
        waiters_[index] = {token, HashIndex::none, counter_of(client), false};
        ++counters_[waiters_[index].counter];
        (list.is_empty() ? list.first : waiters_[list.last].next) = index;
        list.last = index;
        ++list.count;
        ++size_;
        if (tokens_.is_full()) tokens_.grow();
        tokens_.insert(token_hash(token), index);
        return Added::yes;
    }

    /// Takes the first client that still waits out of the list; nullopt: the list is empty now.
    std::optional<std::uint64_t> take(WaiterList& list) {
        while (!list.is_empty()) {
            const std::uint32_t index = list.first;
            const Waiter waiter = waiters_[index];
            list.first = waiter.next;
            --list.count;
            release(index);
            if (!waiter.is_cancelled) return waiter.token;
        }
        list = {};
        return std::nullopt;
    }

    /// The client with this token is passed over by take(). False: nobody waits under it.
    bool cancel(std::uint64_t token) {
        const std::uint32_t index = tokens_.find(token_hash(token), [&](std::uint32_t at) {
            return waiters_[at].token == token && !waiters_[at].is_cancelled;
        });
        if (index == HashIndex::none) return false;
        waiters_[index].is_cancelled = true;
        return true;
    }

private:
    struct Waiter {
        std::uint64_t token = 0;
        std::uint32_t next = HashIndex::none;
        std::uint16_t counter = 0;
        bool is_cancelled = false;
    };

    static std::uint64_t token_hash(std::uint64_t token) { return mix(token); }
    static std::uint64_t mix(std::uint64_t value) {
        value = (value ^ value >> 31) * 0x7fb5d329728ea185U;
        value = (value ^ value >> 27) * 0x81dadef4bc2dd44dU;
        return value ^ value >> 33;
    }
    std::uint16_t counter_of(std::uint64_t client) const {
        return static_cast<std::uint16_t>(mix(client ^ salt_) & (client_counters - 1));
    }

    std::uint32_t take_free() {
        if (free_ == HashIndex::none) {
            waiters_.emplace_back();
            return static_cast<std::uint32_t>(waiters_.size() - 1);
        }
        const std::uint32_t index = free_;
        free_ = waiters_[index].next;
        return index;
    }
    void release(std::uint32_t index) {
        --counters_[waiters_[index].counter];
        tokens_.erase(token_hash(waiters_[index].token), index);
        waiters_[index].next = free_;
        free_ = index;
        --size_;
    }

    std::size_t waiters_max_;
    std::size_t per_client_max_;
    std::uint64_t salt_;
    std::vector<Waiter> waiters_;
    std::uint32_t free_ = HashIndex::none;
    std::size_t size_ = 0;
    HashIndex tokens_;
    std::array<std::uint32_t, client_counters> counters_{};
};

static_assert((client_counters & (client_counters - 1)) == 0, "a mask selects the counter");

}  // namespace kith::resolve
