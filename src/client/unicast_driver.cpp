#include "client/unicast_driver.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/bytes.hpp"
#include "client/limits.hpp"
#include "net/socket_address.hpp"

namespace kith::client {

using discovery::dnssd::UnicastBackend;

UnicastDriver::UnicastDriver(net::Loop& loop, UnicastBackend& backend,
                             std::function<void()> on_activity)
    : loop_(loop), backend_(backend), on_activity_(std::move(on_activity)), timer_(loop, [this] {
          backend_.on_timer(loop_.now());
          flush();
          on_activity_();
      }) {}

UnicastDriver::~UnicastDriver() {
    for (const auto& [id, exchange] : exchanges_) loop_.unwatch(exchange->socket.get());
}

void UnicastDriver::flush() {
    while (auto transmit = backend_.poll_transmit()) {
        if (transmit->message.empty()) {
            close(transmit->exchange);
        } else {
            open(std::move(*transmit));
        }
    }
    if (const auto next = backend_.next_deadline()) {
        timer_.arm(*next);
    } else {
        timer_.cancel();
    }
}

void UnicastDriver::open(Transmit transmit) {
    auto exchange = std::make_shared<Exchange>();
    exchange->over_tcp = transmit.transport == UnicastBackend::Transport::tcp;
    if (exchanges_.size() >= exchanges_max || !start(*exchange, transmit)) {
        backend_.on_failed(loop_.now(), transmit.exchange);
        return;
    }
    const std::uint64_t id = transmit.exchange;
    loop_.watch(exchange->socket.get(), exchange->over_tcp ? EPOLLOUT : EPOLLIN,
                [this, id](std::uint32_t events) { on_event(id, events); });
    exchanges_[id] = std::move(exchange);
}

bool UnicastDriver::start(Exchange& exchange, const Transmit& transmit) {
    const net::SocketAddress address(transmit.to);
    const int type = (exchange.over_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
    exchange.socket = net::Descriptor(::socket(address.family(), type, 0));
    if (!exchange.socket) return false;
    // A connected socket takes packets of nobody else (RFC 5452 §4).
    if (::connect(exchange.socket.get(), &address.any, address.size()) != 0 && errno != EINPROGRESS)
        return false;
    if (!exchange.over_tcp)
        return ::send(exchange.socket.get(), transmit.message.data(), transmit.message.size(),
                      MSG_NOSIGNAL) >= 0;
    exchange.out.resize(2);
    store_u16(exchange.out.data(), static_cast<std::uint16_t>(transmit.message.size()));
    exchange.out.insert(exchange.out.end(), transmit.message.begin(), transmit.message.end());
    return true;
}

void UnicastDriver::on_event(std::uint64_t id, std::uint32_t events) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    const std::shared_ptr<Exchange> exchange = found->second;  // a reply may close it
    if (exchange->over_tcp) {
        on_tcp(id, *exchange, events);
    } else {
        on_udp(id, *exchange);
    }
    flush();
    on_activity_();
}

void UnicastDriver::on_udp(std::uint64_t id, Exchange& exchange) {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::recv(exchange.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        close(id);
        backend_.on_failed(loop_.now(), id);
        return;
    }
    backend_.on_reply(loop_.now(), id, {buffer.data(), static_cast<std::size_t>(got)});
}

void UnicastDriver::on_tcp(std::uint64_t id, Exchange& exchange, std::uint32_t events) {
    const int fd = exchange.socket.get();
    bool good = true;
    if ((events & EPOLLOUT) != 0 && !exchange.out.empty()) {
        const ssize_t sent =
            ::send(fd, exchange.out.data(), exchange.out.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        good = sent >= 0 || errno == EAGAIN;
        if (sent > 0) exchange.out.erase(exchange.out.begin(), exchange.out.begin() + sent);
        if (exchange.out.empty()) loop_.rewatch(fd, EPOLLIN);
    }
    if (good && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        std::array<std::uint8_t, 16384> buffer;
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        good = got > 0 || (got < 0 && errno == EAGAIN);
        if (got > 0) exchange.in.insert(exchange.in.end(), buffer.begin(), buffer.begin() + got);
    }
    if (exchange.in.size() >= 2) {
        const std::size_t size = load_u16(exchange.in.data());
        if (exchange.in.size() >= 2 + size) {  // at most 65,535 bytes are ever kept
            backend_.on_reply(loop_.now(), id, Bytes(exchange.in).subspan(2, size));
            good = false;  // one question a connection: whatever the reply was, it is over
        }
    }
    if (good) return;
    close(id);
    backend_.on_failed(loop_.now(), id);
}

void UnicastDriver::close(std::uint64_t id) {
    const auto found = exchanges_.find(id);
    if (found == exchanges_.end()) return;
    loop_.unwatch(found->second->socket.get());
    exchanges_.erase(found);
}

}  // namespace kith::client
