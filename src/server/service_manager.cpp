#include "server/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "net/descriptor.hpp"

namespace kith::server {
namespace {

// How long a service manager that reads nothing may hold up the control thread. The kernel queues
// messages for it (net.unix.max_dgram_qlen), so one that is merely busy, say with a reload of its own,
// misses nothing.
constexpr timeval patience{.tv_sec = 1, .tv_usec = 0};

}  // namespace

void notify_service_manager(std::string_view state) {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
    sockaddr_un address{};
    const std::size_t size = std::strlen(path);
    if (size >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, size);
    if (path[0] == '@') address.sun_path[0] = 0;  // the abstract name space
    const net::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), length);
}

void notify_reloading() {
    const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
    const auto microseconds =
        std::chrono::duration_cast<std::chrono::microseconds>(since_boot).count();
    notify_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", microseconds));
}

}  // namespace kith::server
