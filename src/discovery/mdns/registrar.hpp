#pragma once
// Registrar: what this machine registers, under which names, on which interfaces. It holds a name on
// all interfaces or on none: whatever one interface says about it is carried out on all
// (RFC 6762 §9, §14).

#include <deque>
#include <map>

#include "discovery/mdns/interface.hpp"

namespace kith::discovery::mdns {

using InterfaceSet = std::map<InterfaceId, std::unique_ptr<Interface>>;

class Registrar {
public:
    Registrar(Context& context, InterfaceSet& interfaces)
        : context_(context), interfaces_(interfaces) {}

    // As in Engine.
    Result<RegistrationId, RegisterFault> add(Time now, RegistrationRequest request);
    Result<RegistrationId, RegisterFault> set_host(Time now, dns::NameView name);
    Result<void, RegisterFault> update(Time now, RegistrationId id, std::size_t index,
                                       std::vector<std::uint8_t> rdata);
    Result<std::size_t, RegisterFault> add_record(Time now, RegistrationId id,
                                                  RegisteredRecord record);
    Result<void, RegisterFault> remove_record(Time now, RegistrationId id, std::size_t index);
    void remove(Time now, RegistrationId id);
    void shut_down(Time now);
    dns::Name name_of(RegistrationId id) const;
    std::optional<RegistrationEvent> poll_event();
    bool has_events() const { return !events_.empty(); }

    /// The interface is new: everything is claimed and announced there.
    void on_interface_up(Time now, Interface& interface);
    /// The interface, or another link of it, may be on another network: claimed and announced again.
    void on_network_changed(Time now, Interface& interface);
    void on_addresses_changed(Time now) { refresh_host(now); }
    /// The interface is about to go.
    void on_interface_down(Time now, Interface& interface);
    void on_interface_gone(Time now);

    void on_claimed(Time now, InterfaceId interface, RegistrationId id);
    void on_conflict(Time now, InterfaceId interface, RegistrationId id,
                     InterfaceListener::Stage stage, const Endpoint& rival);
    void on_withdrawn(Time now, RegistrationId id);

    void on_timer(Time now);
    std::optional<Time> next_timer() const;

private:
    struct Slot {
        RegisteredRecord registered;
        bool is_used = true;
        std::deque<Time> updates;  // of the last minute
        std::optional<std::vector<std::uint8_t>> pending;
    };
    struct Registration {
        RegistrationId id = 0;
        std::vector<Slot> slots;
        RenameStyle rename = RenameStyle::refuse;
        InterfaceId interface = any_interface;
        dns::Name name;  // the unique one; root: none
        enum class Phase : std::uint8_t { idle, probing, established, lost } phase = Phase::idle;
        Time probing_since{};
        bool is_host = false;
        bool is_leaving = false;
    };

    Registration* find(RegistrationId id);
    const Registration* find(RegistrationId id) const;
    std::vector<RegistrationId> ids() const;
    Result<void, RegisterFault> check(const RegisteredRecord& record) const;
    Result<dns::Name, RegisterFault> unique_name(const RegistrationRequest& request) const;
    RegistrationId insert(Registration registration);
    bool is_valid_on(const Registration& registration, const Slot& slot,
                     InterfaceId interface) const;
    void attach(Time now, Registration& registration, Interface& interface, Time earliest);
    void attach_slot(Time now, Registration& registration, std::size_t index);
    void enter_probing(Time now, Registration& registration);
    void calm(const Registration& registration);
    void settle(Time now, Registration& registration);
    void apply_update(Time now, Registration& registration, std::size_t index,
                      std::vector<std::uint8_t> rdata);
    void take_slot(Time now, Registration& registration, std::size_t index);
    // registrar_conflicts.cpp
    bool is_taken(const dns::Name& name) const;
    void rename(Time now, Registration& registration, InterfaceId interface, const Endpoint& rival);
    void retarget(Time now, RegistrationId renamed, dns::NameView from, dns::NameView to);
    void lose(Time now, Registration& registration, InterfaceId interface, const Endpoint& rival);
    void finish_leaving(RegistrationId id);
    Time note_conflict(Time now);
    void push(const Registration& registration, RegistrationEvent::Kind kind);

    // registrar_host.cpp
    std::vector<RegisteredRecord> host_records(const Registration& host) const;
    void refresh_host(Time now);

    Context& context_;
    InterfaceSet& interfaces_;
    std::unordered_map<RegistrationId, Registration> registrations_;
    std::map<dns::Name, RegistrationId> by_name_;
    std::deque<RegistrationEvent> events_;
    std::deque<Time> conflicts_;  // the last ones
    bool is_slow_ = false;        // there were too many of them
    std::multimap<Time, std::pair<RegistrationId, std::size_t>> updates_;  // held back
    std::multimap<Time, RegistrationId> troubles_;  // when probing has lasted too long
    RegistrationId next_id_ = 1;
    RegistrationId host_ = 0;
};

}  // namespace kith::discovery::mdns
