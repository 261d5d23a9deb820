#pragma once
// UnicastDriver: sockets for a UnicastBackend: one for each question, with a random port.

#include <functional>
#include <map>
#include <memory>

#include "discovery/dnssd/unicast_backend.hpp"
#include "net/loop.hpp"

namespace kith::client {

class UnicastDriver {
public:
    /// `on_activity` is called when the backend was given something. The references outlive the driver.
    UnicastDriver(net::Loop& loop, discovery::dnssd::UnicastBackend& backend,
                  std::function<void()> on_activity);
    ~UnicastDriver();
    UnicastDriver(const UnicastDriver&) = delete;
    UnicastDriver& operator=(const UnicastDriver&) = delete;

    /// Sends what the backend wants sent and sets the timer.
    void flush();

private:
    using Transmit = discovery::dnssd::UnicastBackend::Transmit;
    struct Exchange {
        net::Descriptor socket;
        bool over_tcp = false;
        std::vector<std::uint8_t> out;  // TCP: what is still to be sent
        std::vector<std::uint8_t> in;   // TCP: what came so far
    };
    void open(Transmit transmit);
    bool start(Exchange& exchange, const Transmit& transmit);
    void on_event(std::uint64_t id, std::uint32_t events);
    void on_udp(std::uint64_t id, Exchange& exchange);
    void on_tcp(std::uint64_t id, Exchange& exchange, std::uint32_t events);
    void close(std::uint64_t id);

    net::Loop& loop_;
    discovery::dnssd::UnicastBackend& backend_;
    std::function<void()> on_activity_;
    std::map<std::uint64_t, std::shared_ptr<Exchange>> exchanges_;
    net::Timer timer_;
};

}  // namespace kith::client
