#include "server/local_lookup.hpp"

#include <algorithm>
#include <array>

#include "dns/message_builder.hpp"

namespace kith::server {
namespace {

namespace dnssd = discovery::dnssd;
using dns::RrType;

// The longest answer that is kept; what does not fit is left out, whole records.
constexpr std::size_t answer_bytes_max = 16'384;

/// Types that only a zone has: `.local` is none (RFC 6762 §22.1 item 3), so nobody is asked.
bool is_of_zones(RrType type) {
    switch (type) {
        case RrType::SOA:
        case RrType::NS:
        case RrType::DS:
        case RrType::DNSKEY:
        case RrType::RRSIG:
        case RrType::NSEC:
        case RrType::NSEC3:
        case RrType::NSEC3PARAM: return true;
        default: return false;
    }
}

bool comes_from_several(RrType type) { return type == RrType::PTR || type == RrType::ANY; }

std::shared_ptr<const cache::Answer> failure(const LocalQuestion& question) {
    return std::make_shared<const cache::Answer>(
        cache::Answer::failure(question.name, question.type, dns::RrClass::IN));
}

}  // namespace

cache::Answer make_local_answer(const dns::Name& name, RrType type,
                                const std::map<std::vector<std::uint8_t>, std::uint32_t>& records,
                                dns::Rcode rcode) {
    std::vector<std::uint8_t> buffer(answer_bytes_max);
    auto builder = std::make_unique<dns::MessageBuilder>();
    builder->start(buffer, buffer.size());
    builder->set_flag(dns::Header::qr);
    builder->set_rcode(rcode);
    builder->add_question(name, type, dns::RrClass::IN);
    for (const auto& [rdata, ttl] : records) {
        builder->add_record(dns::Section::answer, name, type, dns::RrClass::IN,
                            std::min(ttl, local_ttl_max), rdata);
    }
    if (records.empty()) {
        // Root names, serial 1, and how long the denial may be kept: ten seconds.
        static constexpr std::array<std::uint8_t, 22> soa = {
            0, 0, 0, 0, 0, 1, 0, 0, 14, 16, 0, 0, 3, 132, 0, 9, 58, 128, 0, 0, 0, 10};
        builder->add_record(dns::Section::authority, dnssd::local_domain(), RrType::SOA,
                            dns::RrClass::IN, local_ttl_max, soa);
    }
    auto answer = cache::Answer::from_message(builder->finish());
    return answer ? std::move(*answer) : cache::Answer::failure(name, type, dns::RrClass::IN);
}

/// No link has to be waited for: each knows of it, or has been asked lately.
bool LocalLookups::have_all_said(Time now, const dns::Name& name, RrType type) const {
    const auto asked = all_asked_.find({name, type});
    if (asked != all_asked_.end() && now < asked->second) return true;
    return know_(now, name, type).silent_links == 0;
}

/// Until a record of the name ends: then a link that knew it may not any more.
void LocalLookups::note_all_asked(Time now, const Lookup& lookup, const LocalKnowledge& known) {
    Duration kept = local_links_asked_for;
    for (const auto& [rdata, ttl] : known.records)
        kept = std::min<Duration>(kept, std::chrono::seconds(ttl));
    std::erase_if(all_asked_, [&](const auto& entry) { return entry.second <= now; });
    if (all_asked_.size() >= local_links_asked_max)
        all_asked_.erase(std::ranges::min_element(all_asked_, {},
                                                  [](const auto& entry) { return entry.second; }));
    all_asked_[{lookup.name, lookup.type}] = now + kept;
}

/// Answers what is known already: to ask the links again would tell nothing new.
bool LocalLookups::answer_known(Time now, const LocalQuestion& question,
                                const LocalReply& reply) const {
    const LocalKnowledge known = know_(now, question.name, question.type);
    const bool is_whole = known.holder == LocalKnowledge::Holder::ours ||
                          (!known.records.empty() && !comes_from_several(question.type));
    if (!is_whole) return false;
    if (known.holder != LocalKnowledge::Holder::ours &&
        !have_all_said(now, question.name, question.type))
        return false;
    reply(question.token, std::make_shared<const cache::Answer>(make_local_answer(
                              question.name, question.type, known.records, dns::Rcode::NOERROR)));
    return true;
}

/// Takes a lookup of the client that has most of them, if `client` has fewer; false: it has not.
bool LocalLookups::make_room(Time now, std::uint64_t client) {
    const auto most =
        std::ranges::max_element(waiting_, {}, [](const auto& entry) { return entry.second; });
    const auto own = waiting_.find(client);
    const std::size_t has = own == waiting_.end() ? 0 : own->second;
    if (most == waiting_.end() || most->second <= has + 1) return false;
    const auto is_theirs = [&](const Lookup& lookup) {
        return std::ranges::all_of(
            lookup.waiters, [&](const Waiter& waiter) { return waiter.client == most->first; });
    };
    // The latest: the others have waited longer, and may be answered soon.
    for (auto at = lookups_.rbegin(); at != lookups_.rend(); ++at) {
        if (!is_theirs(at->second)) continue;
        fail(now, at->first);
        return true;
    }
    return false;
}

void LocalLookups::leave(std::uint64_t client) {
    const auto found = waiting_.find(client);
    if (found != waiting_.end() && --found->second == 0) waiting_.erase(found);
}

void LocalLookups::ask(Time now, const LocalQuestion& question, LocalReply reply) {
    if (is_of_zones(question.type)) {
        return reply(question.token, std::make_shared<const cache::Answer>(make_local_answer(
                                         question.name, question.type, {}, dns::Rcode::NOERROR)));
    }
    if (answer_known(now, question, reply)) return;
    if (const auto own = waiting_.find(question.client);
        own != waiting_.end() && own->second >= local_client_share)
        return reply(question.token, failure(question));
    const auto wait = [&](Lookup& lookup) {
        lookup.waiters.push_back({question.token, question.client, std::move(reply)});
        ++waiting_[question.client];
    };
    for (auto& [id, lookup] : lookups_) {
        if (lookup.type != question.type || lookup.name != question.name) continue;
        if (lookup.waiters.size() >= local_waiters_max)
            return reply(question.token, failure(question));
        return wait(lookup);
    }
    if (lookups_.size() >= local_questions_max && !make_room(now, question.client))
        return reply(question.token, failure(question));
    const auto id = session_.start_query(now, question.name, question.type);
    if (!id) return reply(question.token, failure(question));
    Lookup& lookup = lookups_[*id];
    lookup.name = question.name;
    lookup.type = question.type;
    if (know_(now, question.name, RrType::ANY).records.empty())
        all_asked_.erase({question.name, question.type});  // of what is forgotten
    lookup.ends = now + local_patience;
    lookup.links_by = now + local_links_patience;
    wait(lookup);
}

bool LocalLookups::on_event(Time now, const dnssd::Event& event) {
    const auto found = lookups_.find(event.operation);
    if (found == lookups_.end()) return false;
    Lookup& lookup = found->second;
    if (const auto* record = std::get_if<dnssd::RecordResult>(&event.what)) {
        if (record->type != lookup.type) return true;
        if (event.change == dnssd::Change::removed) {
            lookup.records.erase(record->rdata);
        } else if (lookup.records.size() < local_records_max) {
            const bool first = lookup.records.empty();
            lookup.records.emplace(record->rdata, record->ttl);
            if (first && comes_from_several(lookup.type))
                lookup.ends = std::min(lookup.ends, now + local_gathering);
        }
    } else if (std::holds_alternative<dnssd::NoRecordResult>(event.what)) {
        lookup.is_absent = true;
    }
    return true;
}

void LocalLookups::on_settled(Time now) {
    std::vector<dnssd::OperationId> done;
    for (auto& [id, lookup] : lookups_) {
        const bool answered = !lookup.records.empty() && !comes_from_several(lookup.type);
        if (!answered && !(lookup.is_absent && lookup.records.empty())) continue;
        if (lookup.links_by <= now || have_all_said(now, lookup.name, lookup.type)) {
            done.push_back(id);
        } else {
            lookup.ends = lookup.links_by;
        }
    }
    for (const dnssd::OperationId id : done) finish(now, id);
}

std::optional<Time> LocalLookups::next_deadline() const {
    std::optional<Time> out;
    for (const auto& [id, lookup] : lookups_) {
        if (!out || lookup.ends < *out) out = lookup.ends;
    }
    return out;
}

void LocalLookups::on_timer(Time now) {
    std::vector<dnssd::OperationId> due;
    for (const auto& [id, lookup] : lookups_) {
        if (lookup.ends <= now) due.push_back(id);
    }
    for (const dnssd::OperationId id : due) finish(now, id);
}

void LocalLookups::finish(Time now, discovery::dnssd::OperationId id) {
    const Lookup lookup = take(now, id);
    const LocalKnowledge known = know_(now, lookup.name, RrType::ANY);
    const bool exists = !lookup.records.empty() || lookup.is_absent || !known.records.empty();
    if (lookup.links_by <= now && (!lookup.records.empty() || lookup.is_absent))
        note_all_asked(now, lookup, known);
    const auto answer = std::make_shared<const cache::Answer>(
        make_local_answer(lookup.name, lookup.type, lookup.records,
                          exists ? dns::Rcode::NOERROR : dns::Rcode::NXDOMAIN));
    reply_all(lookup, answer);
}

void LocalLookups::fail(Time now, discovery::dnssd::OperationId id) {
    const Lookup lookup = take(now, id);
    reply_all(lookup, failure({0, lookup.name, lookup.type, 0}));
}

/// Ends the question to the link.
LocalLookups::Lookup LocalLookups::take(Time now, discovery::dnssd::OperationId id) {
    auto node = lookups_.extract(id);
    session_.cancel(now, id);
    return std::move(node.mapped());
}

void LocalLookups::reply_all(const Lookup& lookup,
                             const std::shared_ptr<const cache::Answer>& answer) {
    for (const Waiter& waiter : lookup.waiters) {
        leave(waiter.client);
        waiter.reply(waiter.token, answer);
    }
}

void LocalLookups::fail_all(Time now) {
    while (!lookups_.empty()) fail(now, lookups_.begin()->first);
}

}  // namespace kith::server
