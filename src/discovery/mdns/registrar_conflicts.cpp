// What of Registrar is about names that another host has, too (RFC 6762 §8.1, §9).

#include <algorithm>

#include "discovery/mdns/names.hpp"
#include "discovery/mdns/registrar.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

using Kind = RegistrationEvent::Kind;

constexpr std::size_t rename_attempts = 10'000;  // names of our own that may stand in the way

}  // namespace

/// Counts a conflict; returns from when on the next attempt may begin (RFC 6762 §8.1).
Time Registrar::note_conflict(Time now) {
    ++context_.stats.conflicts;
    conflicts_.push_back(now);
    if (conflicts_.size() > conflicts_before_wait) conflicts_.pop_front();
    if (conflicts_.size() == conflicts_before_wait && conflicts_.front() + conflict_window >= now)
        is_slow_ = true;
    // It stays slow until there was peace for a while.
    if (conflicts_.size() > 1 && conflicts_[conflicts_.size() - 2] + conflict_peace < now)
        is_slow_ = false;
    return is_slow_ ? now + conflict_wait : now;
}

void Registrar::on_conflict(Time now, InterfaceId interface, RegistrationId id,
                            InterfaceListener::Stage stage, const Endpoint& rival) {
    Registration* const registration = find(id);
    if (registration == nullptr) return;
    context_.trace_name(now, Trace::Kind::conflict, interface, registration->name, {}, rival,
                        stage == InterfaceListener::Stage::held
                            ? "another host has records of our name: asking who it belongs to"
                            : "another host answers for the name that we ask for");
    if (stage == InterfaceListener::Stage::held) {
        // RFC 6762 §9: ask again; whoever has the name answers, and then it is lost.
        const Time earliest = note_conflict(now);
        Interface& where = *interfaces_.at(interface);
        where.silence(now, id);
        enter_probing(now, *registration);
        where.claim(now, id, registration->name, earliest);
        return;
    }
    if (registration->rename == RenameStyle::refuse) {
        lose(now, *registration, interface, rival);
    } else {
        rename(now, *registration, interface, rival);
    }
}

void Registrar::lose(Time now, Registration& registration, InterfaceId interface,
                     const Endpoint& rival) {
    note_conflict(now);
    for (const auto& [id, state] : interfaces_) state->abandon(now, registration.id);
    calm(registration);
    registration.phase = Registration::Phase::lost;
    push(registration, Kind::lost);
    events_.back().interface = interface;
    events_.back().rival = rival;
}

/// Ours, or heard of on some interface: no use to probe for it. (That it was not heard of says
/// nothing; probing asks the network, RFC 6762 §8.1.)
bool Registrar::is_taken(const dns::Name& name) const {
    const std::uint64_t hash = dns::name_hash(name);
    return by_name_.contains(name) || std::ranges::any_of(interfaces_, [&](const auto& interface) {
               return interface.second->cache().has_name(name, hash);
           });
}

void Registrar::rename(Time now, Registration& registration, InterfaceId interface,
                       const Endpoint& rival) {
    const Time earliest = note_conflict(now);
    ++context_.stats.renames;
    const dns::Name previous = registration.name;
    context_.trace_name(now, Trace::Kind::renamed, interface, previous, {}, rival,
                        "another host answered for it while we asked");
    for (const auto& [id, state] : interfaces_) state->abandon(now, registration.id);
    dns::Name name = next_name(previous, registration.rename);
    for (std::size_t i = 0; i < rename_attempts && is_taken(name); ++i)
        name = next_name(name, registration.rename);
    by_name_.erase(previous);
    by_name_[name] = registration.id;
    registration.name = name;
    for (Slot& slot : registration.slots) {
        if (slot.registered.record.name == previous) slot.registered.record.name = name;
    }
    retarget(now, registration.id, previous, name);
    push(registration, Kind::renamed);
    events_.back().previous = previous;
    events_.back().interface = interface;
    events_.back().rival = rival;
    registration.phase = Registration::Phase::probing;
    for (const auto& [id, state] : interfaces_) attach(now, registration, *state, earliest);
}

/// Lets every record that points at `from` point at `to`: PTRs at an instance, SRVs at the host.
void Registrar::retarget(Time now, RegistrationId renamed, dns::NameView from, dns::NameView to) {
    for (const RegistrationId id : ids()) {
        Registration& registration = *find(id);
        for (std::size_t i = 0; i < registration.slots.size(); ++i) {
            Record& record = registration.slots[i].registered.record;
            const auto target = target_of(record.type, record.rdata);
            if (!target || *target != from) continue;
            std::vector<std::uint8_t> rdata = with_target(record.type, record.rdata, to);
            if (id == renamed) {
                record.rdata = std::move(rdata);  // not on any interface now
            } else {
                apply_update(now, registration, i, std::move(rdata));
            }
        }
    }
}

}  // namespace kith::discovery::mdns
