#include "net/dbus_connection.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "net/dbus_values.hpp"
#include "net/limits.hpp"

namespace kith::net {

using discovery::dbus::Call;
using discovery::dbus::Reply;
using discovery::dbus::Signal;

namespace {

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

Reply read_reply(const DbusLibrary& library, sd_bus_message* message) {
    Reply out;
    if (const sd_bus_error* const error = library.message_get_error(message); error != nullptr) {
        out.error = text_or_empty(error->name);
        out.text = text_or_empty(error->message);
        if (out.text.empty()) out.text = out.error;
        return out;
    }
    auto values = read_values(library, message);
    if (values) {
        out.values = std::move(*values);
    } else {
        out.error = out.text = "unreadable reply";
    }
    return out;
}

}  // namespace

struct DbusConnection::Callbacks {
    static int on_reply(sd_bus_message* message, void* context, sd_bus_error*) {
        auto* const pending = static_cast<PendingCall*>(context);
        DbusConnection& self = *pending->owner;
        const OnReply on_reply = std::move(pending->on_reply);
        self.library_.slot_unref(pending->slot);
        self.calls_.erase(pending->number);
        if (!self.is_open())
            return 1;  // made up by the library, call by call, of a lost connection
        on_reply(read_reply(self.library_, message));
        return 1;
    }

    static int on_message(sd_bus_message* message, void* context, sd_bus_error*) {
        auto* const self = static_cast<DbusConnection*>(context);
        std::uint8_t type = 0;
        if (self->library_.message_get_type(message, &type) >= 0 && type == SD_BUS_MESSAGE_SIGNAL)
            self->give_signal(message);
        return 0;  // others may look at it
    }
};

DbusConnection::DbusConnection(const DbusLibrary& library, sd_bus* bus)
    : library_(library), bus_(bus) {}

std::unique_ptr<DbusConnection> DbusConnection::open(std::string& why) {
    const DbusLibrary* const library = dbus_library(why);
    if (library == nullptr) return nullptr;
    sd_bus* bus = nullptr;
    if (const int error = library->open_system(&bus); error < 0) {
        why = fmt::format("no system bus: {}", std::strerror(-error));
        return nullptr;
    }
    std::unique_ptr<DbusConnection> out(new DbusConnection(*library, bus));
    library->set_exit_on_disconnect(bus, 0);
    if (library->add_filter(bus, nullptr, Callbacks::on_message, out.get()) < 0) {
        why = "no system bus: no memory";
        return nullptr;
    }
    return out;
}

DbusConnection::~DbusConnection() {
    for (const auto& [number, call] : calls_) library_.slot_unref(call->slot);
    library_.close_unref(bus_);
}

void DbusConnection::give_signal(sd_bus_message* message) {
    if (!on_signal_) return;
    auto values = read_values(library_, message);
    if (!values) return;
    on_signal_({text_or_empty(library_.message_get_sender(message)),
                text_or_empty(library_.message_get_path(message)),
                text_or_empty(library_.message_get_interface(message)),
                text_or_empty(library_.message_get_member(message)), std::move(*values)});
}

void DbusConnection::subscribe(const std::string& rule) {
    // No callback: on_message() sees all that comes.
    library_.add_match_async(bus_, nullptr, rule.c_str(), nullptr, nullptr, nullptr);
}

bool DbusConnection::is_open() const { return library_.is_open(bus_) > 0; }

void DbusConnection::call(const std::string& service, const Call& call, OnReply on_reply) {
    sd_bus_message* message = nullptr;
    int error = library_.message_new_method_call(bus_, &message, service.c_str(), call.path.c_str(),
                                                 call.interface.c_str(), call.member.c_str());
    if (error >= 0) {
        library_.message_set_auto_start(message, 0);
        if (!append_values(library_, message, call.signature, call.arguments)) error = -EINVAL;
    }
    if (error >= 0) {
        const std::uint64_t number = ++last_call_;
        auto pending = std::make_unique<PendingCall>();
        pending->owner = this;
        pending->number = number;
        pending->on_reply = on_reply;
        error = library_.call_async(bus_, &pending->slot, message, Callbacks::on_reply,
                                    pending.get(), 0);
        if (error >= 0) calls_.emplace(number, std::move(pending));
    }
    if (message != nullptr) library_.message_unref(message);
    if (error < 0)
        failed_.push_back({std::move(on_reply), fmt::format("{} could not be called: {}",
                                                            call.member, std::strerror(-error))});
}

void DbusConnection::find_owner(const std::string& service,
                                std::function<void(const std::string&)> on_owner) {
    call("org.freedesktop.DBus",
         {0, "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", {{service}}},
         [on_owner = std::move(on_owner)](const Reply& reply) {
             const auto* const name = discovery::dbus::value_at<std::string>(reply.values, 0);
             on_owner(reply.error.empty() && name != nullptr ? *name : std::string());
         });
}

int DbusConnection::fd() const { return library_.get_fd(bus_); }

int DbusConnection::events() const { return std::max(0, library_.get_events(bus_)); }

std::optional<Time> DbusConnection::deadline() const {
    if (!failed_.empty()) return Time{};
    std::uint64_t at = 0;  // microseconds of the monotonic clock
    if (library_.get_timeout(bus_, &at) < 0 || at == UINT64_MAX) return std::nullopt;
    // Far beyond what the clock can say is no deadline either.
    if (at > static_cast<std::uint64_t>(INT64_MAX) / 1000) return std::nullopt;
    return Time{} + std::chrono::microseconds(static_cast<std::int64_t>(at));
}

void DbusConnection::tell_failed() {
    for (const FailedCall& failed : std::exchange(failed_, {})) {
        if (is_open()) failed.on_reply({{}, "not sent", failed.why});
    }
}

bool DbusConnection::process() {
    tell_failed();
    for (int i = 0; i < dbus_messages_per_turn; ++i) {
        const int done = library_.process(bus_, nullptr);
        if (done < 0) return false;
        if (done == 0) return true;
    }
    return true;
}

bool DbusConnection::wait(Duration most, const std::function<bool()>& until) {
    const Time end = std::chrono::steady_clock::now() + most;
    while (true) {
        if (!process()) return until();
        if (until()) return true;
        const Time now = std::chrono::steady_clock::now();
        if (now >= end) return false;
        Time next = end;
        if (const auto due = deadline()) next = std::min(next, *due);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now).count();
        pollfd poll{fd(), static_cast<short>(events()), 0};
        ::poll(&poll, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    }
}

}  // namespace kith::net
