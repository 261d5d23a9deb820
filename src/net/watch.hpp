#pragma once
// Watch: one descriptor of a loop that may become another one. It stays its owner's.

#include <cstdint>
#include <functional>

#include "net/loop.hpp"

namespace kith::net {

class Watch {
public:
    /// `on_ready` is called on the loop's thread when one of the events is there. `loop` outlives the watch.
    Watch(Loop& loop, std::function<void()> on_ready);
    ~Watch() { drop(); }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// Watches this descriptor for these epoll events from now on, and no other. Negative: none.
    void set(int fd, std::uint32_t events);
    void drop() { set(-1, 0); }

private:
    Loop& loop_;
    std::function<void()> on_ready_;
    int fd_ = -1;
    std::uint32_t events_ = 0;
};

}  // namespace kith::net
