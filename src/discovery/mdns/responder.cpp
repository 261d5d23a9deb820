#include "discovery/mdns/responder.hpp"

#include <algorithm>

namespace kith::discovery::mdns {

Sending& Responder::sending(const Answer& answer, LinkIndex link) {
    return answer.kind == Answer::Kind::record ? own_.record(answer.index).sending[at(link)]
                                               : own_.name(answer.index).nsec[at(link)];
}

/// Puts `answer` among what is to be multicast at `due`, but not within `interval` of the last time.
void Responder::schedule(Time now, LinkIndex link, const Answer& answer, Time due,
                         Duration interval) {
    if (!links_[at(link)].is_up) return;
    Sending& state = sending(answer, link);
    const Time allowed = state.last == Sending::never ? now : std::max(now, state.last + interval);
    due = std::max(due, allowed);
    DeadlineHeap& heap = waiting_[at(link)];
    if (heap.has(item(answer))) {
        state.not_before = std::min(state.not_before, allowed);
        heap.set(item(answer), std::min(heap.at(item(answer)), due));
        return;
    }
    state.not_before = allowed;
    heap.set(item(answer), due);
}

/// As schedule(), with all members of a unique RRset (RFC 6762 §10.2).
void Responder::schedule_set(Time now, LinkIndex link, const Answer& answer, Time due,
                             Duration interval) {
    if (answer.kind == Answer::Kind::nsec || !own_.record(answer.index).is_unique()) {
        schedule(now, link, answer, due, interval);
        return;
    }
    const OwnRecord& record = own_.record(answer.index);
    for (const std::uint32_t index : own_.name_of(record).records) {
        const OwnRecord& member = own_.record(index);
        if (member.type == record.type && member.state == OwnRecord::State::live)
            schedule(now, link, {index, Answer::Kind::record}, due, interval);
    }
}

void Responder::unschedule(LinkIndex link, const Answer& answer) {
    waiting_[at(link)].erase(item(answer));
}

bool Responder::is_scheduled(const Answer& answer) const {
    return waiting_[0].has(item(answer)) || waiting_[1].has(item(answer));
}

void Responder::announce(Time first, std::uint32_t index) {
    OwnRecord& record = own_.record(index);
    record.announcements_left = std::clamp(context_.config.announcements, 2, announcements_max);
    record.announce_gap = announce_interval;
    announcing_.set(index, first);
}

void Responder::announce_due(Time now) {
    for (auto due = announcing_.first(); due && due->time <= now; due = announcing_.first()) {
        OwnRecord& record = own_.record(due->item);
        for (const LinkIndex link : both_links)
            schedule_set(now, link, {due->item, Answer::Kind::record}, now, multicast_interval);
        if (--record.announcements_left > 0) {
            announcing_.set(due->item, now + record.announce_gap);
            record.announce_gap *= 2;
        } else {
            announcing_.erase(due->item);
        }
    }
}

void Responder::silence(Time now, std::uint32_t index) {
    const OwnRecord& record = own_.record(index);
    history_.keep(now, record.hash, record.sending);  // one that says the same may speak next
    take_out(index);
}

/// Takes a record out of everything that waits.
void Responder::take_out(std::uint32_t index) {
    announcing_.erase(index);
    const OwnRecord& record = own_.record(index);
    for (const LinkIndex link : both_links) {
        unschedule(link, {index, Answer::Kind::record});
        unschedule(link, {record.name, Answer::Kind::nsec});
    }
}

void Responder::forget(Time now, std::uint32_t index) {
    take_out(index);
    erase(now, index);
}

std::uint64_t Responder::nsec_hash(const OwnName& name) const {
    return context_.hasher.of_set(name.hash, dns::RrType::NSEC, dns::RrClass::IN);
}

/// Erases a record; what was said of it in the last second is remembered.
void Responder::erase(Time now, std::uint32_t index) {
    const OwnRecord& record = own_.record(index);
    history_.keep(now, record.hash, record.sending);
    const OwnName& name = own_.name_of(record);
    if (name.records.size() == 1) history_.keep(now, nsec_hash(name), name.nsec);
    own_.erase(index);
}

void Responder::resume(Time now, std::uint32_t index) {
    OwnRecord& record = own_.record(index);
    history_.recall(record.hash, record.sending);
    OwnName& name = own_.name_of(record);
    history_.recall(nsec_hash(name), name.nsec);
    const std::uint32_t leaving = own_.find_same(index, OwnRecord::State::leaving);
    if (leaving == OwnRecords::none) return;
    join_sendings(record.sending, own_.record(leaving).sending);
    take_out(leaving);
    finish_leaving(now, leaving);
}

void Responder::share_history(std::uint32_t index, std::uint32_t other) {
    join_sendings(own_.record(other).sending, own_.record(index).sending);
}

void Responder::inherit(std::uint32_t index, std::uint32_t heir) {
    const OwnRecord& record = own_.record(index);
    OwnRecord& next = own_.record(heir);
    next.sending = record.sending;
    next.announcements_left = record.announcements_left;
    next.announce_gap = record.announce_gap;
    if (announcing_.has(index)) announcing_.set(heir, announcing_.at(index));
    for (DeadlineHeap& waiting : waiting_) {
        const std::uint32_t from = item({index, Answer::Kind::record});
        if (waiting.has(from)) waiting.set(item({heir, Answer::Kind::record}), waiting.at(from));
    }
}

Time Responder::withdraw(Time now, std::uint32_t index) {
    take_out(index);
    OwnRecord& record = own_.record(index);
    record.state = OwnRecord::State::leaving;
    Time last = now;
    for (const LinkIndex link : both_links) {
        if (record.sending[at(link)].last == Sending::never) continue;
        const Answer answer{index, Answer::Kind::record};
        schedule(now, link, answer, now, multicast_interval);
        if (waiting_[at(link)].has(item(answer)))
            last = std::max(last, waiting_[at(link)].at(item(answer)));
    }
    finish_leaving(now, index);
    return last;
}

/// Erases a record that has nobody left to say goodbye to.
void Responder::finish_leaving(Time now, std::uint32_t index) {
    if (is_scheduled({index, Answer::Kind::record})) return;
    listener_.on_withdrawn(now, own_.record(index));
    erase(now, index);
}

/// Sends what is due on `link`, and with it what may go already and would be due soon.
void Responder::flush(Time now, LinkIndex link) {
    DeadlineHeap& heap = waiting_[at(link)];
    if (!heap.first() || heap.first()->time > now) return;
    std::vector<Answer> batch;
    std::vector<std::pair<std::uint32_t, Time>> later;
    for (auto due = heap.first(); due && due->time <= now + shared_delay_max; due = heap.first()) {
        heap.erase(due->item);
        const Answer answer = answer_of(due->item);
        if (sending(answer, link).not_before <= now) {
            batch.push_back(answer);
        } else {
            later.emplace_back(due->item, due->time);
        }
    }
    for (const auto& [waiting, time] : later) heap.set(waiting, time);
    const ResponseWriter::Request request{.now = now,
                                          .form = ResponseWriter::Form::multicast,
                                          .link = link,
                                          .limit = links_[at(link)].message_limit(),
                                          .id = 0,
                                          .questions = {}};
    std::vector<std::uint32_t> leaving;
    for (const Answer& answer : batch) {
        if (answer.kind == Answer::Kind::record &&
            own_.record(answer.index).state == OwnRecord::State::leaving)
            leaving.push_back(answer.index);
    }
    writer_.write(request, std::move(batch), [&](Bytes message, std::span<const Answer> written) {
        if (!message.empty()) context_.send_to_group(now, interface_, link, message);
        on_multicast(now, link, written);
    });
    for (const std::uint32_t index : leaving) finish_leaving(now, index);
}

void Responder::on_multicast(Time now, LinkIndex link, std::span<const Answer> written) {
    for (const Answer& answer : written) {
        Sending& state = sending(answer, link);
        state.last = now;
        unschedule(link, answer);  // it may have gone as an additional record
    }
}

void Responder::on_same_record(Time now, LinkIndex link, std::uint32_t index, std::uint32_t ttl) {
    OwnRecord& record = own_.record(index);
    if (record.state != OwnRecord::State::live) return;
    const Answer answer{index, Answer::Kind::record};
    if (std::uint64_t{ttl} * 2 < record.ttl) {
        schedule_set(now, link, answer, now, multicast_interval);  // RFC 6762 §6.6
        return;
    }
    // Members of a unique RRset go together or not at all, so only a shared one can be left to a peer.
    if (ttl < record.ttl || record.is_unique() || !waiting_[at(link)].has(item(answer))) return;
    ++context_.stats.answers_suppressed;
    unschedule(link, answer);
    record.sending[at(link)].last = now;
}

void Responder::on_echo_of_other_interface(Time now, LinkIndex link, std::uint32_t name,
                                           dns::RrType type) {
    for (const std::uint32_t index : own_.name(name).records) {
        OwnRecord& record = own_.record(index);
        if (record.type != type || record.state != OwnRecord::State::live || !record.is_unique())
            continue;
        // Peers keep for a second what they heard within the last one: nothing is lost then, and this
        // is what ends the game between two interfaces on one network (RFC 6762 §14).
        const Time last = record.sending[at(link)].last;
        if (last != Sending::never && last + flush_grace > now) continue;
        EchoAnswers& answers = record.echo_answers[at(link)];
        const bool is_peace = answers.count == 0 || answers.last_echo + echo_peace <= now;
        answers.count = is_peace ? 1 : answers.count + 1;
        answers.last_echo = now;
        if (answers.count > echo_answers_max) return;
        schedule_set(now, link, {index, Answer::Kind::record}, now, multicast_interval);
        return;
    }
}

void Responder::on_timer(Time now) {
    deferred_due(now);
    replies_due(now);
    announce_due(now);
    for (const LinkIndex link : both_links) flush(now, link);
}

std::optional<Time> Responder::next_timer() const {
    std::optional<Time> next;
    const auto take = [&](Time time) { next = next ? std::min(*next, time) : time; };
    for (const DeadlineHeap* heap : {&waiting_[0], &waiting_[1], &announcing_}) {
        if (const auto due = heap->first()) take(due->time);
    }
    for (const Deferred& deferred : deferred_) take(deferred.due);
    for (const Reply& reply : replies_) take(reply.due);
    return next;
}

void Responder::on_link_down(Time now, LinkIndex link) {
    std::vector<std::uint32_t> leaving;
    DeadlineHeap& heap = waiting_[at(link)];
    for (auto due = heap.first(); due; due = heap.first()) {
        heap.erase(due->item);
        const Answer answer = answer_of(due->item);
        if (answer.kind == Answer::Kind::record &&
            own_.record(answer.index).state == OwnRecord::State::leaving)
            leaving.push_back(answer.index);
    }
    for (const std::uint32_t index : leaving) finish_leaving(now, index);
    for (std::uint32_t index = 0; index < own_.end(); ++index) {
        OwnRecord& record = own_.record(index);
        if (record.state == OwnRecord::State::free) continue;
        record.sending[at(link)] = {};
        own_.name_of(record).nsec[at(link)] = {};
    }
    std::erase_if(deferred_, [&](const Deferred& deferred) { return deferred.link == link; });
    std::erase_if(replies_, [&](const Reply& reply) { return reply.link == link; });
}

bool Responder::is_quiet() const {
    return !waiting_[0].first() && !waiting_[1].first() && !announcing_.first() && replies_.empty();
}

Responder::Kept Responder::keep(const Answer& answer) const {
    if (answer.kind == Answer::Kind::record) return {answer, own_.record(answer.index).serial};
    return {answer, own_.name(answer.index).hash};
}

bool Responder::is_valid(const Kept& kept) const {
    if (kept.answer.kind == Answer::Kind::nsec)
        return own_.name(kept.answer.index).hash == kept.check && own_.owns(kept.answer.index);
    const OwnRecord& record = own_.record(kept.answer.index);
    return record.state == OwnRecord::State::live && record.serial == kept.check;
}

}  // namespace kith::discovery::mdns
