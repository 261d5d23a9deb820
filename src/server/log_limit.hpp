#pragma once
// LogLimit: how often events that clients cause are logged. What is one line of interest becomes a
// flood when a thousand clients do it.

#include <cstdint>
#include <optional>
#include <utility>

#include "base/time.hpp"
#include "server/limits.hpp"

namespace kith::server {

/// Lets client_lines_per_minute lines through, and counts the others. One thread at a time.
class LogLimit {
public:
    /// What may be said of an event that happens `now`: how many before it went without a line, or
    /// nullopt: this is another of them.
    std::optional<std::uint64_t> take(UnixTime now) {
        const bool is_over = now < since_ || now - since_ >= 60;  // or the clock was set back
        if (is_over) {
            since_ = now;
            lines_ = 0;
        }
        if (lines_ == client_lines_per_minute) {
            ++left_out_;
            return std::nullopt;
        }
        ++lines_;
        return std::exchange(left_out_, 0);
    }

private:
    UnixTime since_ = 0;
    int lines_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace kith::server
