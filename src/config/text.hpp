#pragma once
// Words for messages: values made safe to print, numbers with units, the nearest known word.

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace kith::config {

/// `text` in single quotes, cut to shown_bytes_max, control and non-ASCII bytes as \xNN: safe for
/// a terminal whatever the file holds.
std::string shown(std::string_view text);

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 cannot occur in what
/// read_json() delivers and are passed on.
std::string json_text(std::string_view text);

/// The word of `known` that `word` was probably meant to be, ignoring case; nullopt when none is
/// within a third of the longer one's length in edits.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known);

/// "; did you mean 'x'?" or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

/// `3s`, `250ms`, `1h`: the largest unit that divides it.
std::string duration_text(std::chrono::milliseconds value);
/// `3s`, `250ms`, `2m`, `1h`, `1d`; nullopt for anything else, or more than 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `2026-01-01T00:00:00Z`.
std::string time_text(UnixTime time);

/// What stands between spaces and tabs.
std::vector<std::string_view> split_words(std::string_view text);

/// `64MiB`, `1GiB`, `1000`: the largest unit that divides it.
std::string size_text(std::uint64_t bytes);
/// A number of bytes, or one with KiB, MiB, GiB, kB, MB, GB; nullopt for anything else.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace kith::config
