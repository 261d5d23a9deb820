#pragma once
// MdnsDriver: joins a Multicast DNS engine with this machine: sockets, interfaces, timer, sleep.
//
// Packets, link changes and deadlines go into the engine; what it wants sent goes out. Whoever else
// calls the engine calls flush() afterwards. One thread, the loop's.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "discovery/mdns/engine.hpp"
#include "discovery/reflector/junction.hpp"
#include "net/interface_rules.hpp"
#include "net/link_monitor.hpp"
#include "net/loop.hpp"
#include "net/mdns_socket.hpp"

namespace kith::net {

struct MdnsDriverOptions {
    InterfaceRules interfaces;
    bool use_ipv4 = true;
    bool use_ipv6 = true;
};

/// Counts since the start, besides the engine's.
struct MdnsDriverStats {
    std::uint64_t send_failures = 0;
    std::uint64_t packets_cut = 0;      // longer than RFC 6762 §17 allows
    std::uint64_t packets_dropped = 0;  // by the kernel: the buffer of their link was full
};

class MdnsDriver {
public:
    /// `on_events` is called when something from outside made the engine have events: take them. The
    /// references outlive the driver.
    MdnsDriver(Loop& loop, discovery::mdns::Engine& engine, MdnsDriverOptions options,
               std::function<void()> on_events);
    ~MdnsDriver();
    MdnsDriver(const MdnsDriver&) = delete;
    MdnsDriver& operator=(const MdnsDriver&) = delete;

    /// Opens sockets, reads the interfaces and brings up their links. An error when neither family can
    /// be had; one of them is enough (containers without IPv6).
    Net<void> start();
    /// Uses other interfaces from now on.
    void set_interfaces(InterfaceRules rules);
    /// Gives what comes in to a reflector, too, and sends what it has to send. It outlives the driver, or
    /// nullptr is set.
    void set_reflector(discovery::reflector::Reflector* reflector);

    /// Sends what the engine has to send and sets the timer.
    void flush();

    /// Interfaces in use, by index.
    const std::map<std::uint32_t, LinkState>& links() const { return used_; }
    /// Counts links that came, went or changed, and sleeps.
    std::uint64_t link_changes() const { return link_changes_; }
    /// There is a link to speak on: an interface that is up and has an address.
    bool has_link() const;
    /// The name of an interface in use; empty: unknown.
    std::string interface_name(std::uint32_t index) const;
    /// True when another program on this machine has the mDNS port too.
    bool is_shared() const { return is_shared_; }
    MdnsDriverStats stats() const;

private:
    /// Who asked us by unicast, and at which of our addresses: replies leave from there.
    struct Asked {
        Endpoint client;
        IpAddress local;
    };
    void open_socket(IpFamily family, std::optional<MdnsSocket>& socket, std::string& complaint);
    MdnsSocket* socket_for(IpFamily family, discovery::mdns::SocketKind kind);
    void on_readable(MdnsSocket& socket, discovery::mdns::SocketKind kind);
    void give(MdnsSocket& socket, discovery::mdns::SocketKind kind, const MdnsDatagram& datagram);
    void send(const discovery::mdns::Transmit& transmit);
    void send_waiting();
    void on_link_notice();
    void read_links();
    void bring(const LinkState& link, IpFamily family, const LinkState* before);
    bool join(const LinkState& link, IpFamily family);
    void leave(std::uint32_t index, IpFamily family);
    void drop(std::uint32_t index);
    void look_for_neighbors();
    void watch_clock();
    void look_for_sleep();
    void after_input();

    Loop& loop_;
    discovery::mdns::Engine& engine_;
    discovery::reflector::Junction junction_;
    MdnsDriverOptions options_;
    std::function<void()> on_events_;
    std::optional<MdnsSocket> v4_, v6_, one_shot_v4_, one_shot_v6_;
    std::optional<LinkMonitor> monitor_;
    std::map<std::uint32_t, LinkState> used_;
    std::map<std::pair<std::uint32_t, IpFamily>, MdnsSocket> groups_;  // one per link
    std::deque<Asked> asked_;
    Timer timer_;
    Timer settle_;
    Timer neighbor_timer_;
    std::optional<Time> links_changed_since_;
    Descriptor clock_changes_;
    Duration asleep_{};  // in total, since boot
    bool is_shared_ = false;
    std::uint64_t link_changes_ = 0;
    MdnsDriverStats stats_;
};

}  // namespace kith::net
