#pragma once
// MdnsBackend: DNS-SD over our own Multicast DNS engine.

#include <deque>
#include <map>
#include <vector>

#include "discovery/dnssd/backend.hpp"
#include "discovery/mdns/engine.hpp"

namespace kith::discovery::dnssd {

class MdnsBackend final : public Backend {
public:
    /// The engine outlives the backend, and its query and registration events are polled here only.
    explicit MdnsBackend(mdns::Engine& engine) : engine_(engine) {}

    /// Claims `<label>.local` for this machine; by conflict it may become another. Once. Error: not a
    /// label, or one that the engine refuses.
    dns::Text<void> set_host_label(Time now, std::string_view label);

    std::string describe() const override { return "mdns"; }
    bool serves(dns::NameView name) const override { return engine_.is_multicast_name(name); }
    std::optional<QueryToken> start_query(Time now, const RecordQuestion& question,
                                          Scope scope) override;
    void stop_query(Time now, QueryToken query) override;
    void reconfirm(Time now, const RecordEvent& record) override;
    dns::Text<PublicationToken> publish(Time now, std::span<const ServiceRecord> records,
                                        Scope scope, RenamePolicy policy) override;
    void update_txt(Time now, PublicationToken publication, dns::NameView owner,
                    std::span<const std::vector<std::uint8_t>> txt) override;
    void withdraw(Time now, PublicationToken publication) override;
    dns::Name host_name() const override { return host_name_; }
    std::optional<BackendEvent> poll_event() override;

    /// True while goodbyes of withdrawn publications have not all been sent.
    bool is_withdrawing() const { return withdrawing_ != 0; }

private:
    struct Publication {
        std::vector<std::size_t> txt;  // indexes of the TXT records of the registration
        bool is_withdrawn = false;
    };
    std::optional<BackendEvent> from_query(mdns::QueryEvent event) const;
    std::optional<BackendEvent> from_registration(const mdns::RegistrationEvent& event);
    std::optional<BackendEvent> from_host(const mdns::RegistrationEvent& event);

    mdns::Engine& engine_;
    std::map<mdns::RegistrationId, Publication> publications_;
    mdns::RegistrationId host_ = 0;
    dns::Name host_name_;  // root: none yet
    std::size_t withdrawing_ = 0;
};

}  // namespace kith::discovery::dnssd
