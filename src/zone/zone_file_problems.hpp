#pragma once
// Problems of one load, with a bound on how many are kept.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/problem.hpp"
#include "zone/zone_file_limits.hpp"

namespace kith::zone {

/// Keeps the first problems reported and counts the rest.
class ProblemList {
public:
    explicit ProblemList(std::size_t kept_max = problems_kept_default) : kept_max_(kept_max) {}

    /// False when only counted: callers that report in a loop may skip making the text.
    bool has_room() const { return kept_.size() < kept_max_; }
    void add(Problem problem);
    /// As add() with an empty text, for problems beyond has_room().
    void count(Severity severity);

    std::size_t errors() const { return errors_; }
    std::size_t warnings() const { return warnings_; }
    const Problems& kept() const { return kept_; }
    /// The problems by file and line; when some were only counted, the last says how many ("and 12
    /// more problems").
    Problems take();

private:
    std::size_t kept_max_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
    Problems kept_;
};

/// The user's `text` in quotes as part of a message: shortened, with unprintable bytes escaped.
std::string quote(std::string_view text);

}  // namespace kith::zone
