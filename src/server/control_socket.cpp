#include "server/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fcntl.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "base/log.hpp"
#include "server/limits.hpp"

namespace kith::server {
namespace {

constexpr std::string_view ok_line = "ok\n";
constexpr std::string_view error_line = "error\n";

/// The address of the socket in a folder whose path may be longer than an address holds.
struct Address {
    sockaddr_un value{};
    net::Descriptor folder;  // must stay open while the address is used
};

Result<Address, std::string> address_of(const std::string& folder) {
    Address out;
    out.value.sun_family = AF_UNIX;
    std::string path = fmt::format("{}/{}", folder, control_socket_name);
    if (path.size() >= sizeof out.value.sun_path) {
        out.folder = net::Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!out.folder)
            return std::unexpected(fmt::format("{}: {}", folder, std::strerror(errno)));
        path = fmt::format("/proc/self/fd/{}/{}", out.folder.get(), control_socket_name);
    }
    std::memcpy(out.value.sun_path, path.c_str(), path.size() + 1);
    return out;
}

net::Descriptor make_socket(int more_flags) {
    return net::Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | more_flags, 0));
}

/// Only who owns this process, or may do anything, is heard.
bool is_allowed(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace

struct ControlSocket::Client {
    Client(net::Loop& loop, net::Descriptor&& taken, std::function<void()> on_late)
        : socket(std::move(taken)), timer(loop, std::move(on_late)) {}
    net::Descriptor socket;
    net::Timer timer;
    std::string request;
    std::optional<std::string> answer;  // what is left of it
};

ControlSocket::ControlSocket(net::Loop& loop, std::string path, net::Descriptor listener,
                             Handler handler)
    : loop_(loop),
      path_(std::move(path)),
      listener_(std::move(listener)),
      handler_(std::move(handler)),
      pause_(loop, [this] { listen(); }) {
    listen();
}

void ControlSocket::listen() {
    loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

ControlSocket::~ControlSocket() {
    loop_.unwatch(listener_.get());
    for (const auto& [fd, client] : clients_) loop_.unwatch(fd);
    ::unlink(path_.c_str());
}

Result<std::unique_ptr<ControlSocket>, std::string> ControlSocket::open(net::Loop& loop,
                                                                        const std::string& folder,
                                                                        Handler handler) {
    std::string path = fmt::format("{}/{}", folder, control_socket_name);
    const auto failed = [&path](std::string_view what) {
        return std::unexpected(fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
    };
    KITH_TRY(const Address address, address_of(folder));
    net::Descriptor listener = make_socket(SOCK_NONBLOCK);
    if (!listener) return failed("cannot be made");
    ::unlink(path.c_str());
    // Before it has a name, so that it never has one that others may use.
    ::fchmod(listener.get(), 0600);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.value),
               sizeof address.value) != 0)
        return failed("cannot be made");
    if (::listen(listener.get(), static_cast<int>(control_clients_max)) != 0)
        return failed("cannot listen");
    return std::unique_ptr<ControlSocket>(
        new ControlSocket(loop, std::move(path), std::move(listener), std::move(handler)));
}

void ControlSocket::accept() {
    for (;;) {
        net::Descriptor taken(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!taken) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR)
                return;
            // Out of descriptors: whoever waits would be told of at once again, for ever.
            loop_.unwatch(listener_.get());
            return pause_.arm(loop_.now() + control_pause);
        }
        if (clients_.size() >= control_clients_max || !is_allowed(taken.get())) continue;
        const int fd = taken.get();
        auto client = std::make_unique<Client>(loop_, std::move(taken), [this, fd] { drop(fd); });
        client->timer.arm(loop_.now() + control_patience);
        Client& held = *(clients_[fd] = std::move(client));
        loop_.watch(fd, EPOLLIN, [this, &held](std::uint32_t) { serve(held); });
    }
}

void ControlSocket::drop(int fd) {
    loop_.unwatch(fd);
    clients_.erase(fd);
}

void ControlSocket::serve(Client& client) {
    const int fd = client.socket.get();
    while (!client.answer) {
        char piece[512];
        const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return drop(fd);
        client.request.append(piece, static_cast<std::size_t>(got));
        const std::size_t end = client.request.find('\n');
        if (end == std::string::npos && client.request.size() < control_request_bytes_max) continue;
        const auto done =
            end == std::string::npos
                ? Result<std::string, std::string>(std::unexpected("the request is too long"))
                : handler_(std::string_view(client.request).substr(0, end));
        client.answer = done ? fmt::format("{}{}", ok_line, *done)
                             : fmt::format("{}{}", error_line, done.error());
        loop_.rewatch(fd, EPOLLOUT);
    }
    while (!client.answer->empty()) {
        const ssize_t put = ::send(fd, client.answer->data(), client.answer->size(), MSG_NOSIGNAL);
        if (put < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (put < 0) return drop(fd);
        client.answer->erase(0, static_cast<std::size_t>(put));
    }
    drop(fd);
}

Result<std::string, std::string> ask_control(const std::string& folder, std::string_view request) {
    KITH_TRY(const Address address, address_of(folder));
    const net::Descriptor socket = make_socket(0);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.value),
                  sizeof address.value) != 0) {
        return std::unexpected(
            errno == ENOENT || errno == ECONNREFUSED
                ? fmt::format("no server runs with the state directory {}, or it has no zone of "
                              "record; start it, or name another with -d or -c",
                              folder)
                : fmt::format("{}/{}: {}", folder, control_socket_name, std::strerror(errno)));
    }
    const std::string line = fmt::format("{}\n", request);
    if (::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(line.size()))
        return std::unexpected(fmt::format("the server does not listen: {}", std::strerror(errno)));
    std::string answer;
    for (;;) {
        char piece[4096];
        const ssize_t got = ::recv(socket.get(), piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(fmt::format("no answer: {}", std::strerror(errno)));
        if (got == 0) break;
        answer.append(piece, static_cast<std::size_t>(got));
    }
    if (answer.starts_with(ok_line)) return answer.substr(ok_line.size());
    if (answer.starts_with(error_line)) return std::unexpected(answer.substr(error_line.size()));
    return std::unexpected("the server ended the connection without an answer");
}

}  // namespace kith::server
