#pragma once
// Prober: claims unique names on one interface (RFC 6762 §8.1, §8.2).
//
//   waiting --0..250 ms--> probing: three probes 250 ms apart --250 ms--> held
//      ^                      |  lost tie: a second later        |
//      '----------------------'                                  | conflict (RFC 6762 §9)
//      '---------------------------------------------------------'
//
// A conflicting response while probing takes the name away; what follows is the listener's matter.

#include <unordered_map>

#include "base/deadline_heap.hpp"
#include "discovery/mdns/context.hpp"
#include "discovery/mdns/own_records.hpp"
#include "discovery/mdns/tie_break.hpp"

namespace kith::discovery::mdns {

class ProberListener {
public:
    virtual ~ProberListener() = default;
    /// Nobody objected: the name is ours here.
    virtual void on_claimed(Time now, RegistrationId registration) = 0;
};

class Prober {
public:
    Prober(Context& context, OwnRecords& own, std::array<Link, 2>& links, InterfaceId interface,
           ProberListener& listener)
        : context_(context), own_(own), links_(links), interface_(interface), listener_(listener) {}

    /// Claims `name`, whose unique records are in OwnRecords, with the first probe 0..250 ms from now
    /// but not before `earliest`. Starts over if it is claimed or held already.
    void claim(Time now, RegistrationId registration, dns::NameView name, Time earliest);
    void forget(RegistrationId registration);

    enum class State : std::uint8_t { none, waiting, probing, held };
    State state(RegistrationId registration) const;
    /// The claim to `name` that is probing, after its first probe; nullopt without one.
    std::optional<RegistrationId> probing(dns::NameView name, std::uint64_t hash) const;
    bool is_probing() const { return deadlines_.first().has_value(); }

    /// Settles ties with a probe of another host (RFC 6762 §8.2).
    void on_probe(Time now, const PacketInfo& info, const Packet& packet);

    void on_timer(Time now);
    std::optional<Time> next_timer() const;

private:
    struct Claim {
        RegistrationId registration = 0;
        std::string name;
        std::uint64_t name_hash = 0;
        State state = State::none;
        int sent = 0;

        dns::NameView view() const { return dns::NameView::unchecked(as_bytes(name)); }
    };

    std::uint32_t place_of(RegistrationId registration);
    std::vector<std::uint32_t> proposals(const Claim& claim) const;
    void settle_tie(Time now, const PacketInfo& info, const Packet& packet, std::uint32_t index);
    void send(Time now, const std::vector<std::uint32_t>& claims);
    std::size_t send_some(Time now, std::span<const std::uint32_t> claims);
    std::size_t bytes_of(const Claim& claim) const;

    Context& context_;
    OwnRecords& own_;
    std::array<Link, 2>& links_;
    InterfaceId interface_;
    ProberListener& listener_;
    std::vector<Claim> claims_;
    std::vector<std::uint32_t> free_;
    std::unordered_map<RegistrationId, std::uint32_t> by_registration_;
    HashIndex by_name_;
    DeadlineHeap deadlines_;  // of claims that wait or probe
    Time next_start_{};       // of claims made at about the same time, so that they share packets
};

}  // namespace kith::discovery::mdns
