// The host's own registration: its records follow the addresses of the links.

#include <algorithm>

#include "discovery/mdns/names.hpp"
#include "discovery/mdns/registrar.hpp"

namespace kith::discovery::mdns {

Result<RegistrationId, RegisterFault> Registrar::set_host(Time now, dns::NameView name) {
    if (host_ != 0 || by_name_.contains(name) || name.is_root())
        return std::unexpected(RegisterFault::name_taken);
    if (registrations_.size() >= registrations_max) return std::unexpected(RegisterFault::too_many);
    Registration registration;
    registration.name = name;
    registration.rename = RenameStyle::host;
    registration.is_host = true;
    host_ = insert(std::move(registration));
    refresh_host(now);
    return host_;
}

/// All addresses valid on each interface and none of the others (RFC 6762 §6.2), with their
/// reverse names.
std::vector<RegisteredRecord> Registrar::host_records(const Registration& host) const {
    std::vector<RegisteredRecord> out;
    for (const auto& [id, interface] : interfaces_) {
        for (const Link& link : interface->links()) {
            if (!link.is_up) continue;
            for (const IpPrefix& own : link.config.addresses) {
                const IpAddress& address = own.address;
                const dns::RrType type = address.is_v4() ? dns::RrType::A : dns::RrType::AAAA;
                const Bytes bytes = address.bytes();
                out.push_back(
                    {{host.name, type, dns::RrClass::IN, host_ttl, {bytes.begin(), bytes.end()}},
                     Ownership::unique,
                     id});
                if (context_.config.reverse_names == ReverseNames::left_to_others) continue;
                const Bytes wire = host.name.wire();
                out.push_back({{reverse_name(address),
                                dns::RrType::PTR,
                                dns::RrClass::IN,
                                host_ttl,
                                {wire.begin(), wire.end()}},
                               Ownership::known_unique,
                               id});
            }
        }
    }
    return out;
}

void Registrar::refresh_host(Time now) {
    Registration* const host = find(host_);
    if (host == nullptr) return;
    const std::vector<RegisteredRecord> wanted = host_records(*host);
    const auto is_same = [](const RegisteredRecord& a, const RegisteredRecord& b) {
        return a.interface == b.interface && a.record == b.record;
    };
    // New ones first: what replaces an address is announced before the old one goes.
    std::vector<std::size_t> added;
    for (const RegisteredRecord& record : wanted) {
        const bool is_there = std::ranges::any_of(host->slots, [&](const Slot& slot) {
            return slot.is_used && is_same(slot.registered, record);
        });
        if (is_there) continue;
        const auto free = std::ranges::find(host->slots, false, &Slot::is_used);
        if (free != host->slots.end()) {
            *free = {record, true, {}, {}};
            added.push_back(static_cast<std::size_t>(free - host->slots.begin()));
        } else {
            host->slots.push_back({record, true, {}, {}});
            added.push_back(host->slots.size() - 1);
        }
    }
    for (const std::size_t index : added) attach_slot(now, *host, index);
    for (std::size_t i = 0; i < host->slots.size(); ++i) {
        const Slot& slot = host->slots[i];
        const bool is_wanted = std::ranges::any_of(wanted, [&](const RegisteredRecord& record) {
            return is_same(slot.registered, record);
        });
        if (slot.is_used && !is_wanted) take_slot(now, *host, i);
    }
}

}  // namespace kith::discovery::mdns
