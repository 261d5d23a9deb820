// What of Querier makes packets: which questions go now, which with how many known answers.

#include <algorithm>

#include "discovery/mdns/querier.hpp"

namespace kith::discovery::mdns {

/// What is cached, and what we have ourselves: so that peers do not wait for an answer that we do
/// not give ourselves, and take our records for gone (RFC 6762 §10.5).
template <class Visit>
void Querier::for_each_known_answer(Time now, const Question& question, Visit visit) const {
    const std::uint32_t name = own_.find_name(question.view(), question.name_hash);
    if (name != OwnRecords::none) {
        for (const std::uint32_t index : own_.name(name).records) {
            const OwnRecord& own = own_.record(index);
            const bool is_type = question.type == dns::RrType::ANY || own.type == question.type;
            if (own.state == OwnRecord::State::live && !own.is_unique() && is_type)
                visit({question.view(),
                       question.name_hash,
                       own.type,
                       own.klass,
                       own.data(),
                       own.ttl,
                       own.ttl,
                       {},
                       false});
        }
    }
    cache_.for_each_known_answer(now, question.view(), question.name_hash, question.type, visit);
}

void Querier::on_timer(Time now) {
    std::vector<std::uint32_t> due_now;
    for (auto due = deadlines_.first(); due && due->time <= now; due = deadlines_.first()) {
        const std::uint32_t index = due->item;
        deadlines_.erase(index);
        if (needs_asking(now, questions_[index])) {
            due_now.push_back(index);
        } else {
            set_deadline(index);
        }
    }
    if (due_now.empty()) return;
    send(now, due_now);
    batch_ = Batch::later;
    for (const std::uint32_t index : due_now) {
        mark_sent(now, questions_[index]);
        set_deadline(index);
        drop_if_unused(index);
    }
}

std::optional<Time> Querier::next_timer() const {
    const auto due = deadlines_.first();
    return due ? std::optional(due->time) : std::nullopt;
}

/// False for a question of the series that has its whole answer: it rests until that is gone
/// (RFC 6762 §5.2).
bool Querier::needs_asking(Time now, Question& question) {
    if (question.refresh <= now) return true;
    const std::uint32_t own = own_.find_name(question.view(), question.name_hash);
    const bool is_ours = own != OwnRecords::none && own_.owns(own);
    if (!is_ours && !cache_.complete_until(now, question.view(), question.name_hash, question.type))
        return true;
    question.is_resting = true;
    question.next = never;
    return false;
}

void Querier::mark_sent(Time now, Question& question) {
    const bool is_series = question.next <= now || question.is_first;
    if (question.doubts > 0 && --question.doubts > 0) {
        question.refresh = now + query_interval_first;
    } else if (question.refresh <= now) {
        question.refresh = never;
    }
    question.last_sent = now;
    if (question.active == 0) {
        question.next = never;
        return;
    }
    if (is_series || (question.next != never && question.next < now + question.interval)) {
        question.next = now + question.interval;
        question.interval = std::min(question.interval * 2, query_interval_max);
    }
    question.is_first = false;
    question.wants = Wants::multicast;
}

void Querier::start_message() {
    std::size_t limit = message_bytes_max;
    for (const Link& link : links_) {
        if (link.is_up) limit = std::min(limit, link.message_limit());
    }
    context_.builder.start(context_.buffer, limit);
    context_.builder.set_compression(dns::Compression::multicast);
}

void Querier::send_message(Time now) {
    const Bytes message = context_.builder.finish();
    for (const LinkIndex link : both_links) {
        if (links_[at(link)].is_up) context_.send_to_group(now, interface_, link, message);
    }
}

bool Querier::add_question(Time now, std::uint32_t index) {
    Question& question = questions_[index];
    const bool is_unicast = question.is_first && question.wants == Wants::unicast &&
                            context_.config.unicast_replies == UnicastReplies::reach_us;
    if (!context_.builder.add_question(
            question.view(), question.type,
            wire_class(question.klass, is_unicast ? Flush::yes : Flush::no)))
        return false;
    if (is_unicast) question.unicast_asked = now;
    ++context_.stats.questions_out;
    return true;
}

/// Adds what fits; returns how many.
std::size_t Querier::add_questions(Time now, std::span<const std::uint32_t> questions) {
    std::size_t count = 0;
    while (count < questions.size() && add_question(now, questions[count])) ++count;
    return count;
}

void Querier::send(Time now, std::span<const std::uint32_t> due) {
    std::vector<std::uint32_t> plain, with_known;
    for (const std::uint32_t index : due) {
        const Question& question = questions_[index];
        bool is_known = false;
        for_each_known_answer(now, question, [&](const CachedRecord&) { is_known = true; });
        (is_known ? with_known : plain).push_back(index);
    }
    start_message();
    for (std::span<const std::uint32_t> rest = plain; !rest.empty();) {
        rest = rest.subspan(add_questions(now, rest));
        if (rest.empty()) break;
        send_message(now);
        start_message();
    }
    if (with_known.empty() || add_all_of(now, with_known)) {
        send_message(now);
        return;
    }
    if (!plain.empty()) send_message(now);
    for (std::span<const std::uint32_t> rest = with_known; !rest.empty();) {
        start_message();
        const std::size_t count =
            add_questions(now, rest.first(std::min<std::size_t>(rest.size(), 16)));
        add_known_answers(now, rest.first(count));
        rest = rest.subspan(count);
    }
}

/// Adds the questions with all their known answers to the message begun; false: no room for all,
/// nothing added.
bool Querier::add_all_of(Time now, std::span<const std::uint32_t> questions) {
    const auto mark = context_.builder.mark();
    const EngineStats before = context_.stats;
    bool is_room = add_questions(now, questions) == questions.size();
    for (const std::uint32_t index : questions) {
        if (!is_room) break;
        const Question& question = questions_[index];
        for_each_known_answer(now, question, [&](const CachedRecord& record) {
            is_room = is_room &&
                      context_.builder.add_record(dns::Section::answer, record.name, record.type,
                                                  record.klass, record.ttl_left, record.rdata);
            ++context_.stats.known_answers_out;
        });
    }
    if (is_room) return true;
    context_.builder.rewind(mark);
    context_.stats = before;
    return false;
}

/// Adds the known answers of `questions`, which stand in the message begun, and sends it; those that
/// find no room follow at once in packets without questions, each but the last with TC
/// (RFC 6762 §7.2).
void Querier::add_known_answers(Time now, std::span<const std::uint32_t> questions) {
    for (const std::uint32_t index : questions) {
        const Question& question = questions_[index];
        for_each_known_answer(now, question, [&](const CachedRecord& record) {
            const auto add = [&] {
                return context_.builder.add_record(dns::Section::answer, record.name, record.type,
                                                   record.klass, record.ttl_left, record.rdata);
            };
            ++context_.stats.known_answers_out;
            if (add()) return;
            context_.builder.set_flag(dns::Header::tc);
            send_message(now);
            start_message();
            if (!add()) ++context_.stats.oversize;
        });
    }
    send_message(now);
}

}  // namespace kith::discovery::mdns
