#pragma once
// DiscoveryService: this machine's Multicast DNS responder inside the server, on the control thread's
// loop: its name and addresses, the services of the config and of service files, and the names of
// the link for unicast clients.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "discovery/dnssd/mdns_backend.hpp"
#include "discovery/dnssd/service_file.hpp"
#include "discovery/dnssd/session.hpp"
#include "net/mdns_driver.hpp"
#include "net/system.hpp"
#include "server/discovery_plan.hpp"
#include "server/file_watch.hpp"
#include "server/local_lookup.hpp"

namespace kith::server {

class DiscoveryService {
public:
    explicit DiscoveryService(net::Loop& loop);
    ~DiscoveryService();

    /// Starts as the plan says, or follows its change; what needs a restart stays as it was. An error
    /// is returned when the mDNS port cannot be had: then nothing runs, and the server serves without.
    std::string apply(const DiscoveryPlan& plan);
    bool is_running() const { return driver_ != nullptr; }

    /// Answers a client's question about a name of the link; SERVFAIL while nothing runs.
    void look_up(const LocalQuestion& question, LocalReply reply);

    /// Says goodbye, turning the loop for a second at most. Nothing runs afterwards.
    void stop();

    void log_counters() const;

private:
    using Service = discovery::dnssd::Service;
    struct Offered {
        Service service;
        discovery::dnssd::OperationId operation = 0;
        std::string registered_as;  // as the log says; empty: not, or not any more
    };
    void settle();
    void set_reflection();
    LocalKnowledge known(Time now, dns::NameView name, dns::RrType type) const;
    void arm_timer();
    void take_events();
    void note_links();
    void note_host_name();
    void on_register_event(const discovery::dnssd::Event& event);
    void read_directories();
    void read_file(const std::string& path, std::vector<Service>& services, FileStates& files);
    void offer(std::vector<Service> wanted);
    discovery::dnssd::Specifiers specifiers() const;

    net::Loop& loop_;
    net::SystemRng rng_;
    DiscoveryPlan plan_;
    std::unique_ptr<discovery::mdns::Engine> engine_;
    std::unique_ptr<discovery::dnssd::MdnsBackend> backend_;
    std::unique_ptr<discovery::reflector::Reflector> reflector_;  // none: nothing is reflected
    std::unique_ptr<net::MdnsDriver> driver_;
    std::unique_ptr<discovery::dnssd::Session> session_;
    std::unique_ptr<LocalLookups> lookups_;
    std::vector<Offered> offered_;
    dns::Name host_wanted_;         // root: none
    dns::Name host_name_;           // as the log says
    std::uint64_t links_seen_ = 0;  // MdnsDriver::link_changes()
    net::Timer timer_;
    FileWatch watch_;
    bool taking_events_ = false;
};

}  // namespace kith::server
