#include "dnssec/key_clock.hpp"

namespace kith::dnssec {

UnixTime KeyClock::tell(UnixTime wall, Time now, Waits waits) {
    if (waits == Waits::no || !time_) {
        time_ = wall;
        told_at_ = now;
        return wall;
    }
    if (!told_at_) told_at_ = now;
    // Whole seconds only; the rest is counted next time.
    const auto passed = std::chrono::floor<std::chrono::seconds>(now - *told_at_);
    *time_ += passed.count();
    *told_at_ += passed;
    return *time_;
}

}  // namespace kith::dnssec
