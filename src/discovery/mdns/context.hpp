#pragma once
// Context: what all parts of one engine share: randomness, counters, the way out, the memory of
// our own packets.

#include <deque>
#include <string_view>
#include <vector>

#include "discovery/mdns/echo_guard.hpp"
#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/link.hpp"
#include "discovery/mdns/record.hpp"
#include "dns/message_builder.hpp"

namespace kith::discovery::mdns {

struct Context {
    Context(const EngineConfig& engine_config, Rng& engine_rng, Tracer* engine_tracer)
        : config(engine_config), rng(engine_rng), tracer(engine_tracer), hasher(engine_rng) {}

    struct Outgoing {
        Transmit transmit;
        std::vector<std::uint8_t> message;
    };

    EngineConfig config;
    Rng& rng;
    Tracer* tracer;
    Hasher hasher;
    EchoGuard echo;
    EngineStats stats;
    std::deque<Outgoing> outgoing;
    dns::MessageBuilder builder;
    std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(message_bytes_max);

    /// Uniform in min..max.
    Duration random(Duration min, Duration max) {
        const auto span = std::chrono::duration_cast<std::chrono::microseconds>(max - min).count();
        return min + std::chrono::microseconds(rng.below(static_cast<std::uint32_t>(span + 1)));
    }

    void send(Time now, InterfaceId interface, const Endpoint& to, Destination destination,
              SocketKind socket, Bytes message) {
        ++stats.packets_out;
        stats.bytes_out += message.size();
        // Only what is multicast comes back.
        if (socket == SocketKind::mdns && destination == Destination::group)
            echo.on_sent(now, hasher.of_bytes(message));
        outgoing.push_back(
            {{interface, to, destination, socket, {}}, {message.begin(), message.end()}});
        trace_packet(now, Trace::Kind::sent, interface, to, message, {});
    }
    void send_to_group(Time now, InterfaceId interface, LinkIndex link, Bytes message) {
        send(now, interface, group(family_of(link), interface), Destination::group,
             SocketKind::mdns, message);
    }
    void trace_packet(Time now, Trace::Kind kind, InterfaceId interface, const Endpoint& peer,
                      Bytes message, std::string_view why) const {
        if (tracer == nullptr) return;
        Trace trace = trace_of(now, kind, interface, peer, why);
        trace.message = message;
        tracer->on_trace(trace);
    }
    /// It came in and is not believed.
    void ignore(Time now, const PacketInfo& info, Bytes message, std::string_view why) const {
        trace_packet(now, Trace::Kind::ignored, info.interface, info.source, message, why);
    }
    void trace_name(Time now, Trace::Kind kind, InterfaceId interface, dns::NameView name,
                    dns::RrType type, const Endpoint& peer, std::string_view why) const {
        if (tracer == nullptr) return;
        Trace trace = trace_of(now, kind, interface, peer, why);
        trace.name = name;
        trace.type = type;
        tracer->on_trace(trace);
    }

private:
    static Trace trace_of(Time now, Trace::Kind kind, InterfaceId interface, const Endpoint& peer,
                          std::string_view why) {
        return {.time = now,
                .kind = kind,
                .interface = interface,
                .family = peer.address.family(),
                .peer = peer,
                .message = {},
                .name = {},
                .type = {},
                .why = why};
    }
};

}  // namespace kith::discovery::mdns
