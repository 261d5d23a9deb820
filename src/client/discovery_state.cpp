#include "client/discovery_state.hpp"

#include <net/if.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "client/conversions.hpp"
#include "client/link_choice.hpp"
#include "client/name_server.hpp"
#include "discovery/dbus/avahi_backend.hpp"
#include "discovery/dbus/resolved_backend.hpp"

namespace kith::client {

namespace dnssd = discovery::dnssd;
namespace mdns = discovery::mdns;
namespace dbus = discovery::dbus;

namespace {

/// The first label of the machine's host name.
std::string this_host() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0) return "host";
    const std::string_view text(name);
    const std::string label(text.substr(0, text.find('.')));
    return label.empty() ? "host" : label.substr(0, dns::label_bytes_max);
}

std::string_view kind_word(mdns::Trace::Kind kind) {
    using Kind = mdns::Trace::Kind;
    switch (kind) {
        case Kind::received: return "received";
        case Kind::sent: return "sent";
        case Kind::ignored: return "ignored";
        case Kind::echo: return "echo";
        case Kind::conflict: return "conflict";
        case Kind::tie_lost: return "tie-lost";
        case Kind::tie_won: return "tie-won";
        case Kind::renamed: return "renamed";
        case Kind::record_added: return "record-added";
        case Kind::record_removed: return "record-removed";
        case Kind::suppressed: return "suppressed";
        case Kind::limited: return "limited";
    }
    return "";
}

}  // namespace

Discovery::State::State(const Options& options)
    : session_timer(loop, [this] { session.on_timer(loop.now()); }) {
    host_label = options.host_name.empty() ? this_host() : options.host_name;
}

std::string Discovery::State::start(const Options& options) {
    std::vector<dns::Name> domains;
    for (const std::string& text : options.multicast_domains) {
        const auto domain = dns::Name::from_text(text);
        if (!domain)
            return fmt::format("'{}' is no domain: {}", printable(text), domain.error().text);
        domains.push_back(*domain);
    }
    if (std::string complaint = start_link(options, domains); !complaint.empty()) return complaint;
    if (std::string complaint = start_unicast(options); !complaint.empty()) return complaint;
    if (options.publish_host) return claim_host();
    return {};
}

std::string Discovery::State::start_link(const Options& options,
                                         const std::vector<dns::Name>& domains) {
    const LinkChoice choice = choose_link(options);
    switch (choice.backend) {
        case Backend::avahi: return start_bus(std::make_unique<dbus::AvahiBackend>(domains));
        case Backend::resolved:
            return start_bus(std::make_unique<dbus::ResolvedBackend>(rng, domains));
        case Backend::none: return choice.complaint;
        case Backend::automatic:
        case Backend::mdns: break;
    }
    std::string complaint = start_multicast(options, domains);
    if (complaint.empty()) return {};
    if (choice.fallback != Backend::resolved) return complaint.append(sockets_hint);
    // Somebody has the port to himself: resolved is asked, though it tells less.
    return start_bus(std::make_unique<dbus::ResolvedBackend>(rng, domains));
}

std::string Discovery::State::start_multicast(const Options& options,
                                              const std::vector<dns::Name>& domains) {
    mdns::EngineConfig config;
    config.extra_domains = domains;
    engine = std::make_unique<mdns::Engine>(config, rng, this);
    multicast = std::make_unique<dnssd::MdnsBackend>(*engine);
    net::MdnsDriverOptions how;
    how.interfaces = {options.interfaces, options.ignore_interfaces};
    how.use_ipv4 = options.family != Family::ipv6;
    how.use_ipv6 = options.family != Family::ipv4;
    driver = std::make_unique<net::MdnsDriver>(loop, *engine, std::move(how),
                                               [this] { session.pump(loop.now()); });
    if (const auto started = driver->start(); !started) {
        driver.reset();
        multicast.reset();
        engine.reset();
        return started.error().text;
    }
    session.add_backend(*multicast);
    return {};
}

std::string Discovery::State::start_bus(std::unique_ptr<dbus::BusBackend> backend) {
    bus = std::move(backend);
    bus_driver = std::make_unique<net::BusDriver>(loop, *bus, [this] { session.pump(loop.now()); });
    session.add_backend(*bus);
    return bus_driver->start();
}

std::string Discovery::State::start_unicast(const Options& options) {
    std::optional<Endpoint> server;
    if (!options.servers.empty()) {
        server = Endpoint::from_text(options.servers.front(), 53);
        if (!server)
            return fmt::format("'{}' is not a server: expected an IP address, with :port if not 53",
                               printable(options.servers.front()));
    } else {
        server = first_name_server("/etc/resolv.conf");
    }
    if (!server) return {};
    unicast = std::make_unique<dnssd::UnicastBackend>(*server, std::vector<dns::Name>(), rng);
    unicast_driver =
        std::make_unique<UnicastDriver>(loop, *unicast, [this] { session.pump(loop.now()); });
    session.add_backend(*unicast);
    return {};
}

dnssd::Backend* Discovery::State::link() const {
    if (bus != nullptr) return bus.get();
    return multicast.get();
}

void Discovery::State::shut_down() {
    if (engine) engine->shut_down(now());
    if (bus) bus->shut_down(now());
    settle();
}

bool Discovery::State::is_quiet() const {
    return (engine == nullptr || engine->is_quiet()) && (bus == nullptr || bus->is_quiet());
}

std::string Discovery::State::claim_host() {
    if (host_claimed || multicast == nullptr) return {};  // a daemon has claimed it
    const auto done = multicast->set_host_label(now(), host_label);
    if (!done) return done.error().text;
    host_claimed = true;
    return {};
}

void Discovery::State::settle() {
    session.pump(loop.now());
    if (driver) driver->flush();
    if (bus_driver) bus_driver->flush();
    if (unicast_driver) unicast_driver->flush();
    const auto next = session.next_deadline();
    if (session.has_events() || !traces.empty()) {
        session_timer.arm(loop.now());  // process() has something to tell
    } else if (next) {
        session_timer.arm(*next);
    } else {
        session_timer.cancel();
    }
}

std::string Discovery::State::interface_name(std::uint32_t index) const {
    if (index == 0) return {};
    if (driver) {
        if (std::string name = driver->interface_name(index); !name.empty()) return name;
    }
    char name[IF_NAMESIZE] = {};
    return ::if_indextoname(index, name) != nullptr ? name : fmt::format("{}", index);
}

EventHead Discovery::State::head_of(const dnssd::Event& event) const {
    EventHead out;
    out.change = from(event.change);
    out.more_coming = event.more_coming;
    out.interface = {event.ifindex, interface_name(event.ifindex)};
    if (const auto* failure = std::get_if<dnssd::Failure>(&event.what)) out.error = failure->text;
    return out;
}

void Discovery::State::on_trace(const mdns::Trace& trace) {
    if (!monitor) return;
    MonitorEvent event;
    event.kind = kind_word(trace.kind);
    event.interface = {trace.interface, interface_name(trace.interface)};
    if (trace.peer.address.family() != IpFamily::none) event.peer = trace.peer.to_text();
    if (!trace.name.is_root()) event.name = trace.name.to_text();
    if (trace.type != dns::RrType{}) event.type = dns::type_name(trace.type);
    event.why = trace.why;
    event.message.assign(trace.message.begin(), trace.message.end());
    traces.push_back(std::move(event));
}

Operation Discovery::State::refuse(std::string why) {
    Operation out;
    out.error_ = std::move(why);
    return out;
}

Operation Discovery::State::finish(Discovery& owner, dnssd::Session::Started started,
                                   Callback callback) {
    if (!started) return refuse(started.error().text);
    Operation out;
    out.owner_ = &owner;
    out.id_ = *started;
    callbacks[out.id_] = std::make_shared<Callback>(std::move(callback));
    settle();
    return out;
}

void Discovery::State::dispatch() {
    if (dispatching) return;  // process() inside a callback
    dispatching = true;
    while (true) {
        // The tracer is called inside the engine, where nobody may call it: told here.
        for (const MonitorEvent& event : std::exchange(traces, {})) {
            const auto tell = monitor;
            if (tell) tell(event);
        }
        const auto event = session.poll_event();
        if (!event) break;
        const auto found = callbacks.find(event->operation);
        if (found == callbacks.end()) continue;
        const std::shared_ptr<Callback> callback = found->second;  // it may end its own operation
        (*callback)(*event);
    }
    dispatching = false;
}

}  // namespace kith::client
