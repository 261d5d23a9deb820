#include "discovery/dbus/bus_backend.hpp"

#include <fmt/format.h>

#include "discovery/mdns/names.hpp"

namespace kith::discovery::dbus {

bool BusBackend::serves(dns::NameView name) const {
    return mdns::is_multicast_name(name, extra_domains_);
}

std::optional<dnssd::BackendEvent> BusBackend::poll_event() {
    if (events_.empty()) return std::nullopt;
    dnssd::BackendEvent out = std::move(events_.front());
    events_.pop_front();
    return out;
}

std::optional<Call> BusBackend::poll_call() {
    if (calls_.empty()) return std::nullopt;
    Call out = std::move(calls_.front());
    calls_.pop_front();
    return out;
}

std::uint64_t BusBackend::call(std::string path, std::string interface, std::string member,
                               std::string signature, Values arguments) {
    calls_.push_back({++last_call_, std::move(path), std::move(interface), std::move(member),
                      std::move(signature), std::move(arguments)});
    return last_call_;
}

std::string_view BusBackend::fault_of(const Reply& reply) {
    return reply.error.empty() ? std::string_view("its answer makes no sense") : reply.text;
}

dnssd::HostNameEvent BusBackend::no_host_name(std::string_view daemon, const Reply& reply) {
    return {{}, fmt::format("{} does not say this machine's name: {}", daemon, fault_of(reply))};
}

}  // namespace kith::discovery::dbus
