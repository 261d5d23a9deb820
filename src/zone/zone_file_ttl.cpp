#include "zone/zone_file.hpp"

namespace kith::zone {
namespace {

std::uint64_t seconds_of_unit(char unit) {
    switch (dns::lower(static_cast<std::uint8_t>(unit))) {
        case 's': return 1;
        case 'm': return 60;
        case 'h': return 3600;
        case 'd': return 86400;
        case 'w': return 604800;
        default: return 0;
    }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<std::uint32_t> parse_ttl(std::string_view text) {
    std::uint64_t total = 0;
    std::size_t at = 0;
    do {
        std::uint64_t number = 0;
        const std::size_t start = at;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            number = number * 10 + static_cast<std::uint64_t>(text[at] - '0');
            if (number > ttl_seconds_max) return std::nullopt;
        }
        if (at == start) return std::nullopt;
        // A number without a unit is seconds, and alone (dialect: D5).
        if (at == text.size() && start > 0) return std::nullopt;
        const std::uint64_t unit = at == text.size() ? 1 : seconds_of_unit(text[at++]);
        if (unit == 0) return std::nullopt;
        total += number * unit;
        if (total > ttl_seconds_max) return std::nullopt;
    } while (at < text.size());
    return static_cast<std::uint32_t>(total);
}

}  // namespace kith::zone
