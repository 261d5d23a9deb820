#include "discovery/mdns/querier.hpp"

#include <algorithm>

#include "discovery/mdns/pool.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

// From this interval on a new query does not wait for the next turn of the question it joins: its
// user expects what is there now.
constexpr Duration long_interval = 60s;

}  // namespace

// ---------------------------------------------------------------- questions

std::uint32_t Querier::first_at(dns::NameView name, std::uint64_t name_hash) const {
    return by_name_.find(name_hash, [&](std::uint32_t index) {
        return questions_[index].name_hash == name_hash && questions_[index].view() == name;
    });
}

std::uint32_t Querier::find(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                            dns::RrClass klass) const {
    std::uint32_t index = first_at(name, name_hash);
    while (index != none && (questions_[index].type != type || questions_[index].klass != klass))
        index = questions_[index].next_at_name;
    return index;
}

std::uint32_t Querier::make(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                            dns::RrClass klass) {
    const std::uint32_t first = first_at(name, name_hash);
    const std::uint32_t index = take_place(questions_, free_);
    Question& question = questions_[index];
    question.name = as_text(name.wire());
    question.name_hash = name_hash;
    question.type = type;
    question.klass = klass;
    ++count_;
    if (first == none) {
        insert_growing(by_name_, name_hash, index);
    } else {
        question.next_at_name = questions_[first].next_at_name;
        questions_[first].next_at_name = index;
    }
    return index;
}

void Querier::drop_if_unused(std::uint32_t index) {
    Question& question = questions_[index];
    if (!question.clients.empty() || question.doubts > 0) return;
    const std::uint32_t first = first_at(question.view(), question.name_hash);
    if (first == index) {
        by_name_.erase(question.name_hash, index);
        if (question.next_at_name != none)
            insert_growing(by_name_, question.name_hash, question.next_at_name);
    } else {
        std::uint32_t before = first;
        while (questions_[before].next_at_name != index) before = questions_[before].next_at_name;
        questions_[before].next_at_name = question.next_at_name;
    }
    deadlines_.erase(index);
    question = Question{};
    free_.push_back(index);
    --count_;
}

void Querier::begin_series(Time now, Question& question) {
    if (next_start_ <= now) next_start_ = now + context_.random(shared_delay_min, shared_delay_max);
    question.next = next_start_;
    question.interval = query_interval_first;
    question.is_first = true;
    question.is_resting = false;
    // Two questions are never closer than a second (RFC 6762 §5.2).
    if (question.last_sent != Time::min())
        question.next = std::max(question.next, question.last_sent + query_interval_first);
    question.wants = batch_ == Batch::first_of_link ? Wants::unicast : Wants::multicast;
}

void Querier::set_deadline(std::uint32_t index) {
    const Question& question = questions_[index];
    const Time due = std::min(question.next, question.refresh);
    if (due == never) {
        deadlines_.erase(index);
    } else {
        deadlines_.set(index, due);
    }
}

void Querier::start(Time now, QueryId id, const QueryRequest& request) {
    const std::uint64_t hash = dns::name_hash(request.name);
    std::uint32_t index = find(request.name, hash, request.type, request.klass);
    if (index == none) index = make(request.name, hash, request.type, request.klass);
    by_client_[id] = index;
    questions_[index].clients.push_back({id, request.mode});
    bool is_answered = false;
    const Question& question = questions_[index];
    cache_.for_each(now, request.name, hash, dns::RrType::ANY, [&](const CachedRecord& record) {
        if (!answers(record, question)) return;
        is_answered = true;
        listener_.on_query_event(id, QueryEvent::Kind::added, QueryEvent::Reason::none, record);
    });
    cache_.for_each(now, request.name, hash, dns::RrType::NSEC, [&](const CachedRecord& record) {
        if (!is_answered && denies(record, question))
            listener_.on_query_event(id, QueryEvent::Kind::absent, QueryEvent::Reason::none,
                                     record);
    });
    if (request.mode != QueryMode::continuous) return;
    ++questions_[index].active;
    const bool joins_idle =
        questions_[index].is_resting || questions_[index].interval > long_interval;
    if (questions_[index].active == 1 || joins_idle) {
        begin_series(now, questions_[index]);
        set_deadline(index);
    }
}

void Querier::stop(QueryId id) {
    const auto found = by_client_.find(id);
    if (found == by_client_.end()) return;
    const std::uint32_t index = found->second;
    by_client_.erase(found);
    Question& question = questions_[index];
    const auto client = std::ranges::find(question.clients, id, &Client::id);
    if (client->mode == QueryMode::continuous && --question.active == 0) {
        question.next = question.refresh = never;
        set_deadline(index);
    }
    question.clients.erase(client);
    drop_if_unused(index);
}

void Querier::restart(Time now) {
    batch_ = Batch::first_of_link;
    for (std::uint32_t index = 0; index < questions_.size(); ++index) {
        if (questions_[index].active == 0) continue;
        begin_series(now, questions_[index]);
        set_deadline(index);
    }
}

void Querier::reconfirm(Time now, const RecordKey& key) {
    std::uint32_t index = find(key.name, key.name_hash, key.type, key.klass);
    if (index == none) index = make(key.name, key.name_hash, key.type, key.klass);
    Question& question = questions_[index];
    question.doubts = 2;
    question.refresh = std::min(question.refresh, now);
    if (question.last_sent != Time::min())
        question.refresh = std::max(question.refresh, question.last_sent + query_interval_first);
    set_deadline(index);
}

// ---------------------------------------------------------------- records

bool Querier::answers(const CachedRecord& record, const Question& question) {
    const bool type = question.type == record.type || question.type == dns::RrType::ANY ||
                      record.type == dns::RrType::CNAME;
    if (record.type == dns::RrType::NSEC && question.type != dns::RrType::NSEC) return false;
    return type && (question.klass == record.klass || question.klass == dns::RrClass::ANY);
}

bool Querier::denies(const CachedRecord& record, const Question& question) {
    const bool is_other_type =
        question.type != dns::RrType::ANY && question.type != dns::RrType::NSEC;
    return record.type == dns::RrType::NSEC && is_other_type && record.is_unique &&
           nsec_denies(record.rdata, question.type);
}

void Querier::report(const Question& question, QueryEvent::Kind kind, QueryEvent::Reason reason,
                     const CachedRecord& record) {
    for (const Client& client : question.clients)
        listener_.on_query_event(client.id, kind, reason, record);
}

void Querier::tell(Time now, QueryEvent::Kind kind, QueryEvent::Reason reason,
                   const CachedRecord& record) {
    for (std::uint32_t index = first_at(record.name, record.name_hash); index != none;
         index = questions_[index].next_at_name) {
        Question& question = questions_[index];
        const bool is_denial = denies(record, question);
        if (!is_denial && !answers(record, question)) continue;
        if (!is_denial) {
            report(question, kind, reason, record);
        } else if (kind == QueryEvent::Kind::added) {
            report(question, QueryEvent::Kind::absent, reason, record);
        }
        // The answer that let the question rest is gone.
        if (kind == QueryEvent::Kind::removed && question.active > 0 && question.is_resting) {
            begin_series(now, question);
            set_deadline(index);
        }
    }
}

bool Querier::is_wanted(dns::NameView name, std::uint64_t name_hash, dns::RrType type,
                        dns::RrClass klass) const {
    for (std::uint32_t index = first_at(name, name_hash); index != none;
         index = questions_[index].next_at_name) {
        const Question& question = questions_[index];
        if (question.active == 0) continue;
        const bool is_type = question.type == type || question.type == dns::RrType::ANY ||
                             type == dns::RrType::NSEC || type == dns::RrType::CNAME;
        if (is_type && (question.klass == klass || question.klass == dns::RrClass::ANY))
            return true;
    }
    return false;
}

void Querier::on_refresh_due(Time now, const CachedRecord& record) {
    for (std::uint32_t index = first_at(record.name, record.name_hash); index != none;
         index = questions_[index].next_at_name) {
        Question& question = questions_[index];
        if (question.active == 0 || (!answers(record, question) && !denies(record, question)))
            continue;
        question.refresh = now;
        if (question.last_sent != Time::min())
            question.refresh = std::max(now, question.last_sent + query_interval_first);
        set_deadline(index);
    }
}

// ---------------------------------------------------------------- peers

void Querier::on_peer_question(Time now, const PacketQuestion& asked, const Packet& packet,
                               const Endpoint& peer) {
    // More known answers follow a truncated query: what it will not get is not known yet.
    if (asked.wants == Wants::unicast || packet.is_truncated()) return;
    const std::uint32_t index = find(asked.name, asked.name_hash, asked.type, asked.klass);
    if (index == none) return;
    Question& question = questions_[index];
    if (question.active == 0 || question.next == never) return;
    if (question.is_first && question.wants == Wants::unicast) return;
    // One that is far off is not "planned"; it goes when its time comes.
    if (!question.is_first && question.next - now > question.interval / 2) return;
    for (const PacketRecord& record : packet.records()) {
        if (record.section != dns::Section::answer) break;
        const bool is_about = record.name_hash == question.name_hash &&
                              record.name == question.view() &&
                              (record.type == question.type || question.type == dns::RrType::ANY);
        if (is_about && !cache_.is_known_answer(now, record.key())) return;
    }
    ++context_.stats.questions_suppressed;
    context_.trace_name(now, Trace::Kind::suppressed, interface_, question.view(), question.type,
                        peer, "a peer has asked the same");
    mark_sent(now, question);
    set_deadline(index);
}

bool Querier::has_asked_for(Time now, const Packet& response) const {
    return std::ranges::any_of(response.records(), [&](const PacketRecord& record) {
        if (record.section != dns::Section::answer) return false;
        for (std::uint32_t index = first_at(record.name, record.name_hash); index != none;
             index = questions_[index].next_at_name) {
            const Question& question = questions_[index];
            const bool is_recent = question.unicast_asked != Time::min() &&
                                   question.unicast_asked + unicast_reply_window >= now;
            const bool is_type =
                question.type == record.type || question.type == dns::RrType::ANY ||
                record.type == dns::RrType::NSEC || record.type == dns::RrType::CNAME;
            if (is_recent && is_type) return true;
        }
        return false;
    });
}

}  // namespace kith::discovery::mdns
