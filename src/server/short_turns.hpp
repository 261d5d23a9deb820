#pragma once
// How the control thread shares a core with a worker that answers.
//
// The scheduler gives a thread turns of several milliseconds, and a query that arrives meanwhile
// waits for the end of one. Long work of the control thread is therefore cut into turns of a
// tenth of a millisecond: loading a million records under full load leaves latencies as they were.

#include <ctime>

namespace kith::server {

/// For the calling thread, once: its share is a tenth of a worker's where they compete, and all of
/// a core that is free.
void yield_to_workers();

/// While it lives, the thread that made it gives way every 100 microseconds to others that can run.
/// Costs a timer interrupt each time, nothing when it is gone. Without timers (a limit of the
/// system) the work is done in long turns. System calls are restarted.
class ShortTurns {
public:
    ShortTurns();
    ~ShortTurns();
    ShortTurns(const ShortTurns&) = delete;
    ShortTurns& operator=(const ShortTurns&) = delete;

private:
    timer_t timer_{};
    bool running_ = false;
};

}  // namespace kith::server
