#pragma once
// NotifySender: tells secondaries of new versions (RFC 1996): a consumer of the change feed with two
// UDP sockets. Control thread only.

#include <functional>
#include <memory>
#include <vector>

#include "net/udp_client.hpp"
#include "server/transfer_policy.hpp"
#include "server/zone_keeper.hpp"
#include "transfer/notify.hpp"
#include "transfer/tsig_security.hpp"

namespace kith::server {

class NotifySender {
public:
    struct Hooks {
        /// How transfers of a zone are meant; null: nobody is told.
        std::function<TransferPolicyPtr(dns::NameView zone)> policy;
        /// Addresses of a name server as far as they are known here.
        std::function<std::vector<IpAddress>(dns::NameView server)> addresses;
        /// True for addresses this server listens on: it is not told itself. May be empty.
        std::function<bool(const Endpoint&)> is_own;
        transfer::UnixClock now;
    };

    /// `loop` and `rng` must outlive it.
    NotifySender(net::Loop& loop, Rng& rng, Hooks hooks);
    ~NotifySender();

    /// The keys that policies name, from now on.
    void set_keys(std::shared_ptr<const auth::KeyRing> ring) { ring_ = std::move(ring); }
    /// A zone has a new version: its secondaries are told.
    void on_version(const zone::Zone& zone);
    void forget(const dns::Name& zone) { notifier_.forget(zone); }

    const transfer::Notifier::Counts& counts() const { return notifier_.counts(); }
    std::size_t waiting() const { return notifier_.waiting() + notifier_.in_flight(); }

private:
    std::vector<transfer::NotifyTarget> targets_of(const zone::Zone& zone,
                                                   const TransferPolicy& policy);
    void add_target(std::vector<transfer::NotifyTarget>& targets, const Endpoint& to,
                    std::uint32_t key) const;
    std::uint32_t number_of(const dns::Name& key);
    transfer::Notifier::Security security_of(std::uint32_t key) const;
    net::UdpClient* socket_for(const IpAddress& address);
    void drive();

    net::Loop& loop_;
    Hooks hooks_;
    std::shared_ptr<const auth::KeyRing> ring_;
    std::vector<dns::Name> keys_;  // the notifier's number of a key is its place here, from 1
    transfer::Notifier notifier_;
    net::Timer timer_;
    std::unique_ptr<net::UdpClient> v4_, v6_;
};

}  // namespace kith::server
