#include "discovery/mdns/engine.hpp"

#include "discovery/mdns/clients.hpp"
#include "discovery/mdns/names.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {

/// The parts of an engine, and what they tell each other.
class Engine::Core final : public InterfaceListener {
public:
    Core(const EngineConfig& config, Rng& rng, Tracer* tracer)
        : context(config, rng, tracer),
          registrar(context, interfaces),
          clients(context, interfaces) {}

    bool set_link(Time now, InterfaceId id, IpFamily family, const LinkConfig& config);
    void remove_link(Time now, InterfaceId id, IpFamily family);
    void on_wake(Time now);
    /// `read`: the message taken apart, if it is already.
    void on_packet(Time now, const PacketInfo& info, Bytes message, const Packet* read);
    void on_timer(Time now);
    std::optional<Time> next_timer() const;

    Context context;
    InterfaceSet interfaces;
    Registrar registrar;
    Clients clients;
    Packet packet;
    Context::Outgoing polled;  // what poll_transmit() gave out last

private:
    void on_query_event(InterfaceId interface, QueryId query, QueryEvent::Kind kind,
                        QueryEvent::Reason reason, const CachedRecord& record) override {
        clients.on_event(interface, query, kind, reason, record);
    }
    void on_claimed(Time now, InterfaceId interface, RegistrationId registration) override {
        registrar.on_claimed(now, interface, registration);
    }
    void on_conflict(Time now, InterfaceId interface, RegistrationId registration, Stage stage,
                     const Endpoint& rival) override {
        registrar.on_conflict(now, interface, registration, stage, rival);
    }
    void on_withdrawn(Time now, RegistrationId registration) override {
        registrar.on_withdrawn(now, registration);
    }
    void on_reverse_rival(Time now) override {
        context.config.reverse_names = ReverseNames::left_to_others;
        registrar.on_addresses_changed(now);
    }
};

bool Engine::Core::set_link(Time now, InterfaceId id, IpFamily family, const LinkConfig& config) {
    if (id == any_interface || family == IpFamily::none) return false;
    auto found = interfaces.find(id);
    const bool is_new = found == interfaces.end();
    if (is_new) {
        if (interfaces.size() >= interfaces_max) return false;
        found = interfaces.emplace(id, std::make_unique<Interface>(context, id, *this)).first;
    }
    Interface& interface = *found->second;
    const Interface::Change change = interface.set_link(link_of(family), config);
    if (is_new) {
        clients.on_interface_up(now, interface);
        registrar.on_interface_up(now, interface);
    } else if (change == Interface::Change::came_up) {
        registrar.on_network_changed(now, interface);
        interface.restart_queries(now);
    } else if (change == Interface::Change::addresses) {
        registrar.on_addresses_changed(now);
    }
    return true;
}

void Engine::Core::remove_link(Time now, InterfaceId id, IpFamily family) {
    const auto found = interfaces.find(id);
    if (found == interfaces.end()) return;
    Interface& interface = *found->second;
    interface.remove_link(now, link_of(family));
    if (interface.is_up()) {
        registrar.on_addresses_changed(now);
        return;
    }
    registrar.on_interface_down(now, interface);
    interfaces.erase(found);
    registrar.on_interface_gone(now);
}

void Engine::Core::on_wake(Time now) {
    for (const auto& [id, interface] : interfaces) {
        interface->doubt_cache(now);
        interface->restart_queries(now);
        registrar.on_network_changed(now, *interface);
    }
}

void Engine::Core::on_packet(Time now, const PacketInfo& info, Bytes message, const Packet* read) {
    ++context.stats.packets_in;
    context.trace_packet(now, Trace::Kind::received, info.interface, info.source, message, {});
    const auto found = interfaces.find(info.interface);
    if (found == interfaces.end() || info.family == IpFamily::none ||
        !found->second->links()[at(link_of(info.family))].is_up) {
        ++context.stats.ignored_no_link;
        return context.ignore(now, info, message, "it came in on a link that is not up");
    }
    if (context.config.hop_limit == EngineConfig::HopLimit::only_255 && info.hop_limit != 255) {
        ++context.stats.ignored_hop_limit;
        return context.ignore(now, info, message, "its hop limit is not 255");
    }
    if (read == nullptr) packet.read(message);
    const Packet& message_read = read != nullptr ? *read : packet;
    if (!message_read.is_readable()) {
        ++context.stats.malformed;
        return context.ignore(now, info, message, "it is not a DNS message");
    }
    if (message_read.header().opcode() != dns::Opcode::QUERY ||
        message_read.header().rcode_low() != dns::Rcode::NOERROR) {
        ++context.stats.ignored_header;  // RFC 6762 §18.3, §18.11
        return context.ignore(now, info, message, "its opcode or rcode is not 0");
    }
    if (info.socket == SocketKind::one_shot) {
        const Link& link = found->second->links()[at(link_of(info.family))];
        if (message_read.is_response() && info.source.port == port &&
            link.is_on_link(info.source.address))
            clients.on_one_shot(info, message_read);
        return;
    }
    found->second->on_packet(now, info, message_read, message);
}

void Engine::Core::on_timer(Time now) {
    registrar.on_timer(now);
    clients.on_timer(now);
    for (const auto& [id, interface] : interfaces) interface->on_timer(now);
}

std::optional<Time> Engine::Core::next_timer() const {
    std::optional<Time> next;
    const auto take = [&](std::optional<Time> time) {
        if (time) next = next ? std::min(*next, *time) : *time;
    };
    take(registrar.next_timer());
    take(clients.next_timer());
    for (const auto& [id, interface] : interfaces) take(interface->next_timer());
    return next;
}

// ---------------------------------------------------------------- Engine

Engine::Engine(const EngineConfig& config, Rng& rng, Tracer* tracer)
    : core_(std::make_unique<Core>(config, rng, tracer)) {}
Engine::~Engine() = default;

bool Engine::set_link(Time now, InterfaceId interface, IpFamily family, const LinkConfig& link) {
    return core_->set_link(now, interface, family, link);
}
void Engine::remove_link(Time now, InterfaceId interface, IpFamily family) {
    core_->remove_link(now, interface, family);
}
void Engine::on_wake(Time now) { core_->on_wake(now); }
void Engine::set_unicast_replies(UnicastReplies replies) {
    core_->context.config.unicast_replies = replies;
}

void Engine::set_reverse_names(Time now, ReverseNames names) {
    core_->context.config.reverse_names = names;
    core_->registrar.on_addresses_changed(now);
}

void Engine::on_packet(Time now, const PacketInfo& info, Bytes message) {
    core_->on_packet(now, info, message, nullptr);
}
void Engine::on_packet(Time now, const PacketInfo& info, const Packet& packet, Bytes message) {
    core_->on_packet(now, info, message, &packet);
}
void Engine::note_sent(Time now, Bytes message) {
    core_->context.echo.on_sent(now, core_->context.hasher.of_bytes(message));
}
void Engine::on_timer(Time now) { core_->on_timer(now); }
std::optional<Time> Engine::next_timer() const { return core_->next_timer(); }

std::optional<Transmit> Engine::poll_transmit() {
    if (core_->context.outgoing.empty()) return std::nullopt;
    core_->polled = std::move(core_->context.outgoing.front());
    core_->context.outgoing.pop_front();
    Transmit transmit = core_->polled.transmit;
    transmit.message = core_->polled.message;
    return transmit;
}
std::optional<QueryEvent> Engine::poll_query_event() { return core_->clients.poll_event(); }
std::optional<RegistrationEvent> Engine::poll_registration_event() {
    return core_->registrar.poll_event();
}
bool Engine::has_events() const {
    return core_->clients.has_events() || core_->registrar.has_events();
}

Result<RegistrationId, RegisterFault> Engine::add_registration(Time now,
                                                               RegistrationRequest request) {
    return core_->registrar.add(now, std::move(request));
}
Result<RegistrationId, RegisterFault> Engine::set_host(Time now, dns::NameView name) {
    return core_->registrar.set_host(now, name);
}
Result<void, RegisterFault> Engine::update_record(Time now, RegistrationId id, std::size_t index,
                                                  std::vector<std::uint8_t> rdata) {
    return core_->registrar.update(now, id, index, std::move(rdata));
}
Result<std::size_t, RegisterFault> Engine::add_record(Time now, RegistrationId id,
                                                      RegisteredRecord record) {
    return core_->registrar.add_record(now, id, std::move(record));
}
Result<void, RegisterFault> Engine::remove_record(Time now, RegistrationId id, std::size_t index) {
    return core_->registrar.remove_record(now, id, index);
}
void Engine::remove_registration(Time now, RegistrationId id) { core_->registrar.remove(now, id); }
void Engine::shut_down(Time now) { core_->registrar.shut_down(now); }
bool Engine::is_quiet() const {
    for (const auto& [id, interface] : core_->interfaces) {
        if (!interface->is_quiet()) return false;
    }
    return core_->context.outgoing.empty();
}
dns::Name Engine::registered_name(RegistrationId id) const { return core_->registrar.name_of(id); }

QueryId Engine::start_query(Time now, const QueryRequest& request) {
    return is_multicast_name(request.name) ? core_->clients.start(now, request) : 0;
}
void Engine::stop_query(QueryId id) { core_->clients.stop(id); }
void Engine::reconfirm(Time now, InterfaceId interface, const Record& record) {
    for (const auto& [id, state] : core_->interfaces) {
        if (interface == any_interface || interface == id) state->reconfirm(now, record);
    }
}
bool Engine::is_multicast_name(dns::NameView name) const {
    return mdns::is_multicast_name(name, core_->context.config.extra_domains);
}

namespace {

Record record_of(const CachedRecord& record) {
    return {record.name,
            record.type,
            record.klass,
            record.ttl_left,
            {record.rdata.begin(), record.rdata.end()}};
}

}  // namespace

void Engine::visit_known(Time now, dns::NameView name, dns::RrType type, InterfaceId interface,
                         VisitFunction visit, void* context) const {
    const std::uint64_t hash = dns::name_hash(name);
    for (const auto& [id, state] : core_->interfaces) {
        if (interface != any_interface && interface != id) continue;
        const auto tell = [&](const CachedRecord& cached) {
            const Record record = record_of(cached);
            visit(context, {id, record, cached.source, cached.is_unique});
        };
        state->for_each_own(name, hash, type, tell);
        state->cache().for_each(now, name, hash, type, tell);
    }
}
void Engine::visit_cached(Time now, InterfaceId interface, VisitFunction visit,
                          void* context) const {
    for (const auto& [id, state] : core_->interfaces) {
        if (interface != any_interface && interface != id) continue;
        state->cache().for_each(now, [&](const CachedRecord& cached) {
            const Record record = record_of(cached);
            visit(context, {id, record, cached.source, cached.is_unique});
        });
    }
}

const EngineStats& Engine::stats() const { return core_->context.stats; }
std::size_t Engine::cached_records(InterfaceId interface) const {
    const auto found = core_->interfaces.find(interface);
    return found == core_->interfaces.end() ? 0 : found->second->cache().size();
}
std::size_t Engine::cached_bytes(InterfaceId interface) const {
    const auto found = core_->interfaces.find(interface);
    return found == core_->interfaces.end() ? 0 : found->second->cache().bytes();
}

}  // namespace kith::discovery::mdns
