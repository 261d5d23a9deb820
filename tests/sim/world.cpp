#include "world.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "discovery/mdns/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::sim {
namespace {

using mdns::Destination;

constexpr std::uint16_t one_shot_port = 40'000;  // that questions of simple resolvers leave from
constexpr int hops_max = 2;  // of reflection: two reflectors side by side would play for ever

std::size_t place_of(IpFamily family) { return family == IpFamily::v4 ? 0 : 1; }

/// The same message in other bytes: no compression.
std::vector<std::uint8_t> rewritten(const mdns::Packet& packet) {
    std::vector<std::uint8_t> out(mdns::message_bytes_max);
    dns::MessageBuilder builder;
    builder.start(out, out.size());
    builder.header().flags = packet.header().flags;
    for (const mdns::PacketQuestion& question : packet.questions()) {
        const auto top =
            question.wants == mdns::Wants::unicast ? mdns::Flush::yes : mdns::Flush::no;
        builder.add_question(question.name, question.type, mdns::wire_class(question.klass, top));
    }
    for (const mdns::PacketRecord& record : packet.records()) {
        builder.add_record(record.section, record.name, record.type,
                           mdns::wire_class(record.klass, record.flush), record.ttl, record.rdata);
    }
    const Bytes done = builder.finish();
    return {done.begin(), done.end()};
}

}  // namespace

World::World(std::uint64_t seed) : rng_(seed * 7919 + 1) {}

std::size_t World::add_segment() { return segments_++; }

std::size_t World::add_host() {
    hosts_.push_back(std::make_unique<Host>(rng_.next()));
    return hosts_.size() - 1;
}

IpPrefix World::own_address(const Host::Plug& plug, IpFamily family) {
    const auto number = plug.address;
    const auto high = static_cast<std::uint8_t>(number >> 8);
    const auto low = static_cast<std::uint8_t>(number);
    if (family == IpFamily::v4) return {IpAddress::v4(10, 0, high, low), 16};
    const std::uint8_t bytes[16] = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, high, low};
    return {*IpAddress::from_bytes(bytes), 64};
}

void World::configure(std::size_t index, const Host::Plug& plug) {
    mdns::Engine& engine = hosts_[index]->engine;
    engine.set_link(now_, plug.id, IpFamily::v4, {{own_address(plug, IpFamily::v4)}, 1500});
    if (plug.families == Families::v4_and_v6)
        engine.set_link(now_, plug.id, IpFamily::v6, {{own_address(plug, IpFamily::v6)}, 1500});
    if (hosts_[index]->reflector) {
        const std::string called = "if" + std::to_string(plug.id);
        hosts_[index]->reflector->set_link(plug.id, called, IpFamily::v4,
                                           {{own_address(plug, IpFamily::v4)}, 1500});
        if (plug.families == Families::v4_and_v6)
            hosts_[index]->reflector->set_link(plug.id, called, IpFamily::v6,
                                               {{own_address(plug, IpFamily::v6)}, 1500});
    }
    drain(index);
}

void World::make_reflector(std::size_t index, const discovery::reflector::Policy& policy) {
    Host& host = *hosts_[index];
    host.reflector = std::make_unique<discovery::reflector::Reflector>(policy, host.rng);
    host.junction.set_reflector(host.reflector.get());
    for (const Host::Plug& plug : host.plugs) configure(index, plug);
}

mdns::InterfaceId World::plug(std::size_t index, std::size_t segment, Families families,
                              std::uint32_t address) {
    Host& host = *hosts_[index];
    const auto id = static_cast<mdns::InterfaceId>(host.plugs.size() + 1);
    host.plugs.push_back({id, segment, address != 0 ? address : next_address_++, families, true});
    configure(index, host.plugs.back());
    return id;
}

void World::unplug(std::size_t index, mdns::InterfaceId interface) {
    Host& host = *hosts_[index];
    host.plugs[interface - 1].is_in = false;
    host.engine.remove_link(now_, interface, IpFamily::v4);
    host.engine.remove_link(now_, interface, IpFamily::v6);
    for (const IpFamily family : {IpFamily::v4, IpFamily::v6}) {
        if (host.reflector) host.reflector->remove_link(interface, family);
    }
    drain(index);
    host.plugs[interface - 1].said = {};
}

void World::replug(std::size_t index, mdns::InterfaceId interface) {
    Host& host = *hosts_[index];
    host.plugs[interface - 1].is_in = true;
    configure(index, host.plugs[interface - 1]);
}

void World::renumber(std::size_t index, mdns::InterfaceId interface) {
    Host::Plug& plug = hosts_[index]->plugs[interface - 1];
    if (!plug.is_in) return;
    plug.address = next_address_++;
    configure(index, plug);
}

void World::bridge(std::size_t a, std::size_t b) {
    joints_.push_back({a, b, false, Copies::same_bytes, 5ms, 0});
}

void World::reflect(std::size_t a, std::size_t b, Copies copies, Duration delay) {
    joints_.push_back({a, b, true, copies, delay, static_cast<std::uint32_t>(joints_.size())});
}

// ---------------------------------------------------------------- packets

void World::carry(std::size_t segment, std::size_t sender, const Endpoint& source,
                  const mdns::Transmit& transmit, const Message& message, Duration after,
                  int hops) {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (sender != nobody && hosts_[i]->group != hosts_[sender]->group) continue;
        for (const Host::Plug& plug : hosts_[i]->plugs) {
            if (plug.is_in && plug.segment == segment)
                deliver(i, plug, source, transmit, message, after);
        }
    }
    for (const Joint& joint : joints_) {
        if (joint.a != segment && joint.b != segment) continue;
        if (hops >= (joint.reflects ? hops_max : 1)) continue;
        const std::size_t other = joint.a == segment ? joint.b : joint.a;
        if (!joint.reflects) {
            // A bridge does not send back what a bridge brought.
            carry(other, sender, source, transmit, message, after + joint.delay, hops_max);
            continue;
        }
        if (transmit.destination != Destination::group || source.port != mdns::port) continue;
        Endpoint own = source;
        own.address =
            own_address({0, 0, 0xfe00 + joint.number, {}, true, {}, {}}, transmit.family()).address;
        const auto delay = std::chrono::microseconds(
            rng_.below(static_cast<std::uint32_t>(joint.delay / 1us) + 1));
        const bool is_same = joint.copies == Copies::same_bytes || !message->is_readable;
        const Message copy = is_same ? message : make_message(rewritten(message->packet));
        carry(other, sender, own, transmit, copy, after + delay, hops + 1);
    }
}

void World::deliver(std::size_t index, const Host::Plug& plug, const Endpoint& source,
                    const mdns::Transmit& transmit, const Message& message, Duration after) {
    const IpFamily family = transmit.family();
    if (family == IpFamily::v6 && plug.families == Families::v4) return;
    const bool is_group = transmit.destination == Destination::group;
    const IpAddress own = own_address(plug, family).address;
    if (!is_group && transmit.to.address != own) return;
    const bool is_loopback = source.address == own;
    int copies = 1;
    if (!is_loopback) {
        if (rng_.below(100) < weather_.loss_percent) return;
        if (rng_.below(100) < weather_.repeat_percent) copies = 2;
    }
    for (int i = 0; i < copies; ++i) {
        const Duration spread = weather_.delay_max - weather_.delay_min;
        const auto extra =
            std::chrono::microseconds(rng_.below(static_cast<std::uint32_t>(spread / 1us) + 1));
        mdns::PacketInfo info;
        info.interface = plug.id;
        info.family = family;
        info.source = source;
        info.source.scope = family == IpFamily::v6 ? plug.id : 0;
        info.destination = transmit.destination;
        if (!is_group && transmit.to.port == one_shot_port)
            info.socket = mdns::SocketKind::one_shot;
        deliveries_.push({now_ + after + (is_loopback ? 0us : weather_.delay_min + extra),
                          serial_++, index, info, message});
    }
}

void World::inject(std::size_t segment, const Endpoint& source,
                   const std::vector<std::uint8_t>& message) {
    mdns::Transmit transmit;
    transmit.to = mdns::group(source.address.family());
    carry(segment, nobody, source, transmit, make_message(message), 0ms, hops_max);
}

World::Message World::make_message(std::vector<std::uint8_t> bytes) {
    const auto out = std::make_shared<Datagram>();
    out->bytes = std::move(bytes);
    out->is_readable = out->packet.read(out->bytes);
    if (!out->is_readable || out->packet.is_response() || out->packet.header().counts[2] == 0)
        return out;
    for (const mdns::PacketQuestion& question : out->packet.questions())
        out->probes.push_back(question.name_hash);
    return out;
}

/// Prints a packet when KITH_TRACE is set.
void World::print(std::size_t host, const mdns::Transmit& transmit, const Datagram& message) const {
    static const bool is_wanted = std::getenv("KITH_TRACE") != nullptr;
    if (!is_wanted || !message.is_readable) return;
    const mdns::Packet& packet = message.packet;
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - (Time{} + 1000h)).count();
    std::string line = std::to_string(ms) + " ms host " + std::to_string(host) + " to " +
                       transmit.to.to_text() + (packet.is_response() ? " says" : " asks");
    for (const mdns::PacketQuestion& question : packet.questions())
        line += "\n    ? " + question.name.to_text() + " " + dns::type_name(question.type) +
                (question.wants == mdns::Wants::unicast ? " QU" : "");
    for (const mdns::PacketRecord& record : packet.records())
        line += "\n    " + std::to_string(static_cast<int>(record.section)) + " " +
                record.name.to_text() + " " + std::to_string(record.ttl) + " " +
                dns::type_name(record.type) + " " +
                dns::rdata_to_text(record.type, record.klass, record.rdata);
    std::puts(line.c_str());
}

void World::send(std::size_t index, const mdns::Transmit& transmit, const Message& message) {
    Host& host = *hosts_[index];
    ++packets_;
    ++host.sent;
    bytes_ += message->bytes.size();
    const Host::Plug& plug = host.plugs[transmit.interface - 1];
    if (!plug.is_in) return;
    if (transmit.destination == Destination::unicast)
        ++unicasts_[{transmit.to.address.to_text(), transmit.to.port}];
    const bool is_one_shot = transmit.socket == mdns::SocketKind::one_shot;
    const Endpoint source{own_address(plug, transmit.family()).address,
                          is_one_shot ? one_shot_port : mdns::port, 0};
    carry(plug.segment, index, source, transmit, message, 0ms, 0);
}

/// Carries what the engine of a host has to say, and its reflector.
void World::drain(std::size_t index) {
    Host& host = *hosts_[index];
    while (const auto transmit = host.junction.poll_transmit(now_)) {
        const Message message = make_message({transmit->message.begin(), transmit->message.end()});
        print(index, *transmit, *message);
        // The engine's are the first.
        if (host.engine_sent < host.engine.stats().packets_out) {
            ++host.engine_sent;
            watch(index, host.plugs[transmit->interface - 1], *transmit, *message);
        } else {
            ++reflected_;
            if (!message->is_readable) complain(index, "a reflected packet cannot be read");
        }
        send(index, *transmit, message);
    }
    take_events(index);
    const auto next = host.engine.next_timer();
    const auto item = static_cast<std::uint32_t>(index);
    if (next) {
        timers_.set(item, std::max(*next, now_));
    } else {
        timers_.erase(item);
    }
}

void World::take_events(std::size_t index) {
    Host& host = *hosts_[index];
    using Registered = mdns::RegistrationEvent::Kind;
    while (const auto event = host.engine.poll_registration_event()) {
        if (event->kind == Registered::established) {
            host.established[event->registration] = event->name;
        } else if (event->kind != Registered::troubled) {
            host.established.erase(event->registration);
        }
        if (event->kind == Registered::renamed) host.renames.push_back(*event);
    }
    while (const auto event = host.engine.poll_query_event()) {
        const std::string data(as_text(event->record.rdata));
        int& holders = host.holders[event->query][data];
        if (event->kind == mdns::QueryEvent::Kind::added) {
            ++holders;
            host.found[event->query].insert(data);
        } else if (event->kind == mdns::QueryEvent::Kind::removed && --holders <= 0) {
            host.found[event->query].erase(data);
            if (holders < 0) complain(index, "a record is removed that was not there");
        }
    }
}

void World::run(Duration duration) {
    const Time end = now_ + duration;
    while (true) {
        const auto timer = timers_.first();
        const bool is_packet =
            !deliveries_.empty() && (!timer || deliveries_.top().at <= timer->time);
        if (!is_packet && !timer) break;
        const Time next = is_packet ? deliveries_.top().at : timer->time;
        if (next > end) break;
        now_ = std::max(now_, next);
        if (!is_packet) {
            const std::size_t index = timer->item;
            hosts_[index]->engine.on_timer(now_);
            drain(index);
            continue;
        }
        const Delivery delivery = deliveries_.top();
        deliveries_.pop();
        Host& host = *hosts_[delivery.host];
        const Datagram& message = *delivery.message;
        for (const std::uint64_t name : message.probes)
            host.plugs[delivery.info.interface - 1].probed[place_of(delivery.info.family)][name] =
                now_;
        host.junction.on_packet(now_, delivery.info, message.packet, message.bytes);
        drain(delivery.host);
    }
    now_ = end;
}

// ---------------------------------------------------------------- watching

void World::complain(std::size_t host, const std::string& what) {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - (Time{} + 1000h)).count();
    if (complaints_.size() < 20)
        complaints_.push_back("host " + std::to_string(host) + " at " + std::to_string(ms) +
                              " ms: " + what);
}

void World::watch(std::size_t host, Host::Plug& plug, const mdns::Transmit& transmit,
                  const Datagram& message) {
    if (message.bytes.size() > 1500 - mdns::ip_udp_header_bytes)
        complain(host, "a packet is larger than the link's");
    if (transmit.destination != Destination::group) return;
    if (!message.is_readable) {
        complain(host, "a packet cannot be read");
        return;
    }
    if (!message.packet.is_response()) return;
    const std::size_t family = place_of(transmit.family());
    for (const mdns::PacketRecord& record : message.packet.records()) {
        const auto [last, is_new] =
            plug.said[family].try_emplace(hasher_.of_record(record.key()), now_);
        if (is_new) continue;
        const Duration gap = now_ - last->second;
        last->second = now_;
        if (gap >= mdns::multicast_interval) continue;
        const auto probe = plug.probed[family].find(record.name_hash);
        const bool defends =
            probe != plug.probed[family].end() && probe->second + mdns::multicast_interval >= now_;
        if (defends && gap >= mdns::probe_answer_interval) continue;
        complain(host, dns::Name(record.name).to_text() + " " + dns::type_name(record.type) +
                           " is multicast again after " +
                           std::to_string(
                               std::chrono::duration_cast<std::chrono::milliseconds>(gap).count()) +
                           " ms");
    }
}

std::vector<std::uint64_t> seeds(std::uint64_t count) {
    if (const char* const one = std::getenv("KITH_SEED")) return {std::strtoull(one, nullptr, 10)};
    if (const char* const many = std::getenv("KITH_SEEDS"))
        count = std::strtoull(many, nullptr, 10);
    std::vector<std::uint64_t> out;
    for (std::uint64_t seed = 1; seed <= count; ++seed) out.push_back(seed);
    return out;
}

}  // namespace kith::sim
