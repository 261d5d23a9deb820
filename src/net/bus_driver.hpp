#pragma once
// BusDriver: joins a back-end that speaks D-Bus with the system bus and the loop.
//
// Follows the daemon's coming and going, and connects again when the bus itself went away. Whoever else
// calls the backend calls flush() afterwards. One thread, the loop's.

#include <functional>
#include <memory>
#include <string>

#include "discovery/dbus/bus_backend.hpp"
#include "net/dbus_connection.hpp"
#include "net/loop.hpp"
#include "net/watch.hpp"

namespace kith::net {

/// Which daemons that do discovery have their name on the system bus now.
struct BusServices {
    bool has_avahi = false;
    bool has_resolved = false;
    std::string why_not;  // no bus at all: why
};

/// Asks the bus; waits for it bus_patience at most.
BusServices find_bus_services();

class BusDriver {
public:
    /// `on_activity` is called after anything was given to the backend: take its events. The references
    /// outlive the driver.
    BusDriver(Loop& loop, discovery::dbus::BusBackend& backend, std::function<void()> on_activity);
    BusDriver(const BusDriver&) = delete;
    BusDriver& operator=(const BusDriver&) = delete;

    /// Connects; empty: done, else why not.
    std::string start();
    /// Sends what the backend wants called and sets the timer.
    void flush();

private:
    std::string connect();
    void disconnect();
    void process();
    void on_signal(const discovery::dbus::Signal& signal);
    void set_timer();

    Loop& loop_;
    discovery::dbus::BusBackend& backend_;
    std::function<void()> on_activity_;
    std::unique_ptr<DbusConnection> connection_;
    Watch watch_;  // of the connection's descriptor; ends before it
    Timer timer_;
    Timer reconnect_;
    Duration reconnect_wait_{};
};

}  // namespace kith::net
