#pragma once
// What a Discovery is made of. Internal to client.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/discovery.hpp"
#include "client/unicast_driver.hpp"
#include "discovery/dbus/bus_backend.hpp"
#include "discovery/dnssd/mdns_backend.hpp"
#include "discovery/dnssd/session.hpp"
#include "net/bus_driver.hpp"
#include "net/mdns_driver.hpp"
#include "net/system.hpp"

namespace kith::client {

class Discovery::State final : public discovery::mdns::Tracer {
public:
    explicit State(const Options& options);

    std::string start(const Options& options);
    void on_trace(const discovery::mdns::Trace& trace) override;
    /// After anything was asked of the session: what is to be sent goes out, what is due is noted.
    void settle();
    void dispatch();
    std::string interface_name(std::uint32_t index) const;
    EventHead head_of(const discovery::dnssd::Event& event) const;
    /// The time now, also outside of process().
    Time now() { return loop.update_now(); }
    std::string claim_host();
    /// Who serves the link; null: nobody.
    discovery::dnssd::Backend* link() const;
    void shut_down();
    bool is_quiet() const;

    using Callback = std::function<void(const discovery::dnssd::Event&)>;
    static Operation refuse(std::string why);
    /// Takes what a start_...() of the session said, and keeps the callback.
    Operation finish(Discovery& owner, discovery::dnssd::Session::Started started,
                     Callback callback);

private:
    std::string start_link(const Options& options, const std::vector<dns::Name>& domains);
    std::string start_multicast(const Options& options, const std::vector<dns::Name>& domains);
    std::string start_bus(std::unique_ptr<discovery::dbus::BusBackend> backend);
    std::string start_unicast(const Options& options);

public:
    net::Loop loop;
    net::SystemRng rng;
    std::unique_ptr<discovery::mdns::Engine> engine;
    std::unique_ptr<discovery::dnssd::MdnsBackend> multicast;
    std::unique_ptr<net::MdnsDriver> driver;
    std::unique_ptr<discovery::dbus::BusBackend> bus;  // instead of the three above
    std::unique_ptr<net::BusDriver> bus_driver;
    std::unique_ptr<discovery::dnssd::UnicastBackend> unicast;
    std::unique_ptr<UnicastDriver> unicast_driver;
    discovery::dnssd::Session session{rng};
    net::Timer session_timer;
    std::map<std::uint64_t, std::shared_ptr<Callback>> callbacks;
    std::function<void(const MonitorEvent&)> monitor;
    std::vector<MonitorEvent> traces;  // of this turn
    std::string host_label;
    bool host_claimed = false;
    bool dispatching = false;
};

}  // namespace kith::client
