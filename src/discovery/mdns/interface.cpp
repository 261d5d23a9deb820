#include "discovery/mdns/interface.hpp"

#include <algorithm>

#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

// Between the goodbye to old data and the announcement of new data; so that no reader can take them
// in the wrong order.
constexpr Duration update_gap = 20ms;

}  // namespace

Interface::Interface(Context& context, InterfaceId id, InterfaceListener& listener)
    : context_(context),
      id_(id),
      listener_(listener),
      cache_(context, id, *this),
      responder_(context, own_, links_, id, *this),
      prober_(context, own_, links_, id, *this),
      querier_(context, own_, cache_, links_, id, *this) {}

Interface::Change Interface::set_link(LinkIndex index, const LinkConfig& config) {
    Link& link = links_[at(index)];
    const bool came_up = !link.is_up;
    const bool is_same = link.config.addresses == config.addresses;
    link.is_up = true;
    link.config = config;
    if (link.config.addresses.size() > link_addresses_max)
        link.config.addresses.resize(link_addresses_max);
    if (came_up) return Change::came_up;
    return is_same ? Change::none : Change::addresses;
}

void Interface::remove_link(Time now, LinkIndex index) {
    links_[at(index)].is_up = false;
    links_[at(index)].config.addresses.clear();
    responder_.on_link_down(now, index);
    if (!is_up()) cache_.clear(now, QueryEvent::Reason::link_down);
}

void Interface::restart_queries(Time now) { querier_.restart(now); }

// ---------------------------------------------------------------- records of ours

CachedRecord Interface::view(const OwnRecord& own) const {
    const OwnName& name = own_.name_of(own);
    return {name.view(), name.hash, own.type, own.klass,      own.data(),
            own.ttl,     own.ttl,   {},       own.is_unique()};
}

void Interface::tell(Time now, const OwnRecord& own, QueryEvent::Kind kind,
                     QueryEvent::Reason reason) {
    querier_.tell(now, kind, reason, view(own));
}

void Interface::release(Time now, const OwnRecord& own) {
    context_.echo.release(now, own.hash, std::chrono::seconds(own.ttl));
}

std::uint32_t Interface::place_of(RegistrationId registration, std::uint32_t slot) const {
    const auto found = own_of_.find(registration);
    if (found == own_of_.end()) return OwnRecords::none;
    for (const std::uint32_t index : found->second) {
        if (own_.record(index).slot == slot) return index;
    }
    return OwnRecords::none;
}

void Interface::add_record(RegistrationId registration, std::uint32_t slot,
                           const RegisteredRecord& record) {
    const RecordKey key{record.record.name, dns::name_hash(record.record.name), record.record.type,
                        record.record.klass, record.record.rdata};
    const std::uint32_t index =
        own_.add(record.record, record.ownership, context_.hasher.of_record(key));
    OwnRecord& own = own_.record(index);
    own.registration = registration;
    own.slot = slot;
    context_.echo.hold(own.hash);
    own_of_[registration].push_back(index);
}

bool Interface::has_probed_records(RegistrationId registration) const {
    const auto found = own_of_.find(registration);
    return found != own_of_.end() && std::ranges::any_of(found->second, [&](std::uint32_t index) {
               return own_.record(index).ownership == Ownership::unique;
           });
}

void Interface::claim(Time now, RegistrationId registration, dns::NameView name, Time earliest) {
    prober_.claim(now, registration, name, earliest);
}

bool Interface::is_held(RegistrationId registration) const {
    return prober_.state(registration) == Prober::State::held || !has_probed_records(registration);
}

void Interface::make_live(Time now, RegistrationId registration) {
    const auto found = own_of_.find(registration);
    if (found == own_of_.end()) return;
    for (const std::uint32_t index : found->second) {
        if (!own_.record(index).is_offered()) go_live(now, index, now);
    }
}

void Interface::go_live(Time now, std::uint32_t index, Time first_announcement) {
    OwnRecord& own = own_.record(index);
    const OwnName& name = own_.name_of(own);
    // A peer's record that says the same is not told about twice.
    cache_.drop(now, {name.view(), name.hash, own.type, own.klass, own.data()});
    // As the PTR of a type that several services of ours are of.
    if (own_.find_same(index, OwnRecord::State::live) != OwnRecords::none) {
        own.state = OwnRecord::State::twin;
        return;
    }
    own.state = OwnRecord::State::live;
    responder_.resume(now, index);
    responder_.announce(first_announcement, index);
    tell(now, own, QueryEvent::Kind::added, QueryEvent::Reason::none);
}

void Interface::make_live(Time now, RegistrationId registration, std::uint32_t slot, Time first) {
    const std::uint32_t index = place_of(registration, slot);
    if (index != OwnRecords::none) go_live(now, index, first);
}

void Interface::silence(Time now, RegistrationId registration) {
    const auto found = own_of_.find(registration);
    if (found == own_of_.end()) return;
    prober_.forget(registration);
    for (const std::uint32_t index : found->second) {
        OwnRecord& own = own_.record(index);
        const bool was_live = own.state == OwnRecord::State::live;
        const bool is_over = was_live && !hand_over(index);
        if (was_live) responder_.silence(now, index);
        own.state = OwnRecord::State::silent;
        if (!is_over) continue;
        tell(now, own, QueryEvent::Kind::removed, QueryEvent::Reason::unconfirmed);
    }
}

/// Lets another record that says the same speak from now on; false when there is none.
bool Interface::hand_over(std::uint32_t index) {
    const std::uint32_t heir = own_.find_same(index, OwnRecord::State::twin);
    if (heir == OwnRecords::none) return false;
    responder_.inherit(index, heir);
    own_.record(heir).state = OwnRecord::State::live;
    return true;
}

/// Erases a record without goodbye.
void Interface::forget(Time now, std::uint32_t index) {
    OwnRecord& own = own_.record(index);
    const bool was_live = own.state == OwnRecord::State::live && !hand_over(index);
    own.state = OwnRecord::State::silent;
    if (was_live) tell(now, own, QueryEvent::Kind::removed, QueryEvent::Reason::goodbye);
    release(now, own);
    responder_.forget(now, index);
}

/// Stops answering with a record and withdraws it; returns when the goodbye goes. No goodbye goes as
/// long as another registration has the same record, also one whose name is in doubt at the moment.
Time Interface::say_goodbye(Time now, std::uint32_t index) {
    const OwnRecord& own = own_.record(index);
    const bool was_live = own.state == OwnRecord::State::live;
    const std::uint32_t other = own_.find_same_wanted(index);
    const bool is_leaving = own_.find_same(index, OwnRecord::State::leaving) != OwnRecords::none;
    if (other != OwnRecords::none || (!was_live && is_leaving)) {
        if (other != OwnRecords::none) responder_.share_history(index, other);
        forget(now, index);
        return now;
    }
    if (was_live) tell(now, own, QueryEvent::Kind::removed, QueryEvent::Reason::goodbye);
    release(now, own);
    ++leaving_[own.registration];
    return responder_.withdraw(now, index);
}

/// Ends a record, with a goodbye if anybody may have it: what is shared was perhaps said before its name came
/// into doubt. Returns when that goes.
Time Interface::end_record(Time now, std::uint32_t index) {
    const OwnRecord& own = own_.record(index);
    if (own.ownership == Ownership::known_unique &&
        context_.config.reverse_names == ReverseNames::left_to_others) {
        forget(now, index);  // a goodbye would speak about the other program's name
        return now;
    }
    if (own.state == OwnRecord::State::live || own.ownership == Ownership::shared)
        return say_goodbye(now, index);
    forget(now, index);
    return now;
}

void Interface::abandon(Time now, RegistrationId registration) {
    const auto found = own_of_.find(registration);
    if (found == own_of_.end()) return;
    prober_.forget(registration);
    const std::vector<std::uint32_t> records = std::move(found->second);
    own_of_.erase(found);
    for (const std::uint32_t index : records) {
        // To say goodbye to a unique record would speak about the other host's name.
        if (own_.record(index).ownership == Ownership::unique) {
            forget(now, index);
        } else {
            say_goodbye(now, index);
        }
    }
}

void Interface::withdraw(Time now, RegistrationId registration) {
    const auto found = own_of_.find(registration);
    if (found == own_of_.end()) return;
    prober_.forget(registration);
    const std::vector<std::uint32_t> records = std::move(found->second);
    own_of_.erase(found);
    for (const std::uint32_t index : records) end_record(now, index);
}

/// Other live records of the unique RRset of `index`.
bool Interface::has_set_members(std::uint32_t index) const {
    const OwnRecord& own = own_.record(index);
    return own.is_unique() &&
           std::ranges::any_of(own_.name_of(own).records, [&](std::uint32_t other) {
               return other != index && own_.record(other).type == own.type &&
                      own_.record(other).state == OwnRecord::State::live;
           });
}

Time Interface::remove_record(Time now, RegistrationId registration, std::uint32_t slot) {
    const std::uint32_t index = place_of(registration, slot);
    if (index == OwnRecords::none) return now;
    std::erase(own_of_[registration], index);
    if (own_of_[registration].empty()) own_of_.erase(registration);
    const OwnRecord& own = own_.record(index);
    if (own.state != OwnRecord::State::live || !has_set_members(index))
        return end_record(now, index);
    // The rest of the set, said again with the cache-flush bit, takes this one out of all caches.
    const dns::RrType type = own.type;
    const std::vector<std::uint32_t> others = own_.name_of(own).records;
    forget(now, index);
    for (const std::uint32_t other : others) {
        if (other == index || own_.record(other).type != type) continue;
        if (own_.record(other).state != OwnRecord::State::live) continue;
        responder_.announce(now, other);
        break;
    }
    return now;
}

void Interface::replace_record(Time now, RegistrationId registration, std::uint32_t slot,
                               const RegisteredRecord& record) {
    const std::uint32_t before = place_of(registration, slot);
    if (before == OwnRecords::none) return;
    std::erase(own_of_[registration], before);
    const bool was_live = own_.record(before).is_offered();
    const bool is_unique = own_.record(before).is_unique();
    add_record(registration, slot, record);
    Time first = now;
    if (is_unique) {
        forget(now, before);  // announced with the cache-flush bit, the new data replaces it
    } else {
        // RFC 6762 §8.4: the old data is withdrawn before the new is announced.
        first = end_record(now, before) + update_gap;
    }
    if (was_live) make_live(now, registration, slot, first);
}

void Interface::drop_empty_claim(RegistrationId registration) {
    if (!has_probed_records(registration)) prober_.forget(registration);
}

// ---------------------------------------------------------------- questions

void Interface::start_query(Time now, QueryId id, const QueryRequest& request) {
    const std::uint64_t hash = dns::name_hash(request.name);
    bool is_answered = false;
    for_each_own(request.name, hash, request.type, [&](const CachedRecord& record) {
        if (record.klass != request.klass && request.klass != dns::RrClass::ANY) return;
        is_answered = true;
        on_query_event(id, QueryEvent::Kind::added, QueryEvent::Reason::none, record);
    });
    const std::uint32_t name = own_.find_name(request.name, hash);
    if (!is_answered && name != OwnRecords::none && own_.owns(name) &&
        request.type != dns::RrType::ANY) {
        CachedRecord denial{};
        denial.name = request.name;
        denial.type = dns::RrType::NSEC;
        denial.klass = dns::RrClass::IN;
        denial.ttl = denial.ttl_left = host_ttl;
        denial.is_unique = true;
        const std::string rdata = own_.nsec_rdata(name);
        denial.rdata = as_bytes(rdata);
        if (!rdata.empty())
            on_query_event(id, QueryEvent::Kind::absent, QueryEvent::Reason::none, denial);
    }
    querier_.start(now, id, request);
    cache_.rearm(now, request.name, hash, request.type);
}

void Interface::reconfirm(Time now, const Record& record) {
    const RecordKey key{record.name, dns::name_hash(record.name), record.type, record.klass,
                        record.rdata};
    if (cache_.reconfirm(now, key)) querier_.reconfirm(now, key);
}

// ---------------------------------------------------------------- time

void Interface::on_timer(Time now) {
    cache_.on_timer(now);
    prober_.on_timer(now);
    querier_.on_timer(now);
    responder_.on_timer(now);
}

std::optional<Time> Interface::next_timer() const {
    std::optional<Time> next;
    for (const std::optional<Time>& time : {cache_.next_timer(), prober_.next_timer(),
                                            querier_.next_timer(), responder_.next_timer()}) {
        if (time) next = next ? std::min(*next, *time) : *time;
    }
    return next;
}

// ---------------------------------------------------------------- what the parts say

void Interface::on_added(Time now, const CachedRecord& record) {
    querier_.tell(now, QueryEvent::Kind::added, QueryEvent::Reason::none, record);
}

void Interface::on_removed(Time now, const CachedRecord& record, QueryEvent::Reason reason) {
    querier_.tell(now, QueryEvent::Kind::removed, reason, record);
}

bool Interface::is_wanted(dns::NameView name, std::uint64_t hash, dns::RrType type,
                          dns::RrClass klass) {
    return querier_.is_wanted(name, hash, type, klass);
}

void Interface::on_refresh_due(Time now, const CachedRecord& record) {
    querier_.on_refresh_due(now, record);
}

void Interface::on_query_event(QueryId query, QueryEvent::Kind kind, QueryEvent::Reason reason,
                               const CachedRecord& record) {
    listener_.on_query_event(id_, query, kind, reason, record);
}

void Interface::on_claimed(Time now, RegistrationId registration) {
    listener_.on_claimed(now, id_, registration);
}

void Interface::on_withdrawn(Time now, const OwnRecord& record) {
    const auto found = leaving_.find(record.registration);
    if (found == leaving_.end() || --found->second > 0) return;
    leaving_.erase(found);
    listener_.on_withdrawn(now, record.registration);
}

}  // namespace kith::discovery::mdns
