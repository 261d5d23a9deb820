#pragma once
// Budget: so many packets a second, and a burst of so many.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <unordered_map>

#include "base/time.hpp"
#include "discovery/reflector/limits.hpp"

namespace kith::discovery::reflector {

class Budget {
public:
    Budget(double per_second, double burst)
        : per_second_(per_second), burst_(burst), left_(burst) {}

    /// Takes one; false when there is none left.
    bool take(Time now) {
        if (last_ != Time{})
            left_ = std::min(
                burst_, left_ + per_second_ * std::chrono::duration<double>(now - last_).count());
        last_ = now;
        if (left_ < 1) return false;
        left_ -= 1;
        return true;
    }

private:
    double per_second_, burst_, left_;
    Time last_{};
};

/// A budget for each host, by a hash of its address.
class SourceBudgets {
public:
    bool take(Time now, std::uint64_t source) {
        auto found = budgets_.find(source);
        if (found == budgets_.end()) {
            if (order_.size() >= sources_max) {
                budgets_.erase(order_.front());
                order_.pop_front();
            }
            order_.push_back(source);
            found =
                budgets_.emplace(source, Budget(source_packets_per_second, source_packets_burst))
                    .first;
        }
        return found->second.take(now);
    }
    std::size_t size() const { return budgets_.size(); }

private:
    std::unordered_map<std::uint64_t, Budget> budgets_;
    std::deque<std::uint64_t> order_;
};

}  // namespace kith::discovery::reflector
