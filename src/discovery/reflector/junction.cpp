#include "discovery/reflector/junction.hpp"

namespace kith::discovery::reflector {

static_assert(mdns::sent_digests_max >=
                  4 * packets_per_second * (mdns::sent_digest_life / std::chrono::seconds(1)),
              "the engine knows what is reflected when it comes back");

void Junction::on_packet(Time now, const mdns::PacketInfo& info, Bytes message) {
    packet_.read(message);
    on_packet(now, info, packet_, message);
}

void Junction::on_packet(Time now, const mdns::PacketInfo& info, const mdns::Packet& packet,
                         Bytes message) {
    if (reflector_ != nullptr && reflector_->on_packet(now, info, packet) == Reflector::Taken::ours)
        return;
    engine_.on_packet(now, info, packet, message);
}

std::optional<mdns::Transmit> Junction::poll_transmit(Time now) {
    if (const auto transmit = engine_.poll_transmit()) return transmit;
    if (reflector_ == nullptr) return std::nullopt;
    const auto transmit = reflector_->poll_transmit();
    if (transmit && transmit->destination == mdns::Destination::group)
        engine_.note_sent(now, transmit->message);
    return transmit;
}

}  // namespace kith::discovery::reflector
