#include "config/lines.hpp"

#include <algorithm>

namespace kith::config {

Lines::Lines(std::string_view text) {
    starts_.push_back(0);
    for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
        starts_.push_back(static_cast<Offset>(at + 1));
    }
}

Place Lines::at(Offset offset) const {
    if (starts_.empty()) return {};
    const auto after = std::ranges::upper_bound(starts_, offset);
    const auto line = static_cast<std::uint32_t>(after - starts_.begin());
    return {line, offset - *(after - 1) + 1};
}

Offset Lines::offset_of(const Place& place) const {
    if (starts_.empty()) return 0;
    const std::size_t line = std::clamp<std::size_t>(place.line, 1, starts_.size());
    return starts_[line - 1] + (place.column > 0 ? place.column - 1 : 0);
}

}  // namespace kith::config
