#pragma once
// One event, one line: `event key=value ...`. Who binds the sink adds time and level.
//
// `event` is a stable id, subject.past_tense, that operators may match on. Never a secret, never
// a payload; what a client can provoke is `debug` or counted instead. Thread-safe once the sink
// is set; set_sink() belongs to start-up.

#include <atomic>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kith::log {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };

/// Lower-case name of a level, as in configuration and output.
std::string_view level_name(Level level);

/// Receives every line at or above the threshold; called from any thread.
using Sink = void (*)(Level level, std::string_view line);

inline std::atomic<Level> threshold{Level::info};
void set_sink(Sink sink);
void emit(Level level, std::string_view line);

template <class T>
struct Field {
    std::string_view key;
    const T& value;
};
/// A field of a log line; `value` must be printable by fmt and outlive the call.
template <class T>
Field<T> kv(std::string_view key, const T& value) {
    return {key, value};
}

/// Prints a value so that it stays one word on one line: quotes what has blanks or controls.
std::string quote(std::string_view text);

template <class... T>
void write(Level level, std::string_view event, const Field<T>&... fields) {
    if (level < threshold.load(std::memory_order_relaxed)) return;  // nothing is formatted
    std::string line(event);
    [[maybe_unused]] const auto add = [&line](const auto& field) {
        if constexpr (std::is_convertible_v<decltype(field.value), std::string_view>) {
            fmt::format_to(std::back_inserter(line), " {}={}", field.key, quote(field.value));
        } else {
            fmt::format_to(std::back_inserter(line), " {}={}", field.key, field.value);
        }
    };
    (add(fields), ...);
    emit(level, line);
}

}  // namespace kith::log
