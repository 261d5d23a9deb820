#include "server/update_desk.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"
#include "server/limits.hpp"

namespace kith::server {
namespace {

using dns::Rcode;
using update::Refusal;

// Of records that came by UPDATE (zone::Provenance::source); 0 is the zone's own file.
constexpr std::uint16_t update_source = 1;
constexpr std::string_view owners_space = "owners";

std::string key_of(NameView apex) { return std::string(as_text(Name(apex).lowered().wire())); }

Refusal refusal_of(const ChangeError& error) {
    return {Rcode::REFUSED,
            fmt::format("{} {}: {}", error.owner.to_text(), dns::type_name(error.type),
                        zone::fault_text(error.fault)),
            dns::EdeCode::prohibited};
}

Refusal refusal_of(const Outcome& outcome) {
    switch (outcome.kind) {
        case Outcome::Kind::done: return {};
        case Outcome::Kind::refused: return {Rcode::SERVFAIL, outcome.text, dns::EdeCode::other};
        // The file's path is not the client's business.
        case Outcome::Kind::not_kept:
            return {Rcode::SERVFAIL, "the change cannot be made durable now; try again later",
                    dns::EdeCode::other};
    }
    return {};
}

}  // namespace

UpdateDesk::UpdateDesk(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Deliver deliver,
                       ZoneKeeper::Clock now)
    : loop_(loop),
      keeper_(keeper),
      store_(store),
      deliver_(std::move(deliver)),
      now_(std::move(now)),
      queue_(updates_queued_max, updates_queued_bytes_max),
      lease_timer_(loop, [this] { end_leases(); }),
      flush_timer_(loop, [this] { flush(); }),
      forwarder_(loop) {
    keeper_.subscribe([this](const FeedEvent& event) { on_event(event); });
}

bool UpdateDesk::post(UpdateRequest&& request, std::size_t cost) {
    switch (queue_.put(std::move(request), cost)) {
        case BoundedQueue<UpdateRequest>::Put::full: return false;
        case BoundedQueue<UpdateRequest>::Put::first: loop_.post([this] { drain(); }); break;
        case BoundedQueue<UpdateRequest>::Put::more: break;
    }
    return true;
}

UpdateDesk::Zone* UpdateDesk::find(NameView apex) {
    const auto found = zones_.find(key_of(apex));
    return found == zones_.end() ? nullptr : &found->second;
}

void UpdateDesk::set_rules(NameView apex, UpdateRulesPtr rules, std::vector<Endpoint> primaries) {
    Zone& zone = zones_[key_of(apex)];
    zone.rules = std::move(rules);
    zone.primaries = std::move(primaries);
    if (const ZonePtr now = keeper_.serving(apex); now != nullptr && !zone.is_indexed) {
        zone.leases = update::LeaseIndex(*now);
        zone.is_indexed = true;
    }
    arm_leases();
}

void UpdateDesk::release(NameView apex) { zones_.erase(key_of(apex)); }

void UpdateDesk::drain() {
    std::vector<UpdateRequest> requests = queue_.take();
    counters_.requests += requests.size();
    ++counters_.batches;
    is_draining_ = true;
    for (UpdateRequest& request : requests) {
        if (request.forwarded.empty()) {
            work(request);
        } else {
            forward(request);
        }
    }
    keeper_.commit_when_free();
    is_draining_ = false;
    flush();
}

void UpdateDesk::flush() {
    for (auto& [worker, replies] : std::exchange(replies_, {}))
        deliver_(worker, std::move(replies));
}

void UpdateDesk::reply(std::size_t worker, UpdateReply reply) {
    replies_[worker].push_back(std::move(reply));
    // What waited for the database is done later than the batch it came with.
    if (!is_draining_) flush_timer_.arm(loop_.now());
}

void UpdateDesk::forward(UpdateRequest& request) {
    const Zone* const zone = find(request.message.zone);
    const auto answer = [this, worker = request.worker,
                         token = request.token](std::vector<std::uint8_t> reply) {
        UpdateReply out{token, {}, {}, std::move(reply)};
        if (out.forwarded.empty())
            out.refusal = {Rcode::SERVFAIL, "the primary has not answered",
                           dns::EdeCode::network_error};
        std::vector<UpdateReply> one;
        one.push_back(std::move(out));
        deliver_(worker, std::move(one));
    };
    const bool taken = zone != nullptr &&
                       forwarder_.forward(std::move(request.forwarded), zone->primaries, answer);
    if (!taken)
        reply(request.worker,
              {request.token,
               {Rcode::SERVFAIL, "too many updates at once; try again later", dns::EdeCode::other},
               {},
               {}});
}

void UpdateDesk::work(const UpdateRequest& request) {
    const Name& apex = request.message.zone;
    const Zone* const zone = find(apex);
    const ZonePtr working = keeper_.working(apex);
    if (zone == nullptr || zone->rules == nullptr || working == nullptr) {
        // It was taken out of the configuration on the way here.
        return reply(request.worker, {request.token,
                                      {Rcode::NOTAUTH, "the zone is not served any more",
                                       dns::EdeCode::not_authoritative},
                                      {},
                                      {}});
    }
    update::Requester requester = request.requester;
    requester.source = update_source;
    if (requester.key) requester.owner = owner_number(*requester.key);
    update::UpdateOutcome outcome =
        update::run_update(*working, request.message, requester, *zone->rules, now_());
    if (!outcome.is_good())
        return reply(request.worker, {request.token, std::move(outcome.refusal), {}, {}});
    // What it found to be so already may be part of this batch, and must be durable before it is told.
    if (!outcome.changes() && working == keeper_.serving(apex))
        return reply(request.worker, {request.token, {}, outcome.granted, {}});
    outcome.change.apex = apex;
    const auto done = [this, worker = request.worker, token = request.token,
                       granted = outcome.granted](const Outcome& result) {
        reply(worker, {token,
                       refusal_of(result),
                       result.kind == Outcome::Kind::done ? granted : std::nullopt,
                       {}});
    };
    const std::string who = requester.key ? requester.key->to_text() : requester.address.to_text();
    const auto staged = keeper_.stage(std::move(outcome.change), {Origin::Kind::update, who}, done);
    if (!staged) reply(request.worker, {request.token, refusal_of(staged.error()), {}, {}});
}

/// The number of a key, for `own` rules: made when it is first seen, and kept for ever, as records
/// carry it.
std::uint16_t UpdateDesk::owner_number(const Name& key) {
    if (!owners_read_) {
        const auto known = store_.list(owners_space);
        if (!known) return 0;
        for (const store::KeyValue& each : *known) {
            if (each.value.size() == 2) owners_[each.key] = load_u16(each.value.data());
        }
        owners_read_ = true;
    }
    const std::string text = key.lowered().to_text();
    if (const auto found = owners_.find(text); found != owners_.end()) return found->second;
    if (owners_.size() >= owners_max) return 0;
    const auto number = static_cast<std::uint16_t>(owners_.size() + 1);
    store::KeyValue value{text, std::vector<std::uint8_t>(2)};
    store_u16(value.value.data(), number);
    if (!store_.put(owners_space, std::span(&value, 1))) return 0;
    owners_[text] = number;
    return number;
}

void UpdateDesk::on_event(const FeedEvent& event) {
    Zone* const zone = find(event.zone->apex());
    if (zone == nullptr) return;
    if (event.change == nullptr) {
        zone->leases = update::LeaseIndex(*event.zone);
        zone->is_indexed = true;
    } else {
        zone->leases.on_change(*event.change);
    }
    arm_leases();
}

void UpdateDesk::arm_leases() {
    std::optional<UnixTime> next;
    for (const auto& [key, zone] : zones_) {
        if (zone.rules == nullptr) continue;  // a secondary's primary ends them
        const auto mine = zone.leases.next();
        if (mine && (!next || *mine < *next)) next = mine;
    }
    if (!next) return lease_timer_.cancel();
    const Duration wait = std::chrono::seconds(std::max<UnixTime>(*next - now_(), 0));
    Time when = loop_.now() + std::min(wait, lease_look_max);
    if (leases_failed_) when = std::max(when, *leases_failed_ + lease_retry);
    lease_timer_.arm(when);
}

void UpdateDesk::end_leases() {
    keeper_.commit();  // what is over is looked for in what nothing can undo
    leases_failed_.reset();
    const UnixTime now = now_();
    for (auto& [key, each] : zones_) {
        const auto next = each.leases.next();
        if (each.rules == nullptr || !next || *next > now) continue;
        const Name apex(NameView::unchecked(as_bytes(key)));
        const ZonePtr zone = keeper_.serving(apex);
        if (zone == nullptr) continue;
        update::Expiry expiry = each.leases.expired(*zone, now, each.rules->timeout_type);
        if (expiry.change.removed.empty() && expiry.change.added.empty()) continue;
        expiry.change.apex = apex;
        const auto done = [this, apex,
                           count = expiry.change.removed.size()](const Outcome& outcome) {
            if (outcome.kind == Outcome::Kind::done) {
                counters_.expired += count;
            } else {
                lease_failed(apex, outcome.text);
            }
        };
        const auto staged =
            keeper_.stage(std::move(expiry.change), {Origin::Kind::lease, {}}, done);
        if (!staged) lease_failed(apex, zone::fault_text(staged.error().fault));
    }
    keeper_.commit();
    arm_leases();
}

/// They are in the index still: asked for again after a while.
void UpdateDesk::lease_failed(const Name& apex, std::string_view why) {
    if (!leases_failed_)
        log::write(log::Level::warning, "lease.failed", log::kv("zone", apex.to_text()),
                   log::kv("text", why));
    leases_failed_ = loop_.now();
}

}  // namespace kith::server
