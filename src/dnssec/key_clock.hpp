#pragma once
// KeyClock: the time by which a KeyManager waits. A wall clock may jump (a battery that is empty, a
// wrong time server, a machine restored from an image), and a wait cut short by a jump can make a zone
// bogus. So while something is waited for, only time counts that has been seen to pass: not jumps, and
// not the time while the server was stopped. While nothing is, it is the wall clock's time.
//
// Takes both clocks as arguments; one thread at a time.

#include <optional>

#include "base/time.hpp"

namespace kith::dnssec {

class KeyClock {
public:
    enum class Waits : bool { no, yes };

    /// `last`: what tell() told before the server was stopped, as it was kept; none: never.
    explicit KeyClock(std::optional<UnixTime> last = std::nullopt) : time_(last) {}

    /// The time to give to the manager. `wall`: the wall clock; `now`: a clock that only goes
    /// forward, by seconds that pass. Never less than before while something is waited for.
    UnixTime tell(UnixTime wall, Time now, Waits waits);

private:
    std::optional<UnixTime> time_;
    std::optional<Time> told_at_;  // time_ is of this moment
};

}  // namespace kith::dnssec
