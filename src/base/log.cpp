#include "base/log.hpp"

#include <algorithm>

namespace kith::log {
namespace {

std::atomic<Sink> current_sink{nullptr};

bool is_plain(char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; }

}  // namespace

std::string_view level_name(Level level) {
    switch (level) {
        case Level::trace: return "trace";
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: return "error";
        case Level::off: return "off";
    }
    return "off";
}

void set_sink(Sink sink) { current_sink.store(sink, std::memory_order_release); }

void emit(Level level, std::string_view line) {
    if (const Sink sink = current_sink.load(std::memory_order_acquire)) sink(level, line);
}

std::string quote(std::string_view text) {
    if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
    std::string out = "\"";
    for (const char c : text) {
        if (is_plain(c) || c == ' ') {
            out += c;
        } else {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
        }
    }
    return out + '"';
}

}  // namespace kith::log
