#include "server/short_turns.hpp"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace kith::server {
namespace {

constexpr long turn_nanoseconds = 100'000;

/// As sched_setattr(2) takes it; the C library of Debian 12 has no declaration.
struct SchedulerAttributes {
    std::uint32_t size = sizeof(SchedulerAttributes);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

void give_way(int) {
    const int kept = errno;
    ::sched_yield();
    errno = kept;
}

}  // namespace

void yield_to_workers() {
    constexpr int nice = 10;
    SchedulerAttributes attributes;
    attributes.nice = nice;
    // Linux 6.12 takes a wish for short turns. It looks at them only at its clock tick, so that
    // giving way is still ours to do; but whoever gives way loses a whole turn, and this is how long.
    attributes.runtime = turn_nanoseconds;
    if (::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nice);  // of this thread only
}

ShortTurns::ShortTurns() {
    struct sigaction action{};
    action.sa_handler = give_way;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGRTMIN, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN;
    event._sigev_un._tid = ::gettid();
    if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) return;
    running_ = true;
    itimerspec every{};
    every.it_interval.tv_nsec = every.it_value.tv_nsec = turn_nanoseconds;
    ::timer_settime(timer_, 0, &every, nullptr);
}

ShortTurns::~ShortTurns() {
    // The handler stays: a last signal may be under way.
    if (running_) ::timer_delete(timer_);
}

}  // namespace kith::server
