#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <iterator>
#include <limits>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "config/limits.hpp"

namespace kith::config {
namespace {

using std::chrono::milliseconds;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// Edits (insert, delete, replace, swap of neighbors) from `a` to `b`, ignoring case.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr Unit duration_units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr Unit size_units[] = {
    {"TiB", 1ULL << 40U},  {"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U},
    {"GB", 1'000'000'000}, {"MB", 1'000'000},    {"kB", 1000},         {"", 1}};

/// `number` and `unit` as one product of at most `most`.
template <std::size_t count>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const Unit (&units)[count],
                                             std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::ranges::find(units, rest, &Unit::name);
    if (unit == std::end(units) || number > most / unit->factor) return std::nullopt;
    return number * unit->factor;
}

}  // namespace

std::string shown(std::string_view text) {
    std::string out = "'";
    for (const char c : text.substr(0, shown_bytes_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ' ' || byte > '~') {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
            out += c;
        }
    }
    return out + (text.size() > shown_bytes_max ? "'..." : "'");
}

std::string json_text(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (static_cast<unsigned char>(c) < ' ') {
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known) {
    if (word.size() > shown_bytes_max) return std::nullopt;  // nobody meant that
    std::optional<std::string_view> best;
    std::size_t fewest = std::numeric_limits<std::size_t>::max();
    for (const std::string_view candidate : known) {
        const std::size_t most =
            std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        const std::size_t count = edits(word, candidate);
        if (count > most || count >= fewest) continue;
        fewest = count;
        best = candidate;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const auto best = nearest(word, known);
    return best ? fmt::format("; did you mean '{}'?", *best) : "";
}

std::string duration_text(milliseconds value) {
    const auto count = static_cast<std::uint64_t>(value.count());
    if (count == 0) return "0s";
    const auto unit = std::ranges::find_if(
        duration_units, [count](const Unit& row) { return count % row.factor == 0; });
    return fmt::format("{}{}", count / unit->factor, unit->name);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
    constexpr std::uint64_t most = 36'525ULL * 86'400'000ULL;
    const auto count = parse_with_unit(text, duration_units, most);
    if (!count) return std::nullopt;
    return milliseconds(static_cast<milliseconds::rep>(*count));
}

std::string time_text(UnixTime time) {
    const std::time_t seconds = time;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc);
}

std::vector<std::string_view> split_words(std::string_view text) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t start = text.find_first_not_of(" \t");
        if (start == std::string_view::npos) return out;
        const std::size_t end = std::min(text.find_first_of(" \t", start), text.size());
        out.push_back(text.substr(start, end - start));
        text.remove_prefix(end);
    }
}

std::string size_text(std::uint64_t bytes) {
    if (bytes == 0) return "0";
    // Only the binary units are printed: they are what memory is bought in.
    for (const Unit& unit : std::span(size_units).first(4)) {
        if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
    }
    return fmt::format("{}", bytes);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse_with_unit(text, size_units, 1ULL << 62U);
}

}  // namespace kith::config
