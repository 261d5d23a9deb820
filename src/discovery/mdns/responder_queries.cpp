// What of Responder is about queries: who gets which answer, by which way and when.

#include <algorithm>

#include "discovery/mdns/responder.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

bool matches(const OwnRecord& record, const StoredQuestion& question) {
    const bool type = question.type == dns::RrType::ANY || record.type == question.type ||
                      record.type == dns::RrType::CNAME;
    return type && (question.klass == dns::RrClass::ANY || record.klass == question.klass);
}

/// Whether `packet` proposes records for `name`: it is a probe (RFC 6762 §8.1).
bool proposes(const Packet* packet, const StoredQuestion& question) {
    if (packet == nullptr) return false;
    return std::ranges::any_of(packet->records(), [&](const PacketRecord& record) {
        return record.section == dns::Section::authority &&
               record.name_hash == question.name_hash && record.name == question.name.view();
    });
}

}  // namespace

void Responder::on_query(Time now, const PacketInfo& info, const Packet& packet) {
    Query query;
    query.source = info.source;
    query.link = link_of(info.family);
    const bool is_legacy = info.source.port != port;
    const bool is_on_link = links_[at(query.link)].is_on_link(info.source.address);
    // Whoever is not on the link gets no unicast answer: that would make us an amplifier
    // (RFC 6762 §5.5, §11).
    if (!is_on_link && (is_legacy || info.destination == Destination::unicast)) {
        ++context_.stats.ignored_off_link;
        context_.trace_name(now, Trace::Kind::ignored, interface_, {}, {}, info.source,
                            "a unicast answer is wanted by a host that is not on the link");
        return;
    }
    if (is_legacy) {
        query.from = Query::From::legacy;
        query.id = packet.header().id;
        query.legacy_limit = std::clamp<std::size_t>(packet.edns_payload().value_or(0),
                                                     dns::udp_bytes_plain, legacy_bytes_max);
    } else if (info.destination == Destination::unicast) {
        query.from = Query::From::direct;
    } else if (!is_on_link) {
        query.from = Query::From::off_link;
    }
    if (!is_legacy && packet.questions().empty()) {
        continue_deferred(now, query, packet);
        return;
    }
    if (!is_legacy && packet.is_truncated() && !packet.is_probe() && defer(now, query, packet))
        return;
    if (!concerns_us(packet)) return;
    ++query_stamp_;
    mark_known(packet);
    store_questions(packet);
    query.questions = questions_;
    if (packet.is_probe()) query.probe = &packet;
    answer(now, query);
}

/// Whether any question is about a name of ours: most of what is asked on a link is not.
bool Responder::concerns_us(const Packet& packet) const {
    return std::ranges::any_of(packet.questions(), [&](const PacketQuestion& question) {
        return own_.find_name(question.name, question.name_hash) != OwnRecords::none;
    });
}

// ---------------------------------------------------------------- known answers

void Responder::mark_known(std::uint32_t index) { own_.record(index).known_in = query_stamp_; }

/// Notes which answers the querier has with at least half their TTL (RFC 6762 §7.1).
void Responder::mark_known(const Packet& packet) {
    for (const PacketRecord& record : packet.records()) {
        if (record.section != dns::Section::answer) break;
        const std::uint32_t index =
            own_.find(record.key(), context_.hasher.of_record(record.key()));
        if (index == OwnRecords::none) continue;
        if (std::uint64_t{record.ttl} * 2 >= own_.record(index).ttl) mark_known(index);
    }
}

/// A unique RRset is known when all of it is: it is never sent in part (RFC 6762 §10.2).
bool Responder::is_known(std::uint32_t index) const {
    const OwnRecord& record = own_.record(index);
    if (record.known_in != query_stamp_) return false;
    if (!record.is_unique()) return true;
    return std::ranges::all_of(own_.name_of(record).records, [&](std::uint32_t other) {
        const OwnRecord& member = own_.record(other);
        return member.type != record.type || member.state != OwnRecord::State::live ||
               member.known_in == query_stamp_;
    });
}

void Responder::store_questions(const Packet& packet) {
    questions_.clear();
    for (const PacketQuestion& question : packet.questions())
        questions_.push_back(
            {question.name, question.name_hash, question.type, question.klass, question.wants});
}

void Responder::keep_known(Deferred& deferred, const Packet& packet) const {
    for (const PacketRecord& record : packet.records()) {
        if (record.section != dns::Section::answer) break;
        const std::uint32_t index =
            own_.find(record.key(), context_.hasher.of_record(record.key()));
        if (index == OwnRecords::none || std::uint64_t{record.ttl} * 2 < own_.record(index).ttl)
            continue;
        if (deferred.known.size() == deferred_known_max) return;
        deferred.known.push_back(keep({index, Answer::Kind::record}));
    }
}

/// Puts a query off whose known answers are not complete; false when there is no room.
bool Responder::defer(Time now, const Query& query, const Packet& packet) {
    auto found = std::ranges::find_if(deferred_, [&](const Deferred& other) {
        return other.source.address == query.source.address && other.link == query.link;
    });
    if (found == deferred_.end()) {
        if (!concerns_us(packet)) return true;  // nothing to answer now or later
        if (deferred_.size() == deferred_queries_max) {
            ++context_.stats.deferred_dropped;
            context_.trace_name(now, Trace::Kind::limited, interface_, {}, {}, query.source,
                                "too many queries wait for the rest of their known answers");
            return false;
        }
        found = deferred_.insert(deferred_.end(),
                                 {query.source, query.link, query.from, now, now, {}, {}});
    }
    for (const PacketQuestion& question : packet.questions()) {
        if (found->questions.size() == deferred_questions_max) break;
        if (own_.find_name(question.name, question.name_hash) == OwnRecords::none) continue;
        found->questions.push_back(
            {question.name, question.name_hash, question.type, question.klass, question.wants});
    }
    keep_known(*found, packet);
    found->due = std::min(now + context_.random(deferred_delay_min, deferred_delay_max),
                          found->first + deferred_total_max);
    return true;
}

/// More known answers of a query that waits for them (RFC 6762 §7.2).
void Responder::continue_deferred(Time now, const Query& query, const Packet& packet) {
    const auto found = std::ranges::find_if(deferred_, [&](const Deferred& other) {
        return other.source.address == query.source.address && other.link == query.link;
    });
    if (found == deferred_.end()) return;
    keep_known(*found, packet);
    if (packet.is_truncated()) {
        found->due = std::min(now + context_.random(deferred_delay_min, deferred_delay_max),
                              found->first + deferred_total_max);
    }
}

void Responder::deferred_due(Time now) {
    for (std::size_t i = 0; i < deferred_.size();) {
        if (deferred_[i].due > now) {
            ++i;
            continue;
        }
        const Deferred deferred = std::move(deferred_[i]);
        deferred_.erase(deferred_.begin() + static_cast<std::ptrdiff_t>(i));
        ++query_stamp_;
        for (const Kept& known : deferred.known) {
            if (is_valid(known)) mark_known(known.answer.index);
        }
        Query query;
        query.source = deferred.source;
        query.link = deferred.link;
        query.from = deferred.from;
        query.delay = Query::Delay::none;
        query.questions = deferred.questions;
        answer(now, query);
    }
}

// ---------------------------------------------------------------- answers

void Responder::answer(Time now, const Query& query) {
    Found found;
    for (const StoredQuestion& question : query.questions)
        answer_question(now, query, question, found);
    if (found.multicast.empty() && found.unicast.empty()) return;
    // Only who is the only one to answer may do so at once (RFC 6762 §6, §6.3).
    const bool is_alone = found.all_unique && query.questions.size() == 1;
    const bool at_once = found.defends || is_alone || query.delay == Query::Delay::none;
    const Time due = at_once ? now : now + context_.random(shared_delay_min, shared_delay_max);
    const Duration interval = found.defends ? probe_answer_interval : multicast_interval;
    for (const Answer& answer : found.multicast)
        schedule_set(now, query.link, answer, due, interval);
    if (!found.unicast.empty()) reply(now, query, found.unicast, due);
    for (const LinkIndex link : both_links) flush(now, link);
}

void Responder::answer_question(Time now, const Query& query, const StoredQuestion& question,
                                Found& found) {
    const std::uint32_t name = own_.find_name(question.name, question.name_hash);
    if (name == OwnRecords::none) return;
    bool is_there = false;
    for (const std::uint32_t index : own_.name(name).records) {
        const OwnRecord& record = own_.record(index);
        if (record.state != OwnRecord::State::live || !matches(record, question)) continue;
        is_there = true;
        if (!record.is_unique()) found.all_unique = false;
        if (is_known(index)) {
            ++context_.stats.answers_suppressed;
        } else {
            place(now, query, question, {index, Answer::Kind::record}, found);
        }
    }
    const bool is_in = question.klass == dns::RrClass::IN || question.klass == dns::RrClass::ANY;
    if (is_there || !is_in || question.type == dns::RrType::ANY || !own_.owns(name)) return;
    if (own_.nsec_rdata(name).empty()) return;
    // As long as the record that is missing would be believed (RFC 6762 §6.1).
    own_.name(name).nsec_ttl = default_ttl(question.type, question.name);
    place(now, query, question, {name, Answer::Kind::nsec}, found);
}

/// Decides whether an answer goes by multicast, unicast or both (RFC 6762 §5.4, §5.5, §6.7, §11).
void Responder::place(Time now, const Query& query, const StoredQuestion& question,
                      const Answer& answer, Found& found) {
    const bool wants_unicast =
        question.wants == Wants::unicast || query.from == Query::From::direct;
    if (query.from == Query::From::legacy) {
        found.unicast.push_back(answer);
    } else if (proposes(query.probe, question)) {
        found.defends = true;
        const bool is_unicast = wants_unicast && query.from != Query::From::off_link;
        if (is_unicast) found.unicast.push_back(answer);
        if (!is_unicast || !is_fresh(now, query.link, answer)) found.multicast.push_back(answer);
    } else if (wants_unicast && query.from != Query::From::off_link &&
               is_fresh(now, query.link, answer)) {
        found.unicast.push_back(answer);
    } else {
        found.multicast.push_back(answer);
    }
}

std::uint32_t Responder::ttl_of(const Answer& answer) const {
    return answer.kind == Answer::Kind::record ? own_.record(answer.index).ttl
                                               : own_.name(answer.index).nsec_ttl;
}

/// True when it was multicast within a quarter of its TTL.
bool Responder::is_fresh(Time now, LinkIndex link, const Answer& answer) {
    const Time last = sending(answer, link).last;
    return last != Sending::never && last + std::chrono::seconds(ttl_of(answer)) / 4 >= now;
}

// ---------------------------------------------------------------- unicast replies

void Responder::reply(Time now, const Query& query, const std::vector<Answer>& answers, Time due) {
    const bool is_legacy = query.from == Query::From::legacy;
    Reply reply;
    reply.due = due;
    reply.to = query.source;
    reply.link = query.link;
    reply.form = is_legacy ? ResponseWriter::Form::legacy : ResponseWriter::Form::unicast;
    reply.id = query.id;
    reply.limit = is_legacy ? query.legacy_limit : links_[at(query.link)].message_limit();
    if (is_legacy) reply.questions.assign(query.questions.begin(), query.questions.end());
    for (const Answer& answer : answers) {
        if (reply.answers.size() == unicast_answers_max) break;
        reply.answers.push_back(keep(answer));
    }
    if (due <= now) {
        send_reply(now, reply);
    } else if (replies_.size() < unicast_replies_max) {
        replies_.push_back(std::move(reply));
    } else {
        ++context_.stats.replies_dropped;
        context_.trace_name(now, Trace::Kind::limited, interface_, {}, {}, query.source,
                            "too many hosts wait for a unicast reply");
    }
}

void Responder::send_reply(Time now, const Reply& reply) {
    if (!links_[at(reply.link)].is_up) return;
    std::vector<Answer> answers;
    for (const Kept& kept : reply.answers) {
        if (is_valid(kept)) answers.push_back(kept.answer);
    }
    if (answers.empty()) return;
    // A unique RRset goes whole (RFC 6762 §10.2).
    for (std::size_t i = 0, count = answers.size(); i < count; ++i) {
        if (answers[i].kind == Answer::Kind::nsec || !own_.record(answers[i].index).is_unique())
            continue;
        const OwnRecord& record = own_.record(answers[i].index);
        for (const std::uint32_t other : own_.name_of(record).records) {
            const OwnRecord& member = own_.record(other);
            if (member.type == record.type && member.state == OwnRecord::State::live)
                answers.push_back({other, Answer::Kind::record});
        }
    }
    const ResponseWriter::Request request{.now = now,
                                          .form = reply.form,
                                          .link = reply.link,
                                          .limit = reply.limit,
                                          .id = reply.id,
                                          .questions = reply.questions};
    writer_.write(request, std::move(answers), [&](Bytes message, std::span<const Answer>) {
        if (!message.empty())
            context_.send(now, interface_, reply.to, Destination::unicast, SocketKind::mdns,
                          message);
    });
}

void Responder::replies_due(Time now) {
    for (std::size_t i = 0; i < replies_.size();) {
        if (replies_[i].due > now) {
            ++i;
            continue;
        }
        const Reply reply = std::move(replies_[i]);
        replies_.erase(replies_.begin() + static_cast<std::ptrdiff_t>(i));
        send_reply(now, reply);
    }
}

}  // namespace kith::discovery::mdns
