#pragma once
// SendHistory: when records were multicast that are gone again. Who withdraws a record and registers
// it anew within a second must not say it twice in that second (RFC 6762 §6).

#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "discovery/mdns/own_records.hpp"

namespace kith::discovery::mdns {

class SendHistory {
public:
    using Sendings = std::array<Sending, 2>;  // per link

    /// What `record`, a hash, was multicast like; kept while it matters, unless send_history_max others
    /// come after it.
    void keep(Time now, std::uint64_t record, const Sendings& sendings);
    /// The last of both: of `sendings` and what is remembered.
    void recall(std::uint64_t record, Sendings& sendings) const;

    std::size_t size() const { return order_.size(); }

private:
    struct Entry {
        Time until{};
        std::uint64_t record = 0;
    };
    void prune(Time now);

    std::unordered_map<std::uint64_t, Sendings> records_;
    std::deque<Entry> order_;  // may name one record twice
};

/// Sets the time of each to the later one.
void join_sendings(SendHistory::Sendings& into, const SendHistory::Sendings& from);

}  // namespace kith::discovery::mdns
