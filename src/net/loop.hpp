#pragma once
// Loop: one thread's event loop over epoll: descriptors, timers, and work posted by other threads.
//
// Everything registered here is called on the thread that runs the loop, one at a time. Only
// post() and stop() may be called from other threads. Handlers may add and remove anything,
// themselves included.

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "net/descriptor.hpp"

namespace kith::net {

class Loop;

/// Calls back once when its moment has come. Must not outlive its Loop; destruction cancels.
class Timer {
public:
    Timer(Loop& loop, std::function<void()> callback);
    ~Timer() { cancel(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// (Re)sets the moment; one in the past is due on the next turn.
    void arm(Time when);
    void cancel();
    bool armed() const { return armed_; }

private:
    friend class Loop;
    Loop* loop_;
    std::function<void()> callback_;
    std::multimap<Time, Timer*>::iterator place_{};
    bool armed_ = false;
};

class Loop {
public:
    /// Called with the epoll events that are pending (EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP ...).
    using Handler = std::function<void(std::uint32_t events)>;

    Loop();  ///< ends the process when the kernel grants no epoll descriptor
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Watches `fd` level-triggered; it stays the caller's. One handler per descriptor.
    void watch(int fd, std::uint32_t events, Handler handler);
    /// Changes the events of a watched descriptor.
    void rewatch(int fd, std::uint32_t events);
    /// Stops watching; a no-op for an unknown one. Call before closing `fd`.
    void unwatch(int fd);
    /// Calls the handler of a watched `fd` on every turn, with no events, and waits for nothing until
    /// wait_for(). For a socket under load: as long as it is waited for, the kernel wakes the
    /// waiter for every datagram that is sent or received, and finds nobody asleep.
    void poll_each_turn(int fd);
    /// Ends poll_each_turn(); a no-op when `fd` is waited for.
    void wait_for(int fd);

    /// Runs until stop().
    void run();
    /// One turn: waits at most `wait` for events, then handles what is there.
    void turn(Duration wait);
    /// For a loop inside another's: readable when turn() has work, besides timers.
    int poll_fd() const { return epoll_.get(); }
    /// When the next timer is due; nullopt: none is armed.
    std::optional<Time> next_timer() const {
        return timers_.empty() ? std::nullopt : std::optional(timers_.begin()->first);
    }
    /// Ends run() after the current turn. Any thread.
    void stop();
    /// Runs `work` on the loop's thread, in order of posting. Any thread.
    void post(std::function<void()> work);

    /// The monotonic clock as read at the beginning of this turn.
    Time now() const { return now_; }
    /// Reads the clock anew.
    Time update_now();
    /// For tests: from now on the clock is this much ahead of what it was.
    void skip(Duration time) { skipped_ += time; }

private:
    friend class Timer;
    struct Watched {
        Handler handler;
        std::uint32_t events = 0;
        bool alive = true;
    };

    void run_due_timers();
    void run_handler(int fd, std::uint32_t events);
    void run_polled();
    void run_posted();
    int wait_ms(Duration most) const;
    bool is_polled(int fd) const;
    bool control(int operation, int fd, std::uint32_t events);  ///< epoll_ctl; did it work?

    Descriptor epoll_;
    Descriptor wake_;
    Time now_;
    Duration skipped_{};
    bool stopping_ = false;
    bool runs_timers_ = false;
    std::unordered_map<int, std::shared_ptr<Watched>> watched_;
    std::vector<int> polled_;  // of watched_, those that epoll does not know at the moment
    std::multimap<Time, Timer*> timers_;
    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;
};

}  // namespace kith::net
