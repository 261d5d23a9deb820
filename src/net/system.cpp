#include "net/system.hpp"

#include <sys/random.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "base/check.hpp"

namespace kith::net {

std::uint64_t SystemRng::next() {
    if (left_ == 0) {
        ssize_t got = -1;
        do {
            got = ::getrandom(block_.data(), sizeof block_, 0);
        } while (got < 0 && errno == EINTR);
        KITH_CHECK(got == static_cast<ssize_t>(sizeof block_));  // up to 256 bytes never come short
        left_ = block_.size();
    }
    // What was handed out is forgotten: a later leak of memory tells nothing of earlier ids.
    return std::exchange(block_[--left_], 0);
}

UnixTime unix_now() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace kith::net
