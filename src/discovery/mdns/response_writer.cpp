#include "discovery/mdns/response_writer.hpp"

#include <algorithm>

#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {
namespace {

// Of a record whose owner is a pointer: 2 bytes, type, class, TTL, length.
constexpr std::size_t record_overhead = 12;
// The names a message begins with, before there is anything to point at.
constexpr std::size_t first_names_bytes = 60;

std::size_t first_label_bytes(dns::NameView name) {
    return name.is_root() ? 1 : name.first_label().size() + 1U;
}

}  // namespace

void ResponseWriter::write(const Request& request, std::vector<Answer> answers, const Sink& sink) {
    const auto set_of = [&](const Answer& answer) {
        if (answer.kind == Answer::Kind::nsec)
            return std::tuple(answer.index, std::uint16_t{0xffff}, answer.index);
        const OwnRecord& record = own_.record(answer.index);
        return std::tuple(record.name, static_cast<std::uint16_t>(record.type), answer.index);
    };
    std::ranges::sort(answers, {}, set_of);
    const auto doubles = std::ranges::unique(answers);
    answers.erase(doubles.begin(), doubles.end());
    // What is an answer itself is no additional record of another one (RFC 6762 §8.3).
    ++call_;
    for (const Answer& answer : answers) {
        if (answer.kind == Answer::Kind::record)
            own_.record(answer.index).answer_in = call_;
        else
            own_.name(answer.index).nsec_answer_in = call_;
    }
    const std::span<const Answer> all = answers;
    for (std::size_t at = 0; at < all.size();) at += write_message(request, all.subspan(at), sink);
}

/// Writes one message; returns how many answers are done with.
std::size_t ResponseWriter::write_message(const Request& request, std::span<const Answer> answers,
                                          const Sink& sink) {
    ++stamp_;
    const std::size_t count =
        request.form == Form::legacy ? answers.size() : batch(request, answers);
    ++stamp_;
    start(request, request.limit);
    std::size_t done = write_answers(request, answers.first(count));
    if (request.form == Form::legacy) {
        if (done < answers.size()) context_.builder.set_flag(dns::Header::tc);  // RFC 6762 §18.5
        done = answers.size();
    } else if (done == 0) {
        return write_large(request, answers.front(), sink);
    }
    write_extras(request, answers.first(done));
    sink(context_.builder.finish(), written_);
    return done;
}

/// A record that fits in no packet of the link: alone and in fragments, or not at all.
std::size_t ResponseWriter::write_large(const Request& request, const Answer& answer,
                                        const Sink& sink) {
    start(request, message_bytes_max);
    if (add(request, dns::Section::answer, answer)) {
        sink(context_.builder.finish(), written_);
    } else {
        ++context_.stats.oversize;
        sink({}, std::span(&answer, 1));
    }
    return 1;
}

void ResponseWriter::start(const Request& request, std::size_t limit) {
    dns::MessageBuilder& builder = context_.builder;
    builder.start(context_.buffer, limit);
    builder.set_flag(dns::Header::qr | dns::Header::aa);
    if (request.form == Form::legacy) {
        builder.header().id = request.id;
        for (const StoredQuestion& question : request.questions) {
            // A simple resolver compares it with what it sent: the unicast bit, if set, goes back too.
            const Flush top = question.wants == Wants::unicast ? Flush::yes : Flush::no;
            builder.add_question(question.name, question.type, wire_class(question.klass, top));
        }
    } else {
        builder.set_compression(dns::Compression::multicast);
    }
    written_.clear();
}

/// Writes answers until one does not fit; returns how many, in whole sets.
std::size_t ResponseWriter::write_answers(const Request& request, std::span<const Answer> answers) {
    std::size_t at = 0;
    while (at < answers.size()) {
        const std::size_t end = set_end(answers, at);
        const auto mark = context_.builder.mark();
        const std::size_t written = written_.size();
        std::size_t next = at;
        while (next < end && add(request, dns::Section::answer, answers[next])) ++next;
        if (next < end && at > 0) {
            context_.builder.rewind(mark);
            for (std::size_t i = written; i < written_.size(); ++i) {
                if (written_[i].kind == Answer::Kind::record)
                    own_.record(written_[i].index).written_in = 0;
                else
                    own_.name(written_[i].index).nsec_written_in = 0;
            }
            written_.resize(written);
            return at;
        }
        at = next;
        if (next < end) return at;  // a set larger than a message: goes on in the next one
    }
    return at;
}

void ResponseWriter::write_extras(const Request& request, std::span<const Answer> answers) {
    for (const Answer& answer : answers) {
        extras_.clear();
        collect_extras(request, answer, extras_);
        for (std::size_t at = 0; at < extras_.size();) {
            const std::size_t end = set_end(extras_, at);
            const auto mark = context_.builder.mark();
            const std::size_t written = written_.size();
            while (at < end &&
                   (is_written(extras_[at]) || add(request, dns::Section::additional, extras_[at])))
                ++at;
            if (at == end) continue;
            context_.builder.rewind(mark);
            written_.resize(written);
            at = end;
        }
    }
}

bool ResponseWriter::add(const Request& request, dns::Section section, const Answer& answer) {
    dns::MessageBuilder& builder = context_.builder;
    const bool is_legacy = request.form == Form::legacy;
    const auto ttl_of = [&](std::uint32_t ttl) {
        return is_legacy ? std::min(ttl, legacy_ttl_max) : ttl;
    };
    if (answer.kind == Answer::Kind::nsec) {
        OwnName& name = own_.name(answer.index);
        const std::string rdata = own_.nsec_rdata(answer.index);
        const std::uint32_t ttl = name.nsec_ttl != 0 ? name.nsec_ttl : host_ttl;
        if (rdata.empty()) return true;  // the types changed since
        if (!builder.add_record(section, name.view(), dns::RrType::NSEC,
                                wire_class(dns::RrClass::IN, is_legacy ? Flush::no : Flush::yes),
                                ttl_of(ttl), as_bytes(rdata)))
            return false;
        name.nsec_written_in = stamp_;
    } else {
        OwnRecord& record = own_.record(answer.index);
        const Flush flush = record.is_unique() && !is_legacy ? Flush::yes : Flush::no;
        const std::uint32_t ttl =
            record.state == OwnRecord::State::leaving ? 0 : ttl_of(record.ttl);
        if (!builder.add_record(section, own_.name_of(record).view(), record.type,
                                wire_class(record.klass, flush), ttl, record.data()))
            return false;
        record.written_in = stamp_;
    }
    written_.push_back(answer);
    ++context_.stats.answers_out;
    return true;
}

/// How many answers go into one message with their additional records, by estimate; at least one set.
std::size_t ResponseWriter::batch(const Request& request, std::span<const Answer> answers) {
    std::size_t size = dns::header_bytes + first_names_bytes;
    std::size_t at = 0;
    while (at < answers.size()) {
        const std::size_t end = set_end(answers, at);
        std::size_t cost = 0;
        extras_.clear();
        for (std::size_t i = at; i < end; ++i) {
            cost += estimate(answers[i]);
            collect_extras(request, answers[i], extras_);
        }
        for (const Answer& extra : extras_) {
            if (is_written(extra)) continue;
            cost += estimate(extra);
            if (extra.kind == Answer::Kind::record)
                own_.record(extra.index).written_in = stamp_;
            else
                own_.name(extra.index).nsec_written_in = stamp_;
        }
        if (at > 0 && size + cost > request.limit) break;
        size += cost;
        at = end;
    }
    return at;
}

/// The end of the unique RRset that begins at `at`, or of the one shared record.
std::size_t ResponseWriter::set_end(std::span<const Answer> answers, std::size_t at) const {
    const auto set_of = [&](const Answer& answer) -> const OwnRecord* {
        return answer.kind == Answer::Kind::record ? &own_.record(answer.index) : nullptr;
    };
    const OwnRecord* const first = set_of(answers[at++]);
    if (first == nullptr || !first->is_unique()) return at;
    for (; at < answers.size(); ++at) {
        const OwnRecord* const next = set_of(answers[at]);
        if (next == nullptr || next->name != first->name || next->type != first->type) break;
    }
    return at;
}

/// Bytes with every name compressed; a little low for the first records of a message.
std::size_t ResponseWriter::estimate(const Answer& answer) const {
    if (answer.kind == Answer::Kind::nsec) return record_overhead + 2 + 8;
    const OwnRecord& record = own_.record(answer.index);
    const auto target = target_of(record.type, record.data());
    const std::size_t owner =
        record.is_unique() ? first_label_bytes(own_.name_of(record).view()) : 0;
    if (!target) return owner + record_overhead + record.rdata.size();
    const std::size_t head = record.rdata.size() - target->size();
    const std::size_t tail = record.type == dns::RrType::PTR ? first_label_bytes(*target) + 2 : 2;
    return (record.type == dns::RrType::SRV ? 0 : owner) + record_overhead + head + tail;
}

bool ResponseWriter::is_written(const Answer& answer) const {
    return answer.kind == Answer::Kind::record ? own_.record(answer.index).written_in == stamp_
                                               : own_.name(answer.index).nsec_written_in == stamp_;
}

bool ResponseWriter::is_answer(const Answer& answer) const {
    return answer.kind == Answer::Kind::record ? own_.record(answer.index).answer_in == call_
                                               : own_.name(answer.index).nsec_answer_in == call_;
}

bool ResponseWriter::is_too_soon(const Request& request, const Sending& sending) const {
    return request.form == Form::multicast && sending.last != Sending::never &&
           sending.last + multicast_interval > request.now;
}

void ResponseWriter::collect_extras(const Request& request, const Answer& answer,
                                    std::vector<Answer>& extras) const {
    if (answer.kind == Answer::Kind::nsec) return;
    const OwnRecord& record = own_.record(answer.index);
    if (record.state != OwnRecord::State::live) return;  // nothing helps a goodbye
    switch (record.type) {
        case dns::RrType::PTR: {
            const std::uint32_t instance = name_of_target(record);
            if (instance == OwnRecords::none) return;
            collect_set(request, instance, dns::RrType::SRV, extras);
            collect_set(request, instance, dns::RrType::TXT, extras);
            for (const std::uint32_t other : own_.name(instance).records) {
                const OwnRecord& service = own_.record(other);
                if (service.type != dns::RrType::SRV || service.state != OwnRecord::State::live)
                    continue;
                const std::uint32_t host = name_of_target(service);
                if (host != OwnRecords::none) collect_addresses(request, host, extras);
            }
            return;
        }
        case dns::RrType::SRV: {
            const std::uint32_t host = name_of_target(record);
            if (host != OwnRecords::none) collect_addresses(request, host, extras);
            return;
        }
        case dns::RrType::A:
        case dns::RrType::AAAA: collect_addresses(request, record.name, extras); return;
        default: return;
    }
}

void ResponseWriter::collect_set(const Request& request, std::uint32_t name, dns::RrType type,
                                 std::vector<Answer>& extras) const {
    const std::size_t before = extras.size();
    for (const std::uint32_t index : own_.name(name).records) {
        const OwnRecord& record = own_.record(index);
        if (record.type != type || record.state != OwnRecord::State::live) continue;
        if (is_answer({index, Answer::Kind::record}) ||
            is_too_soon(request, record.sending[at(request.link)])) {
            extras.resize(before);  // the whole set or none of it
            return;
        }
        extras.push_back({index, Answer::Kind::record});
    }
}

void ResponseWriter::collect_addresses(const Request& request, std::uint32_t name,
                                       std::vector<Answer>& extras) const {
    collect_set(request, name, dns::RrType::A, extras);
    collect_set(request, name, dns::RrType::AAAA, extras);
    // Saying that there is no address of the other family saves the question (RFC 6762 §6.2).
    if (has_live(name, dns::RrType::A) != has_live(name, dns::RrType::AAAA))
        collect_nsec(request, name, extras);
}

void ResponseWriter::collect_nsec(const Request& request, std::uint32_t name,
                                  std::vector<Answer>& extras) const {
    if (!own_.owns(name) || is_answer({name, Answer::Kind::nsec}) ||
        is_too_soon(request, own_.name(name).nsec[at(request.link)]))
        return;
    extras.push_back({name, Answer::Kind::nsec});
}

bool ResponseWriter::has_live(std::uint32_t name, dns::RrType type) const {
    return std::ranges::any_of(own_.name(name).records, [&](std::uint32_t index) {
        return own_.record(index).type == type &&
               own_.record(index).state == OwnRecord::State::live;
    });
}

std::uint32_t ResponseWriter::name_of_target(const OwnRecord& record) const {
    const auto target = target_of(record.type, record.data());
    return target ? own_.find_name(*target, dns::name_hash(*target)) : OwnRecords::none;
}

}  // namespace kith::discovery::mdns
