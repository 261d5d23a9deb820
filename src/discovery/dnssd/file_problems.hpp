#pragma once
// Collects problems of one text by byte offset. Internal to dnssd.

#include <algorithm>
#include <string>
#include <string_view>

#include "base/problem.hpp"

namespace kith::discovery::dnssd {

class FileProblems {
public:
    FileProblems(std::string_view text, std::string_view file) : text_(text), file_(file) {}

    void add(std::size_t at, std::string what, Severity severity = Severity::error) {
        if (problems_.size() >= problems_max) return;
        const std::string_view before = text_.substr(0, std::min(at, text_.size()));
        const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
        const auto line = static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1);
        problems_.push_back({std::string(file_), line,
                             static_cast<std::uint32_t>(before.size() - line_start + 1),
                             std::move(what), severity});
    }
    bool has_errors() const { return kith::has_errors(problems_); }
    Problems take() { return std::move(problems_); }

private:
    static constexpr std::size_t problems_max = 50;  // nobody reads more
    std::string_view text_, file_;
    Problems problems_;
};

}  // namespace kith::discovery::dnssd
