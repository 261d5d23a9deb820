#pragma once
// Where log lines go: standard error, one line a write, with time and level; under systemd's
// journal (JOURNAL_STREAM) with its priority prefix and without the time it adds itself.

namespace kith::server {

/// Binds base/log to standard error. Call once, at start.
void use_standard_error_for_log();

}  // namespace kith::server
