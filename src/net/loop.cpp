#include "net/loop.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.hpp"

namespace kith::net {

using std::chrono::milliseconds;

Timer::Timer(Loop& loop, std::function<void()> callback)
    : loop_(&loop), callback_(std::move(callback)) {}

void Timer::arm(Time when) {
    cancel();
    // Timers that arm each other for the past leave this turn to all else.
    if (loop_->runs_timers_) when = std::max(when, loop_->now_ + Duration(1));
    place_ = loop_->timers_.emplace(when, this);
    armed_ = true;
}

void Timer::cancel() {
    if (!armed_) return;
    loop_->timers_.erase(place_);
    armed_ = false;
}

Loop::Loop()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(std::chrono::steady_clock::now()) {
    KITH_CHECK(epoll_ && wake_);
    watch(wake_.get(), EPOLLIN, [this](std::uint32_t) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    });
}

Loop::~Loop() {
    for (auto& [when, timer] : timers_) timer->armed_ = false;
}

void Loop::watch(int fd, std::uint32_t events, Handler handler) {
    const bool added = control(EPOLL_CTL_ADD, fd, events);
    KITH_CHECK(added);
    watched_[fd] = std::make_shared<Watched>(Watched{std::move(handler), events});
}

void Loop::rewatch(int fd, std::uint32_t events) {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;
    found->second->events = events;
    if (!is_polled(fd)) control(EPOLL_CTL_MOD, fd, events);
}

void Loop::unwatch(int fd) {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;
    found->second->alive = false;
    watched_.erase(found);
    if (std::erase(polled_, fd) == 0) control(EPOLL_CTL_DEL, fd, 0);
}

void Loop::poll_each_turn(int fd) {
    if (!watched_.contains(fd) || is_polled(fd)) return;
    if (control(EPOLL_CTL_DEL, fd, 0)) polled_.push_back(fd);
}

void Loop::wait_for(int fd) {
    if (polled_.empty() || std::erase(polled_, fd) == 0) return;
    // The kernel may refuse for want of memory: then the next turn tries again.
    if (!control(EPOLL_CTL_ADD, fd, watched_.at(fd)->events)) polled_.push_back(fd);
}

bool Loop::is_polled(int fd) const { return std::ranges::find(polled_, fd) != polled_.end(); }

bool Loop::control(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return ::epoll_ctl(epoll_.get(), operation, fd, &event) == 0;
}

void Loop::run() {
    while (!stopping_) turn(std::chrono::hours(1));
    stopping_ = false;
}

int Loop::wait_ms(Duration most) const {
    if (!timers_.empty())
        most = std::min(most, timers_.begin()->first - skipped_ - std::chrono::steady_clock::now());
    if (most <= Duration::zero() || !polled_.empty()) return 0;
    return static_cast<int>(std::chrono::ceil<milliseconds>(most).count());
}

void Loop::turn(Duration wait) {
    std::array<epoll_event, 64> events;
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms(wait));
    KITH_CHECK(count >= 0 || errno == EINTR);
    update_now();
    run_due_timers();
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        run_handler(event.data.fd, event.events);
    }
    run_polled();
    run_posted();
}

void Loop::run_handler(int fd, std::uint32_t events) {
    const auto found = watched_.find(fd);
    if (found == watched_.end()) return;  // unwatched by an earlier handler of this turn
    const std::shared_ptr<Watched> watched = found->second;  // it may unwatch itself
    if (watched->alive) watched->handler(events);
}

void Loop::run_polled() {
    if (polled_.empty()) return;
    const std::vector<int> polled = polled_;  // handlers change it
    for (const int fd : polled) run_handler(fd, 0);
}

void Loop::run_due_timers() {
    runs_timers_ = true;
    while (!timers_.empty() && timers_.begin()->first <= now_) {
        Timer* const timer = timers_.begin()->second;
        timer->cancel();
        timer->callback_();
    }
    runs_timers_ = false;
}

void Loop::run_posted() {
    std::vector<std::function<void()>> work;
    {
        const std::lock_guard lock(posted_mutex_);
        work.swap(posted_);
    }
    for (auto& item : work) item();
}

void Loop::post(std::function<void()> work) {
    {
        const std::lock_guard lock(posted_mutex_);
        posted_.push_back(std::move(work));
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(wake_.get(), &one, sizeof one);
}

void Loop::stop() {
    post([this] { stopping_ = true; });
}

Time Loop::update_now() { return now_ = std::chrono::steady_clock::now() + skipped_; }

}  // namespace kith::net
