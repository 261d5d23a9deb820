#pragma once
// Budget: so many packets a second, and a burst of so many.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"
#include "discovery/reflector/limits.hpp"
#include "discovery/reflector/recency_table.hpp"

namespace kith::discovery::reflector {

class Budget {
public:
    Budget(double per_second, double burst)
        : per_second_(per_second), burst_(burst), left_(burst) {}

    /// Whether take() would get one.
    bool has_any(Time now) {
        refill(now);
        return left_ >= 1;
    }
    /// Takes one; false when there is none left.
    bool take(Time now) {
        if (!has_any(now)) return false;
        left_ -= 1;
        return true;
    }

private:
    void refill(Time now) {
        if (last_ != Time{})
            left_ = std::min(
                burst_, left_ + per_second_ * std::chrono::duration<double>(now - last_).count());
        last_ = now;
    }

    double per_second_, burst_, left_;
    Time last_{};
};

/// A budget for each host, by a hash of its address.
class SourceBudgets {
public:
    bool take(Time now, std::uint64_t source) {
        return budgets_.touch(source, source_packets_per_second, source_packets_burst).take(now);
    }
    std::size_t size() const { return budgets_.size(); }

private:
    RecencyTable<Budget> budgets_{sources_max};
};

}  // namespace kith::discovery::reflector
