#include "server/secondary_zones.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "dnssec/zonemd.hpp"
#include "net/tcp_client.hpp"
#include "net/udp_client.hpp"
#include "server/short_turns.hpp"

namespace kith::server {
namespace {

using log::kv;
using transfer::InResult;
using transfer::Refresh;
using transfer::RefreshSettings;
using transfer::ZoneHealth;
using Act = Refresh::Action::Kind;

constexpr std::string_view store_space = "secondary";
constexpr std::size_t state_bytes = 12;  // verified at, 8 bytes; expire in seconds, 4

std::string state_key(const dns::Name& zone) { return zone.lowered().to_text(); }

/// What ZONEMD says of a version that has come (RFC 8976 §4).
transfer::ZoneCheck zonemd_check(bool is_required) {
    return [is_required](const zone::Zone& zone) -> Result<void, std::string> {
        const dnssec::ZonemdVerdict verdict = dnssec::check_zonemd(zone);
        const bool says_nothing = verdict == dnssec::ZonemdVerdict::absent ||
                                  verdict == dnssec::ZonemdVerdict::unsupported;
        if (verdict == dnssec::ZonemdVerdict::good || (says_nothing && !is_required)) return {};
        return std::unexpected(fmt::format("ZONEMD: {}", dnssec::verdict_text(verdict)));
    };
}

}  // namespace

struct SecondaryZones::Entry {
    Entry(SecondaryZones& owner, const dns::Name& name, TransferPolicyPtr with)
        : zone(name),
          policy(std::move(with)),
          timers(policy->primaries.size(), {}, owner.rng_, owner.loop_.now()),
          timer(owner.loop_, [this, &owner] { owner.pump(*this); }) {}

    dns::Name zone;
    TransferPolicyPtr policy;
    std::shared_ptr<const auth::KeyRing> ring;
    transfer::SecondaryTimers timers;
    net::Timer timer;
    ZoneHealth told = ZoneHealth::absent;  // as hooks were told last
    std::shared_ptr<std::atomic<UnixTime>> expires = std::make_shared<std::atomic<UnixTime>>(0);
    std::size_t primary = 0;  // of the refresh that waits or runs
    bool is_waiting = false;
    bool wants_whole = false;
    std::string last_error;
    // The refresh under way.
    std::optional<Refresh> refresh;
    std::unique_ptr<net::UdpClient> udp;
    std::unique_ptr<net::TcpClientStream> tcp;

    const ServerAndKey& server() const { return policy->primaries[primary]; }
    void drop_sockets() {
        udp.reset();
        tcp.reset();
    }
};

SecondaryZones::SecondaryZones(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Rng& rng,
                               Hooks hooks)
    : loop_(loop),
      keeper_(keeper),
      store_(store),
      rng_(rng),
      hooks_(std::move(hooks)),
      start_timer_(loop, [this] { start_waiting(); }) {}

SecondaryZones::~SecondaryZones() = default;

SecondaryZones::Entry* SecondaryZones::find(const dns::Name& zone) const {
    const auto found = entries_.find(zone);
    return found == entries_.end() ? nullptr : found->second.get();
}

void SecondaryZones::keep(const dns::Name& zone, TransferPolicyPtr policy,
                          std::shared_ptr<const auth::KeyRing> ring) {
    if (Entry* const known = find(zone)) {
        const bool same = known->policy->primaries == policy->primaries &&
                          known->policy->requires_zonemd == policy->requires_zonemd;
        if (same) {
            known->ring = std::move(ring);
            known->policy = std::move(policy);
            return;
        }
        release(zone, State::stays);
    }
    auto entry = std::make_unique<Entry>(*this, zone, std::move(policy));
    entry->ring = std::move(ring);
    load_state(*entry);
    Entry& kept = *entry;
    entries_.emplace(zone, std::move(entry));
    kept.told = kept.timers.health();
    settle(kept);
    pump(kept);
}

void SecondaryZones::release(const dns::Name& zone, State state) {
    const auto found = entries_.find(zone);
    if (found == entries_.end()) return;
    if (found->second->refresh) {
        --running_;
        start_timer_.arm(loop_.now());
    }
    std::erase(waiting_, zone);
    entries_.erase(found);
    if (state == State::stays) return;
    const store::KeyValue gone{state_key(zone), {}};
    static_cast<void>(store_.put(store_space, std::span(&gone, 1)));
}

// --- over restarts ---------------------------------------------------------------------------------

void SecondaryZones::load_state(Entry& entry) {
    const zone::ZonePtr zone = keeper_.serving(entry.zone);
    if (zone == nullptr) return;
    const transfer::SoaNumbers soa =
        transfer::read_soa_numbers(zone->apex_node().find(dns::RrType::SOA).rdata(0));
    // Without a note of when, it may be as old as can be: it serves, and is looked after at once.
    UnixTime verified = hooks_.now();
    Duration expire = std::chrono::seconds(soa.expire);
    if (const auto kept = store_.get(store_space, state_key(entry.zone));
        kept && *kept && (*kept)->size() == state_bytes) {
        const std::uint8_t* at = (*kept)->data();
        verified = static_cast<UnixTime>(std::uint64_t{load_u32(at)} << 32 | load_u32(at + 4));
        expire = std::chrono::seconds(load_u32(at + 8));
    }
    const UnixTime age = std::clamp<UnixTime>(hooks_.now() - verified, 0, 0xffffffff);
    entry.timers.on_restored(loop_.now(), soa, loop_.now() - std::chrono::seconds(age), expire);
}

void SecondaryZones::save_state(const Entry& entry) {
    store::KeyValue state{state_key(entry.zone), std::vector<std::uint8_t>(state_bytes)};
    const auto verified = static_cast<std::uint64_t>(hooks_.now());
    store_u32(state.value.data(), static_cast<std::uint32_t>(verified >> 32));
    store_u32(state.value.data() + 4, static_cast<std::uint32_t>(verified));
    const auto expire =
        std::chrono::duration_cast<std::chrono::seconds>(entry.timers.expire()).count();
    store_u32(state.value.data() + 8, static_cast<std::uint32_t>(expire));
    // A full disk costs no more than that the zone looks older after a restart than it is.
    if (const auto stored = store_.put(store_space, std::span(&state, 1)); !stored) {
        log::write(log::Level::warning, "secondary.state_not_kept",
                   kv("zone", entry.zone.to_text()), kv("text", stored.error().text));
    }
}

// --- what wants to be done -------------------------------------------------------------------------

void SecondaryZones::on_notify(const HeardNotify& heard) {
    Entry* const entry = find(heard.zone);
    if (entry == nullptr) return;
    std::optional<std::size_t> from;
    for (std::size_t i = 0; i < entry->policy->primaries.size() && !from; ++i) {
        if (entry->policy->primaries[i].endpoint.address == heard.from.address) from = i;
    }
    entry->timers.on_notify(loop_.now(), from, heard.serial);
    pump(*entry);
}

bool SecondaryZones::refresh(const dns::Name& zone, Want want) {
    Entry* const entry = find(zone);
    if (entry == nullptr) return false;
    entry->wants_whole = entry->wants_whole || want == Want::whole;
    entry->timers.on_wanted(loop_.now());
    pump(*entry);
    return true;
}

/// Looks what an entry wants, after anything has happened to it.
void SecondaryZones::pump(Entry& entry) {
    if (entry.refresh) {
        entry.refresh->on_timer(loop_.now());
        drive(entry);
    }
    entry.timers.on_timer(loop_.now());
    if (const auto primary = entry.timers.poll_start()) {
        entry.primary = *primary;
        entry.is_waiting = true;
        waiting_.push_back(entry.zone);
        // Not from here: whoever called may be in the middle of something.
        start_timer_.arm(loop_.now());
    }
    settle(entry);
    arm(entry);
}

void SecondaryZones::arm(Entry& entry) {
    std::optional<Time> next = entry.timers.next_deadline();
    if (entry.refresh) {
        if (const auto deadline = entry.refresh->next_deadline())
            next = next ? std::min(*next, *deadline) : *deadline;
    }
    next ? entry.timer.arm(*next) : entry.timer.cancel();
}

void SecondaryZones::start_waiting() {
    while (running_ < refreshes_max && !waiting_.empty()) {
        Entry* const entry = find(waiting_.front());
        waiting_.pop_front();
        if (entry == nullptr || !entry->is_waiting || entry->refresh) continue;
        start(*entry);
    }
}

void SecondaryZones::start(Entry& entry) {
    entry.is_waiting = false;
    ++running_;
    ++counters_.refreshes;
    RefreshSettings settings;
    settings.zone = entry.zone;
    settings.present = entry.wants_whole ? nullptr : keeper_.serving(entry.zone);
    settings.check = zonemd_check(entry.policy->requires_zonemd);
    if (const auto& key = entry.server().key) {
        if (const auth::TsigKey* found = entry.ring->find(*key)) {
            // The key is its ring's.
            settings.make_security = [key = std::shared_ptr<const auth::TsigKey>(entry.ring, found),
                                      now = hooks_.now] {
                return transfer::make_query_security(key, now);
            };
        }
    }
    entry.refresh.emplace(std::move(settings), rng_, loop_.now());
    pump(entry);
}

// --- one refresh -----------------------------------------------------------------------------------

void SecondaryZones::drive(Entry& entry) {
    while (auto action = entry.refresh->poll_action()) act(entry, *action);
    if (entry.refresh->finished()) finish(entry);
}

void SecondaryZones::act(Entry& entry, const Refresh::Action& action) {
    const Endpoint& to = entry.server().endpoint;
    switch (action.kind) {
        case Act::send_udp: {
            auto udp =
                net::UdpClient::open(loop_, to.address, std::nullopt,
                                     [this, &entry, to](const Endpoint& from, Bytes message) {
                                         if (!entry.refresh || from != to) return;
                                         entry.refresh->on_udp(loop_.now(), message);
                                         pump(entry);
                                     });
            // Without a socket its deadline passes, and TCP is tried.
            if (udp) {
                entry.udp = std::move(*udp);
                entry.udp->send(to, action.message);
            }
            break;
        }
        case Act::open_tcp: {
            entry.udp.reset();
            net::TcpClientStream::Events events;
            events.connected = [this, &entry] {
                entry.refresh->on_connected(loop_.now());
                pump(entry);
            };
            events.message = [this, &entry](Bytes message) {
                const ShortTurns short_turns;  // the last one makes the zone
                entry.refresh->on_tcp_message(loop_.now(), message);
                pump(entry);
            };
            events.closed = [this, &entry](const std::string& why) {
                entry.refresh->on_tcp_closed(loop_.now(), why);
                pump(entry);
            };
            entry.tcp =
                std::make_unique<net::TcpClientStream>(loop_, to, std::nullopt, std::move(events));
            break;
        }
        case Act::send_tcp: entry.tcp->send(action.message); break;
        case Act::close: entry.tcp.reset(); break;
    }
}

void SecondaryZones::finish(Entry& entry) {
    Refresh refresh = std::move(*entry.refresh);
    entry.refresh.reset();
    entry.drop_sockets();
    --running_;
    start_timer_.arm(loop_.now());
    const std::string primary = entry.server().endpoint.to_text();
    if (refresh.error()) {
        ++counters_.failed;
        entry.last_error = fmt::format("{}: {}", primary, refresh.error()->text);
        log::write(log::Level::warning, "transfer.failed", kv("zone", entry.zone.to_text()),
                   kv("primary", primary),
                   kv("fault", transfer::fault_name(refresh.error()->fault)),
                   kv("why", refresh.error()->text));
        entry.timers.on_refresh_failed(loop_.now());
        return;
    }
    Refresh::Result result = refresh.take_result();
    if (!commit(entry, result)) {
        ++counters_.failed;
        entry.timers.on_refresh_failed(loop_.now());
        return;
    }
    entry.wants_whole = false;
    entry.last_error.clear();
    entry.timers.on_refreshed(loop_.now(), result.soa, result.transfer.expire_seconds);
    save_state(entry);
}

/// Puts a new version into the change feed; false: it was not taken, `last_error` says why.
bool SecondaryZones::commit(Entry& entry, Refresh::Result& result) {
    const InResult::Kind kind = result.transfer.kind;
    if (kind == InResult::Kind::up_to_date) {
        ++counters_.up_to_date;
        return true;
    }
    const std::string primary = entry.server().endpoint.to_text();
    const store::Origin origin{store::Origin::Kind::transfer, primary};
    bool is_done = true;
    const Done done = [&is_done, &entry](const Outcome& outcome) {
        if (outcome.kind == Outcome::Kind::done) return;
        is_done = false;
        entry.last_error = outcome.text;
    };
    if (kind == InResult::Kind::whole) {
        keeper_.replace(result.zone, origin, done);
    } else {
        // Let go of first: else the feed would have to copy the zone to make the same version again.
        result.zone = nullptr;
        for (zone::ZoneChange& change : result.transfer.differences) {
            const auto staged = keeper_.stage_given(std::move(change), origin, done);
            if (!staged) {
                is_done = false;
                entry.last_error = std::string(zone::fault_text(staged.error().fault));
            }
            if (!is_done) break;
        }
        keeper_.commit();
    }
    if (!is_done) {
        log::write(log::Level::error, "transfer.not_taken", kv("zone", entry.zone.to_text()),
                   kv("why", entry.last_error));
        return false;
    }
    ++(kind == InResult::Kind::whole ? counters_.whole : counters_.differences);
    log::write(
        log::Level::info, "transfer.taken", kv("zone", entry.zone.to_text()),
        kv("primary", primary), kv("serial", result.soa.serial),
        kv("form", std::string_view(kind == InResult::Kind::whole ? "whole" : "differences")),
        kv("messages", result.transfer.messages), kv("records", result.transfer.records),
        kv("bytes", result.transfer.bytes));
    return true;
}

/// Tells others what has become of a zone.
void SecondaryZones::settle(Entry& entry) {
    const ZoneHealth health = entry.timers.health();
    UnixTime expires = 0;
    if (health == ZoneHealth::good)
        expires = hooks_.now() + entry.timers.expire_seconds(loop_.now());
    entry.expires->store(expires, std::memory_order_relaxed);
    if (health == std::exchange(entry.told, health)) return;
    if (health == ZoneHealth::expired) {
        ++counters_.expired;
        log::write(
            log::Level::error, "secondary.expired", kv("zone", entry.zone.to_text()),
            kv("effect", std::string_view(
                             "queries for it are answered SERVFAIL until a primary is reached")));
    }
    if (hooks_.health_changed) hooks_.health_changed(entry.zone, health);
}

ZoneHealth SecondaryZones::health(const dns::Name& zone) const {
    const Entry* const entry = find(zone);
    return entry == nullptr ? ZoneHealth::absent : entry->timers.health();
}

ExpiresAt SecondaryZones::expires_at(const dns::Name& zone) const {
    const Entry* const entry = find(zone);
    return entry == nullptr ? nullptr : entry->expires;
}

std::vector<SecondaryStatus> SecondaryZones::status() const {
    std::vector<SecondaryStatus> out;
    const Time now = loop_.now();
    for (const auto& [name, entry] : entries_) {
        SecondaryStatus one{name, entry->timers.health(),     entry->timers.soa().serial, 0,
                            0,    entry->refresh.has_value(), entry->last_error};
        if (one.health != ZoneHealth::absent) {
            const auto age =
                std::chrono::duration_cast<std::chrono::seconds>(now - entry->timers.verified_at())
                    .count();
            one.verified_at = hooks_.now() - age;
            one.expires_at = hooks_.now() + entry->timers.expire_seconds(now);
        }
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace kith::server
