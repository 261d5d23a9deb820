#pragma once
// BusBackend: a back-end that hands everything to a daemon on the system bus. An engine without I/O:
// its driver (net/bus_driver.hpp) carries calls, replies and signals.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "discovery/dbus/message.hpp"
#include "discovery/dnssd/backend.hpp"

namespace kith::discovery::dbus {

class BusBackend : public dnssd::Backend {
public:
    /// Serves `local`, the reverse names of link-local addresses, and these.
    explicit BusBackend(std::vector<dns::Name> extra_domains)
        : extra_domains_(std::move(extra_domains)) {}

    bool serves(dns::NameView name) const final;
    std::optional<dnssd::BackendEvent> poll_event() final;

    /// The service's name on the bus.
    virtual std::string_view service() const = 0;
    /// Which signals to subscribe to, besides those sent to us alone: match rules.
    virtual std::vector<std::string> match_rules() const = 0;

    /// The daemon has this unique name now; empty: it is not there.
    virtual void on_owner(Time now, std::string_view unique_name) = 0;
    virtual void on_reply(Time now, std::uint64_t call, const Reply& reply) = 0;
    /// Of anybody: signals of others than the daemon are ignored. Values that make no sense are left out, here and
    /// in replies.
    virtual void on_signal(Time now, const Signal& signal) = 0;
    std::optional<Call> poll_call();
    virtual std::optional<Time> next_deadline() const = 0;
    virtual void on_timer(Time now) = 0;

    /// Withdraws everything published.
    virtual void shut_down(Time now) = 0;
    /// True when the daemon has confirmed all that was withdrawn, or is not there.
    virtual bool is_quiet() const = 0;

protected:
    std::uint64_t call(std::string path, std::string interface, std::string member,
                       std::string signature = {}, Values arguments = {});
    void tell(dnssd::BackendEvent event) { events_.push_back(std::move(event)); }
    void forget_calls() { calls_.clear(); }
    /// Why a reply is of no use: its error, or that it makes no sense.
    static std::string_view fault_of(const Reply& reply);
    /// What is told when `daemon` did not say this machine's name.
    static dnssd::HostNameEvent no_host_name(std::string_view daemon, const Reply& reply);

private:
    std::vector<dns::Name> extra_domains_;
    std::deque<Call> calls_;
    std::deque<dnssd::BackendEvent> events_;
    std::uint64_t last_call_ = 0;
};

}  // namespace kith::discovery::dbus
