#include "discovery/mdns/registrar.hpp"

#include <algorithm>

#include "discovery/mdns/names.hpp"
#include "dns/name_hash.hpp"
#include "dns/rdata.hpp"

namespace kith::discovery::mdns {
namespace {

using Kind = RegistrationEvent::Kind;

}  // namespace

// ---------------------------------------------------------------- tables

Registrar::Registration* Registrar::find(RegistrationId id) {
    const auto found = registrations_.find(id);
    return found == registrations_.end() || found->second.is_leaving ? nullptr : &found->second;
}

const Registrar::Registration* Registrar::find(RegistrationId id) const {
    const auto found = registrations_.find(id);
    return found == registrations_.end() || found->second.is_leaving ? nullptr : &found->second;
}

/// In the order of registration, so that a seed replays the same packets.
std::vector<RegistrationId> Registrar::ids() const {
    std::vector<RegistrationId> out;
    for (const auto& [id, registration] : registrations_) {
        if (!registration.is_leaving) out.push_back(id);
    }
    std::ranges::sort(out);
    return out;
}

dns::Name Registrar::name_of(RegistrationId id) const {
    const Registration* const registration = find(id);
    return registration != nullptr ? registration->name : dns::Name();
}

void Registrar::push(const Registration& registration, Kind kind) {
    events_.push_back({registration.id, kind, registration.name, {}, 0, {}});
}

std::optional<RegistrationEvent> Registrar::poll_event() {
    if (events_.empty()) return std::nullopt;
    const RegistrationEvent event = events_.front();
    events_.pop_front();
    return event;
}

// ---------------------------------------------------------------- registering

Result<void, RegisterFault> Registrar::check(const RegisteredRecord& record) const {
    const dns::RrType type = record.record.type;
    const dns::RrClass klass = record.record.klass;
    if (dns::is_meta_type(type) || type == dns::RrType::NSEC)
        return std::unexpected(RegisterFault::bad_type);
    if (klass == dns::RrClass::ANY || klass == dns::RrClass::NONE)
        return std::unexpected(RegisterFault::bad_type);
    const Bytes rdata = record.record.rdata;
    const std::size_t bytes = dns::header_bytes + record.record.name.size() + 10 + rdata.size();
    if (bytes > message_bytes_max || !dns::check_rdata(type, klass, rdata))
        return std::unexpected(RegisterFault::bad_rdata);
    return {};
}

/// The one name of the records to be probed for; the root if there are none.
Result<dns::Name, RegisterFault> Registrar::unique_name(const RegistrationRequest& request) const {
    dns::Name name;
    for (const RegisteredRecord& record : request.records) {
        if (record.ownership != Ownership::unique) continue;
        if (!name.is_root() && record.record.name != name)
            return std::unexpected(RegisterFault::several_unique_names);
        name = record.record.name;
    }
    return name;
}

RegistrationId Registrar::insert(Registration registration) {
    const RegistrationId id = next_id_++;
    registration.id = id;
    if (!registration.name.is_root()) by_name_[registration.name] = id;
    registrations_.emplace(id, std::move(registration));
    return id;
}

Result<RegistrationId, RegisterFault> Registrar::add(Time now, RegistrationRequest request) {
    if (request.records.empty()) return std::unexpected(RegisterFault::no_records);
    if (request.records.size() > registration_records_max ||
        registrations_.size() >= registrations_max)
        return std::unexpected(RegisterFault::too_many);
    for (const RegisteredRecord& record : request.records) KITH_TRY_VOID(check(record));
    Registration registration;
    KITH_TRY(registration.name, unique_name(request));
    if (by_name_.contains(registration.name)) return std::unexpected(RegisterFault::name_taken);
    registration.rename = request.rename;
    registration.interface = request.interface;
    for (RegisteredRecord& record : request.records) {
        if (record.record.ttl == 0)
            record.record.ttl = default_ttl(record.record.type, record.record.name);
        registration.slots.push_back({std::move(record), true, {}, {}});
    }
    const RegistrationId id = insert(std::move(registration));
    for (const auto& [interface, state] : interfaces_) attach(now, *find(id), *state, now);
    settle(now, *find(id));
    return id;
}

bool Registrar::is_valid_on(const Registration& registration, const Slot& slot,
                            InterfaceId interface) const {
    const auto holds = [&](InterfaceId wanted) {
        return wanted == any_interface || wanted == interface;
    };
    return slot.is_used && holds(registration.interface) && holds(slot.registered.interface);
}

/// Puts the registration's records on `interface`; not answered with until the name is claimed.
void Registrar::attach(Time now, Registration& registration, Interface& interface, Time earliest) {
    if (registration.phase == Registration::Phase::lost) return;
    bool is_any = false;
    for (std::size_t i = 0; i < registration.slots.size(); ++i) {
        if (!is_valid_on(registration, registration.slots[i], interface.id())) continue;
        interface.add_record(registration.id, static_cast<std::uint32_t>(i),
                             registration.slots[i].registered);
        is_any = true;
    }
    if (!is_any) return;
    if (interface.has_probed_records(registration.id)) {
        if (registration.phase == Registration::Phase::idle) enter_probing(now, registration);
        interface.claim(now, registration.id, registration.name, earliest);
    } else {
        interface.make_live(now, registration.id);
    }
}

void Registrar::enter_probing(Time now, Registration& registration) {
    if (registration.phase == Registration::Phase::probing) return;
    registration.phase = Registration::Phase::probing;
    registration.probing_since = now;
    troubles_.emplace(now + trouble_after, registration.id);
    push(registration, Kind::probing);
}

/// Takes back the word that probing lasts too long.
void Registrar::calm(const Registration& registration) {
    auto [at, end] = troubles_.equal_range(registration.probing_since + trouble_after);
    at = std::find_if(at, end,
                      [&](const auto& trouble) { return trouble.second == registration.id; });
    if (at != end) troubles_.erase(at);
}

/// Tells when the name is held on every interface.
void Registrar::settle(Time, Registration& registration) {
    using Phase = Registration::Phase;
    if (registration.phase != Phase::probing && registration.phase != Phase::idle) return;
    bool is_any = false;
    for (const auto& [id, interface] : interfaces_) {
        if (!interface->is_attached(registration.id)) continue;
        if (!interface->is_held(registration.id)) return;
        is_any = true;
    }
    if (!is_any) return;
    calm(registration);
    registration.phase = Phase::established;
    push(registration, Kind::established);
}

Result<std::size_t, RegisterFault> Registrar::add_record(Time now, RegistrationId id,
                                                         RegisteredRecord record) {
    Registration* const registration = find(id);
    if (registration == nullptr || registration->is_host)
        return std::unexpected(RegisterFault::unknown_id);
    KITH_TRY_VOID(check(record));
    if (record.ownership == Ownership::unique && record.record.name != registration->name)
        return std::unexpected(RegisterFault::several_unique_names);
    if (registration->slots.size() >= registration_records_max)
        return std::unexpected(RegisterFault::too_many);
    if (record.record.ttl == 0)
        record.record.ttl = default_ttl(record.record.type, record.record.name);
    registration->slots.push_back({std::move(record), true, {}, {}});
    attach_slot(now, *registration, registration->slots.size() - 1);
    return registration->slots.size() - 1;
}

/// Puts a slot made later on the interfaces: answered with at once where the name is held.
void Registrar::attach_slot(Time now, Registration& registration, std::size_t index) {
    if (registration.phase == Registration::Phase::lost) return;
    const Slot& slot = registration.slots[index];
    const auto place = static_cast<std::uint32_t>(index);
    for (const auto& [id, interface] : interfaces_) {
        if (!is_valid_on(registration, slot, id)) continue;
        const bool had_probed = interface->has_probed_records(registration.id);
        const bool is_held =
            interface->is_attached(registration.id) && interface->is_held(registration.id);
        interface->add_record(registration.id, place, slot.registered);
        if (!had_probed && slot.registered.ownership == Ownership::unique) {
            enter_probing(now, registration);
            interface->claim(now, registration.id, registration.name, now);
        } else if (is_held || !had_probed) {
            interface->make_live(now, registration.id, place, now);
        }
    }
    settle(now, registration);
}

Result<void, RegisterFault> Registrar::remove_record(Time now, RegistrationId id,
                                                     std::size_t index) {
    Registration* const registration = find(id);
    if (registration == nullptr || registration->is_host || index >= registration->slots.size() ||
        !registration->slots[index].is_used)
        return std::unexpected(RegisterFault::unknown_id);
    take_slot(now, *registration, index);
    return {};
}

void Registrar::take_slot(Time now, Registration& registration, std::size_t index) {
    registration.slots[index].is_used = false;
    registration.slots[index].pending.reset();
    for (const auto& [id, interface] : interfaces_) {
        interface->remove_record(now, registration.id, static_cast<std::uint32_t>(index));
        interface->drop_empty_claim(registration.id);
    }
    settle(now, registration);
}

// ---------------------------------------------------------------- updating

Result<void, RegisterFault> Registrar::update(Time now, RegistrationId id, std::size_t index,
                                              std::vector<std::uint8_t> rdata) {
    Registration* const registration = find(id);
    if (registration == nullptr || registration->is_host || index >= registration->slots.size() ||
        !registration->slots[index].is_used)
        return std::unexpected(RegisterFault::unknown_id);
    Slot& slot = registration->slots[index];
    RegisteredRecord changed = slot.registered;
    changed.record.rdata = rdata;
    KITH_TRY_VOID(check(changed));
    while (!slot.updates.empty() && slot.updates.front() + 1min <= now) slot.updates.pop_front();
    if (slot.pending || slot.updates.size() >= updates_per_minute) {
        if (!slot.pending) updates_.emplace(slot.updates.front() + 1min, std::pair(id, index));
        slot.pending = std::move(rdata);
        return {};
    }
    apply_update(now, *registration, index, std::move(rdata));
    return {};
}

void Registrar::apply_update(Time now, Registration& registration, std::size_t index,
                             std::vector<std::uint8_t> rdata) {
    Slot& slot = registration.slots[index];
    if (slot.registered.record.rdata == rdata) return;
    slot.registered.record.rdata = std::move(rdata);
    slot.updates.push_back(now);
    if (slot.updates.size() > updates_per_minute) slot.updates.pop_front();
    for (const auto& [id, interface] : interfaces_)
        interface->replace_record(now, registration.id, static_cast<std::uint32_t>(index),
                                  slot.registered);
}

// ---------------------------------------------------------------- leaving

void Registrar::remove(Time now, RegistrationId id) {
    Registration* const registration = find(id);
    if (registration == nullptr) return;
    if (!registration->name.is_root()) by_name_.erase(registration->name);
    calm(*registration);
    if (host_ == id) host_ = 0;
    for (const auto& [interface, state] : interfaces_) state->withdraw(now, id);
    registration->is_leaving = true;
    finish_leaving(id);
}

void Registrar::shut_down(Time now) {
    std::vector<RegistrationId> all;
    for (const auto& [id, registration] : registrations_) all.push_back(id);
    std::ranges::sort(all);  // a seed replays the same packets
    for (const RegistrationId id : all) remove(now, id);
}

void Registrar::finish_leaving(RegistrationId id) {
    const auto found = registrations_.find(id);
    if (found == registrations_.end() || !found->second.is_leaving) return;
    for (const auto& [interface, state] : interfaces_) {
        if (state->is_leaving(id)) return;
    }
    push(found->second, Kind::withdrawn);
    registrations_.erase(found);
}

void Registrar::on_withdrawn(Time, RegistrationId id) { finish_leaving(id); }

// ---------------------------------------------------------------- interfaces

void Registrar::on_interface_up(Time now, Interface& interface) {
    refresh_host(now);
    for (const RegistrationId id : ids()) {
        if (id == host_) continue;
        attach(now, *find(id), interface, now);
        settle(now, *find(id));
    }
}

void Registrar::on_network_changed(Time now, Interface& interface) {
    refresh_host(now);
    for (const RegistrationId id : ids()) {
        Registration& registration = *find(id);
        if (!interface.is_attached(id)) continue;
        interface.silence(now, id);
        if (interface.has_probed_records(id)) {
            enter_probing(now, registration);
            interface.claim(now, id, registration.name, now);
        } else {
            interface.make_live(now, id);
        }
        settle(now, registration);
    }
}

void Registrar::on_interface_down(Time now, Interface& interface) {
    for (const auto& [id, registration] : registrations_) interface.withdraw(now, id);
}

void Registrar::on_interface_gone(Time now) {
    refresh_host(now);
    for (const RegistrationId id : ids()) settle(now, *find(id));
    std::vector<RegistrationId> leaving;
    for (const auto& [id, registration] : registrations_) {
        if (registration.is_leaving) leaving.push_back(id);
    }
    for (const RegistrationId id : leaving) finish_leaving(id);
}

void Registrar::on_claimed(Time now, InterfaceId interface, RegistrationId id) {
    Registration* const registration = find(id);
    if (registration == nullptr) return;
    interfaces_.at(interface)->make_live(now, id);
    settle(now, *registration);
}

// ---------------------------------------------------------------- time

void Registrar::on_timer(Time now) {
    while (!updates_.empty() && updates_.begin()->first <= now) {
        const auto [id, index] = updates_.begin()->second;
        updates_.erase(updates_.begin());
        Registration* const registration = find(id);
        if (registration == nullptr || !registration->slots[index].pending) continue;
        std::vector<std::uint8_t> rdata = std::move(*registration->slots[index].pending);
        registration->slots[index].pending.reset();
        apply_update(now, *registration, index, std::move(rdata));
    }
    while (!troubles_.empty() && troubles_.begin()->first <= now) {
        const Registration* const registration = find(troubles_.begin()->second);
        troubles_.erase(troubles_.begin());
        if (registration != nullptr && registration->phase == Registration::Phase::probing &&
            registration->probing_since + trouble_after <= now)
            push(*registration, Kind::troubled);
    }
}

std::optional<Time> Registrar::next_timer() const {
    std::optional<Time> next;
    if (!updates_.empty()) next = updates_.begin()->first;
    if (!troubles_.empty())
        next = next ? std::min(*next, troubles_.begin()->first) : troubles_.begin()->first;
    return next;
}

}  // namespace kith::discovery::mdns
