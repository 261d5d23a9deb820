#pragma once
// Counts of one worker: queries by transport, responses by rcode, verdicts by stage. Only its
// thread writes, so adding is a load and a store, not a locked instruction; anyone may read, and
// a scrape adds the workers up.

#include <array>
#include <atomic>
#include <cstdint>

#include "answer/query.hpp"

namespace kith::answer {

class Counter {
public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

inline constexpr std::size_t stage_count_max = 16;
inline constexpr std::size_t rcode_count = 24;  // 0..23; higher ones are not in use

struct alignas(64) AnswerCounters {
    Counter queries[5];                              // by Transport
    Counter rcodes[rcode_count];                     // responses, by all 12 bits of the rcode
    Counter stages[stage_count_max][verdict_count];  // in the order of pipeline.cpp
    Counter silent;                                  // messages that got no answer
    Counter malformed;   // messages answered FORMERR because they could not be read
    Counter truncated;   // responses with TC
    Counter cookies[4];  // queries by CookieState
    Counter chains_cut;  // CNAME loops, and chains over the limit
};

}  // namespace kith::answer
