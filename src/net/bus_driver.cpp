#include "net/bus_driver.hpp"

#include <poll.h>

#include <algorithm>

#include <fmt/format.h>

#include "net/limits.hpp"

namespace kith::net {

using discovery::dbus::Reply;
using discovery::dbus::Signal;

namespace {

std::uint32_t epoll_events(int poll_events) {
    return ((poll_events & POLLIN) != 0 ? EPOLLIN : 0U) |
           ((poll_events & POLLOUT) != 0 ? EPOLLOUT : 0U);
}

}  // namespace

BusServices find_bus_services() {
    BusServices out;
    const auto connection = DbusConnection::open(out.why_not);
    if (connection == nullptr) return out;
    int answers = 0;
    connection->find_owner("org.freedesktop.Avahi", [&](const std::string& owner) {
        out.has_avahi = !owner.empty();
        ++answers;
    });
    connection->find_owner("org.freedesktop.resolve1", [&](const std::string& owner) {
        out.has_resolved = !owner.empty();
        ++answers;
    });
    if (!connection->wait(bus_patience, [&] { return answers == 2; }))
        out.why_not = "the system bus does not answer";
    return out;
}

BusDriver::BusDriver(Loop& loop, discovery::dbus::BusBackend& backend,
                     std::function<void()> on_activity)
    : loop_(loop),
      backend_(backend),
      on_activity_(std::move(on_activity)),
      watch_(loop, [this] { process(); }),
      timer_(loop, [this] { process(); }),
      reconnect_(loop, [this] { connect(); }),
      reconnect_wait_(bus_reconnect_first) {}

std::string BusDriver::start() { return connect(); }

std::string BusDriver::connect() {
    std::string why;
    connection_ = DbusConnection::open(why);
    if (connection_ == nullptr) {
        reconnect_.arm(loop_.now() + reconnect_wait_);
        reconnect_wait_ = std::min(reconnect_wait_ * 2, bus_reconnect_max);
        return why;
    }
    connection_->on_signal([this](const Signal& signal) { on_signal(signal); });
    const std::string service(backend_.service());
    // Subscribed before anything is asked, so that nothing of it is missed.
    connection_->subscribe(
        fmt::format("type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                    "member='NameOwnerChanged',arg0='{}'",
                    service));
    for (const std::string& rule : backend_.match_rules()) connection_->subscribe(rule);
    connection_->find_owner(service, [this](const std::string& owner) {
        backend_.on_owner(loop_.now(), owner);
        reconnect_wait_ = bus_reconnect_first;
    });
    set_timer();
    return {};
}

void BusDriver::disconnect() {
    watch_.drop();
    connection_.reset();
    backend_.on_owner(loop_.now(), "");
    reconnect_.arm(loop_.now() + reconnect_wait_);
    reconnect_wait_ = std::min(reconnect_wait_ * 2, bus_reconnect_max);
}

void BusDriver::on_signal(const Signal& signal) {
    if (signal.sender == "org.freedesktop.DBus" && signal.member == "NameOwnerChanged") {
        using discovery::dbus::value_at;
        const auto* const name = value_at<std::string>(signal.values, 0);
        const auto* const owner = value_at<std::string>(signal.values, 2);
        if (name != nullptr && owner != nullptr && *name == backend_.service())
            backend_.on_owner(loop_.now(), *owner);
        return;
    }
    backend_.on_signal(loop_.now(), signal);
}

void BusDriver::process() {
    loop_.update_now();
    if (const auto due = backend_.next_deadline(); due && *due <= loop_.now())
        backend_.on_timer(loop_.now());
    if (connection_ != nullptr && !connection_->process()) disconnect();
    flush();
    on_activity_();
}

void BusDriver::flush() {
    while (const auto call = backend_.poll_call()) {
        if (connection_ == nullptr) continue;  // the daemon is gone for the backend, too
        const std::uint64_t id = call->id;
        connection_->call(std::string(backend_.service()), *call, [this, id](const Reply& reply) {
            backend_.on_reply(loop_.now(), id, reply);
        });
    }
    set_timer();
}

void BusDriver::set_timer() {
    std::optional<Time> next = backend_.next_deadline();
    if (connection_ != nullptr) {
        watch_.set(connection_->fd(), epoll_events(connection_->events()));
        const auto due = connection_->deadline();
        if (due && (!next || *due < *next)) next = due;
    }
    if (next) {
        timer_.arm(*next);
    } else {
        timer_.cancel();
    }
}

}  // namespace kith::net
