#pragma once
// DbusConnection: a connection to the system bus that carries calls, replies and signals as values.
//
// Nothing blocks but wait(). Callbacks come from inside process() and wait(), never from call(). One
// thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "discovery/dbus/message.hpp"

struct sd_bus;
struct sd_bus_slot;
struct sd_bus_message;

namespace kith::net {

struct DbusLibrary;

class DbusConnection {
public:
    using OnReply = std::function<void(const discovery::dbus::Reply&)>;
    using OnSignal = std::function<void(const discovery::dbus::Signal&)>;

    /// Begins to connect to the system bus (DBUS_SYSTEM_BUS_ADDRESS, else where it usually is). Null:
    /// there is no libsystemd or nobody listens, as `why` says.
    static std::unique_ptr<DbusConnection> open(std::string& why);
    ~DbusConnection();
    DbusConnection(const DbusConnection&) = delete;
    DbusConnection& operator=(const DbusConnection&) = delete;

    /// Signals that nobody subscribed to come too, when they are sent to us.
    void on_signal(OnSignal handler) { on_signal_ = std::move(handler); }
    /// Subscribes by a match rule of the D-Bus specification.
    void subscribe(const std::string& rule);
    /// Calls a method of `service`, which is not started for it. No reply within 25 s and an unreadable one
    /// are errors as any other. When the connection is lost none comes: process() says so.
    void call(const std::string& service, const discovery::dbus::Call& call, OnReply on_reply);
    /// The unique name of who owns `service`; empty: nobody.
    void find_owner(const std::string& service, std::function<void(const std::string&)> on_owner);

    int fd() const;
    /// What to poll fd() for, as POLLIN and POLLOUT.
    int events() const;
    /// When process() is due though fd() is silent.
    std::optional<Time> deadline() const;
    /// Does what is due, dbus_messages_per_turn messages at most. False: the connection is lost.
    bool process();
    /// Processes until `until` says true, at most for so long; returns what it said last.
    bool wait(Duration most, const std::function<bool()>& until);

private:
    struct PendingCall {
        DbusConnection* owner = nullptr;
        std::uint64_t number = 0;
        OnReply on_reply;
        sd_bus_slot* slot = nullptr;
    };
    /// The call could not be sent; told by process().
    struct FailedCall {
        OnReply on_reply;
        std::string why;
    };
    bool is_open() const;
    void tell_failed();
    DbusConnection(const DbusLibrary& library, sd_bus* bus);
    void give_signal(sd_bus_message* message);
    struct Callbacks;  // with the signatures that the library wants

    const DbusLibrary& library_;
    sd_bus* bus_;
    OnSignal on_signal_;
    std::map<std::uint64_t, std::unique_ptr<PendingCall>> calls_;
    std::vector<FailedCall> failed_;
    std::uint64_t last_call_ = 0;
};

}  // namespace kith::net
