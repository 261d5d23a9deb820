#pragma once
// Junction: an engine, and a reflector if there is one, at the same sockets: who gets what comes in, and in
// which order goes out what they have to say. A packet is read once for both.

#include <optional>

#include "discovery/mdns/engine.hpp"
#include "discovery/mdns/packet.hpp"
#include "discovery/reflector/reflector.hpp"

namespace kith::discovery::reflector {

class Junction {
public:
    /// The engine outlives the junction.
    explicit Junction(mdns::Engine& engine) : engine_(engine) {}

    /// It outlives the junction, or nullptr is set.
    void set_reflector(Reflector* reflector) { reflector_ = reflector; }
    Reflector* reflector() const { return reflector_; }

    /// Gives a datagram to both, but a reply to the reflector's own question to it alone.
    void on_packet(Time now, const mdns::PacketInfo& info, Bytes message);
    /// As above, of a message that is read already, whether or not it could be.
    void on_packet(Time now, const mdns::PacketInfo& info, const mdns::Packet& packet,
                   Bytes message);
    /// The next datagram to send, the engine's first; valid until the next call. The engine learns what the
    /// reflector multicasts, so that it knows it when it comes back.
    std::optional<mdns::Transmit> poll_transmit(Time now);

private:
    mdns::Engine& engine_;
    Reflector* reflector_ = nullptr;
    mdns::Packet packet_;
};

}  // namespace kith::discovery::reflector
