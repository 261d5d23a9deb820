#include "zone/zone_file_problems.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "zone/stable_sort.hpp"

namespace kith::zone {

void ProblemList::add(Problem problem) {
    count(problem.severity);
    if (has_room()) kept_.push_back(std::move(problem));
}

void ProblemList::count(Severity severity) {
    ++(severity == Severity::error ? errors_ : warnings_);
}

Problems ProblemList::take() {
    const std::size_t all = errors_ + warnings_;
    Problems out = std::move(kept_);
    const auto place = [](const Problem& p) { return std::tie(p.file, p.line, p.column); };
    stable_sort(std::span(out),
                [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
    if (all > out.size()) {
        // An error among the uncounted must still refuse the file.
        const Severity severity =
            errors_ > 0 && !has_errors(out) ? Severity::error : Severity::warning;
        const std::size_t more = all - out.size();
        Problem last;
        last.text = fmt::format("and {} more problem{} ({} errors and {} warnings in all)", more,
                                more == 1 ? "" : "s", errors_, warnings_);
        last.severity = severity;
        out.push_back(std::move(last));
    }
    kept_.clear();
    errors_ = warnings_ = 0;
    return out;
}

std::string quote(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, quoted_bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte == 127) {
            fmt::format_to(std::back_inserter(out), "\\{:03}", byte);
        } else {
            out += c;
        }
    }
    if (text.size() > quoted_bytes_max) out += "...";
    return out += '\'';
}

}  // namespace kith::zone
