#include "server/log_sink.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>

#include "base/log.hpp"

namespace kith::server {
namespace {

bool under_journal = false;

char journal_priority(log::Level level) {
    switch (level) {
        case log::Level::error: return '3';
        case log::Level::warning: return '4';
        case log::Level::info: return '6';
        default: return '7';
    }
}

std::string timestamp() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto seconds = static_cast<std::time_t>(ms / 1000);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

void write_line(log::Level level, std::string_view text) {
    std::string line = under_journal
                           ? fmt::format("<{}>{}\n", journal_priority(level), text)
                           : fmt::format("{} {} {}\n", timestamp(), log::level_name(level), text);
    // One write a line keeps lines of several threads whole.
    [[maybe_unused]] const auto put = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void use_standard_error_for_log() {
    under_journal = std::getenv("JOURNAL_STREAM") != nullptr;
    log::set_sink(write_line);
}

}  // namespace kith::server
