#include "server/notify_sender.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace kith::server {
namespace {

using log::kv;
using transfer::NotifyTarget;

constexpr std::uint16_t dns_port = 53;

void log_done(const dns::Name& zone, const Endpoint& to, std::optional<dns::Rcode> rcode) {
    if (rcode == dns::Rcode::NOERROR) {
        log::write(log::Level::debug, "notify.heard", kv("zone", zone.to_text()),
                   kv("to", to.to_text()));
        return;
    }
    log::write(log::Level::warning, "notify.failed", kv("zone", zone.to_text()),
               kv("to", to.to_text()),
               kv("why", rcode ? "answered " + dns::rcode_name(*rcode) : std::string("no answer")));
}

}  // namespace

NotifySender::NotifySender(net::Loop& loop, Rng& rng, Hooks hooks)
    : loop_(loop),
      hooks_(std::move(hooks)),
      notifier_(
          rng, [this](std::uint32_t key) { return security_of(key); }, log_done),
      timer_(loop, [this] {
          notifier_.on_timer(loop_.now());
          drive();
      }) {}

NotifySender::~NotifySender() = default;

std::uint32_t NotifySender::number_of(const dns::Name& key) {
    auto at = std::ranges::find(keys_, key);
    if (at == keys_.end()) at = keys_.insert(keys_.end(), key);
    return static_cast<std::uint32_t>(at - keys_.begin()) + 1;
}

transfer::Notifier::Security NotifySender::security_of(std::uint32_t key) const {
    const auth::TsigKey* const found = ring_ == nullptr ? nullptr : ring_->find(keys_[key - 1]);
    if (found == nullptr) return {};
    transfer::Security security = transfer::make_query_security({ring_, found}, hooks_.now);
    return {std::move(security.signer), std::move(security.verifier)};
}

void NotifySender::add_target(std::vector<NotifyTarget>& targets, const Endpoint& to,
                              std::uint32_t key) const {
    if (hooks_.is_own && hooks_.is_own(to)) return;
    const bool is_there = std::ranges::any_of(
        targets, [&to](const NotifyTarget& other) { return other.endpoint == to; });
    if (!is_there) targets.push_back({to, key});
}

std::vector<NotifyTarget> NotifySender::targets_of(const zone::Zone& zone,
                                                   const TransferPolicy& policy) {
    std::vector<NotifyTarget> targets;
    for (const ServerAndKey& each : policy.notify) {
        add_target(targets, each.endpoint, each.key ? number_of(*each.key) : 0);
    }
    if (!policy.notify_ns) return targets;
    for (const dns::Name& server : transfer::notify_names(zone)) {
        for (const IpAddress& address : hooks_.addresses(server))
            add_target(targets, {address, dns_port, 0}, 0);
    }
    return targets;
}

void NotifySender::on_version(const zone::Zone& zone) {
    const TransferPolicyPtr policy = hooks_.policy(zone.apex());
    if (policy == nullptr) return;
    const std::vector<NotifyTarget> targets = targets_of(zone, *policy);
    if (targets.empty()) return;
    const zone::RrSetView soa = zone.apex_node().find(dns::RrType::SOA);
    notifier_.notify(loop_.now(), zone.apex(), zone.klass(), soa.rdata(0), soa.ttl(), targets);
    // With the next turn: versions that follow at once are told in one message.
    timer_.arm(loop_.now());
}

net::UdpClient* NotifySender::socket_for(const IpAddress& address) {
    std::unique_ptr<net::UdpClient>& socket = address.is_v6() ? v6_ : v4_;
    if (socket == nullptr) {
        auto opened = net::UdpClient::open(loop_, address, std::nullopt,
                                           [this](const Endpoint& from, Bytes message) {
                                               notifier_.on_reply(loop_.now(), from, message);
                                               timer_.arm(loop_.now());
                                           });
        if (!opened) {
            log::write(log::Level::warning, "notify.no_socket", kv("why", opened.error().text));
            return nullptr;
        }
        socket = std::move(*opened);
    }
    return socket.get();
}

void NotifySender::drive() {
    while (const auto transmit = notifier_.poll_transmit(loop_.now())) {
        if (net::UdpClient* const socket = socket_for(transmit->to.address))
            socket->send(transmit->to, transmit->message);
    }
    const auto next = notifier_.next_deadline();
    next ? timer_.arm(*next) : timer_.cancel();
}

}  // namespace kith::server
