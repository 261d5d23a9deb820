#include "net/watch.hpp"

#include <utility>

namespace kith::net {

Watch::Watch(Loop& loop, std::function<void()> on_ready)
    : loop_(loop), on_ready_(std::move(on_ready)) {}

void Watch::set(int fd, std::uint32_t events) {
    if (fd != fd_) {
        if (fd_ >= 0) loop_.unwatch(fd_);
        if (fd >= 0) loop_.watch(fd, events, [this](std::uint32_t) { on_ready_(); });
    } else if (fd >= 0 && events != events_) {
        loop_.rewatch(fd, events);
    }
    fd_ = fd;
    events_ = events;
}

}  // namespace kith::net
