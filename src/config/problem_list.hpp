#pragma once
// Collects problems of one file up to a bound, so that a broken file of any size stays a screenful.

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/problem.hpp"
#include "config/config.hpp"
#include "config/limits.hpp"

namespace kith::config {

/// In the file's order; what has no place comes last.
inline void sort_problems(Problems& problems) {
    std::ranges::stable_sort(problems, {}, [](const Problem& problem) {
        return std::tuple(problem.line == 0, problem.line, problem.column);
    });
}

class ProblemList {
public:
    /// `config` must outlive the list; its file and lines must be set.
    explicit ProblemList(const Config& config) : config_(config) {}

    void error(Offset at, std::string text) {
        if (++errors_ <= problems_max) list_.push_back(config_.problem(at, std::move(text)));
    }
    void warn(Offset at, std::string text) {
        if (++warnings_ > problems_max) return;
        list_.push_back(config_.problem(at, std::move(text), Severity::warning));
    }
    std::size_t errors() const { return errors_; }

    /// All of them in the file's order, with a last line for those left out.
    Problems take() {
        sort_problems(list_);
        leave_note(errors_, "errors", Severity::error);
        leave_note(warnings_, "warnings", Severity::warning);
        return std::move(list_);
    }

private:
    void leave_note(std::size_t count, std::string_view what, Severity severity) {
        if (count <= problems_max) return;
        list_.push_back({config_.file, 0, 0,
                         fmt::format("{} more {} are not shown; correct these first",
                                     count - problems_max, what),
                         severity});
    }

    const Config& config_;
    Problems list_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
};

}  // namespace kith::config
