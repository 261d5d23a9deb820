// What of Reflector is about questions of full queriers, which are asked anew on the other link, with the
// answers they know, and about probes, with what they propose.

#include <algorithm>
#include <bit>
#include <unordered_map>
#include <unordered_set>

#include "discovery/mdns/limits.hpp"
#include "discovery/reflector/reflector.hpp"

namespace kith::discovery::reflector {
namespace {

/// Of a record that a querier knows, which is another thing than the record said.
std::uint64_t known_thing(std::uint64_t record) { return std::rotl(record, 32); }

}  // namespace

/// Reckons what stands for each question: of a probe with what it proposes, for a rival's is not an echo.
void Reflector::hash_questions() {
    question_hashes_.clear();
    is_probed_.clear();
    std::unordered_map<std::uint64_t, std::uint64_t> proposals;  // by name, in whatever order
    for (std::size_t i = 0; i < packet_->records().size(); ++i) {
        const mdns::PacketRecord& record = packet_->records()[i];
        if (record.section == dns::Section::authority)
            proposals[record.name_hash] += record_hashes_[i];
    }
    for (const mdns::PacketQuestion& question : packet_->questions()) {
        const auto proposed = proposals.find(question.name_hash);
        is_probed_.push_back(proposed != proposals.end());
        question_hashes_.push_back(
            hasher_.of_set(question.name_hash, question.type, question.klass) +
            (is_probed_.back() ? proposed->second : 0));
    }
}

/// Whether a question of the link it came from is one for `target`, and not our own voice.
bool Reflector::question_crosses(Time now, const mdns::PacketInfo& info, InterfaceId target,
                                 std::size_t index) {
    const std::uint64_t here = key_on_link(info.interface, info.family, question_hashes_[index]);
    const std::uint64_t there = key_on_link(target, info.family, question_hashes_[index]);
    if (sent_.within(now, here, question_echo_life)) {
        ++stats_.echoes;
        return false;
    }
    // Three probes come within half a second, and all of them count.
    const bool is_probed = is_probed_[index];
    if (sent_.within(now, there, is_probed ? repeat_gap : question_echo_life) ||
        (!is_probed && heard_.within(now, there, question_echo_life)))
        return false;
    Duration gap = question_echo_life;
    if (sent_.within(now, here, echo_life)) {
        const Recent::Entry* const last = sent_.find(now, there);
        if (last != nullptr && last->at + last->gap > now) {
            ++stats_.echoes;
            return false;
        }
        if (last != nullptr) gap = std::max(gap, last->gap);
        gap = std::min(2 * gap, question_gap_max);
    }
    sent_.touch(now, there).gap = gap;
    return true;
}

void Reflector::on_query(Time now, const mdns::PacketInfo& info) {
    hash_records();
    hash_questions();
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId id, Interface& target) {
        const View shown = view(target, from);
        if (!shown.is_any || !may_send(now, target)) return;
        // Known answers alone are the rest of a list (RFC 6762 §7.2).
        if (packet_->questions().empty()) {
            continue_list(now, info, id, shown);
        } else {
            reflect_query(now, info, id, shown);
        }
    });
    note_asked(now, info);
}

/// Remembers which questions were asked here that another link's hosts may ask here, too.
void Reflector::note_asked(Time now, const mdns::PacketInfo& info) {
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId, const Interface& other) {
        const View shown = view(from, other);
        if (!shown.is_any) return;
        for (std::size_t i = 0; i < packet_->questions().size(); ++i) {
            const mdns::PacketQuestion& question = packet_->questions()[i];
            if (is_shown(now, shown, info.interface, question.name, question.name_hash))
                heard_.touch(now, key_on_link(info.interface, info.family, question_hashes_[i]));
        }
    });
}

void Reflector::reflect_query(Time now, const mdns::PacketInfo& info, InterfaceId target,
                              const View& view) {
    Indexes plain, probed, known;
    for (std::size_t i = 0; i < packet_->questions().size(); ++i) {
        const mdns::PacketQuestion& question = packet_->questions()[i];
        if (!is_shown(now, view, target, question.name, question.name_hash)) {
            ++stats_.filtered;
        } else if (question_crosses(now, info, target, i)) {
            (is_probed_[i] ? probed : plain).push_back(i);
        }
    }
    const Way way{target, info.family, 0};
    if (!plain.empty()) {
        for (std::size_t i = 0; i < packet_->records().size(); ++i) {
            const mdns::PacketRecord& record = packet_->records()[i];
            if (record.section != dns::Section::answer) continue;
            if (is_shown(now, view, target, record)) {
                known.push_back(i);
            } else {
                ++stats_.filtered;
            }
        }
        if (packet_->is_truncated()) lists_.touch(now, key_on_link(target, info.family, source_));
        ask(now, way, plain, known);
    }
    probe(now, way, probed);
}

/// Known answers follow a question that we passed on, from the same host. None that we sent there already or
/// to where they come from: another reflector has them from us.
void Reflector::continue_list(Time now, const mdns::PacketInfo& info, InterfaceId target,
                              const View& view) {
    if (!lists_.within(now, key_on_link(target, info.family, source_), list_life)) {
        stats_.unasked += packet_->records().size();
        return;
    }
    Indexes known;
    for (std::size_t i = 0; i < packet_->records().size(); ++i) {
        const mdns::PacketRecord& record = packet_->records()[i];
        if (record.section != dns::Section::answer) continue;
        const std::uint64_t thing = known_thing(record_hashes_[i]);
        if (!is_shown(now, view, target, record)) {
            ++stats_.filtered;
        } else if (sent_.within(now, key_on_link(info.interface, info.family, thing), list_life) ||
                   sent_.within(now, key_on_link(target, info.family, thing), list_life)) {
            ++stats_.echoes;
        } else {
            sent_.touch(now, key_on_link(target, info.family, thing));
            known.push_back(i);
        }
    }
    ask(now, {target, info.family, 0}, {}, known);
}

/// Sends questions and known answers in as many packets as they take; more to come is told in each of them
/// (RFC 6762 §7.2).
void Reflector::ask(Time now, const Way& way, const Indexes& questions, const Indexes& known) {
    const bool is_more = packet_->is_truncated() || !known.empty();
    start_message(way);
    for (const std::size_t i : questions) {
        const mdns::PacketQuestion& question = packet_->questions()[i];
        const auto add = [&] {
            return builder_.add_question(question.name, question.type, question.klass);
        };
        if (add()) continue;
        if (is_more) builder_.set_flag(dns::Header::tc);
        send_to_group(now, way);
        start_message(way);
        if (!add()) ++stats_.oversize;
    }
    for (const std::size_t i : known)
        add_record(now, way, dns::Section::answer, packet_->records()[i]);
    if (packet_->is_truncated()) builder_.set_flag(dns::Header::tc);
    send_to_group(now, way);
}

/// Sends probes, each in one packet with all that it proposes, which a rival compares (RFC 6762 §8.2).
void Reflector::probe(Time now, const Way& way, std::span<const std::size_t> questions) {
    if (questions.empty()) return;
    const mdns::Link& link = interfaces_.at(way.target).links[mdns::at(mdns::link_of(way.family))];
    if (write_probe(way, questions, link.message_limit())) return send_to_group(now, way);
    if (questions.size() > 1) {
        const std::size_t half = questions.size() / 2;
        probe(now, way, questions.first(half));
        probe(now, way, questions.subspan(half));
    } else if (write_probe(way, questions, mdns::message_bytes_max)) {
        send_to_group(now, way);
    } else {
        ++stats_.oversize;
    }
}

/// False: it does not all fit.
bool Reflector::write_probe(const Way& way, std::span<const std::size_t> questions,
                            std::size_t limit) {
    start_message(way, limit);
    std::unordered_set<std::uint64_t> names;
    for (const std::size_t i : questions) {
        const mdns::PacketQuestion& question = packet_->questions()[i];
        if (!builder_.add_question(question.name, question.type, question.klass)) return false;
        names.insert(question.name_hash);
    }
    // What is proposed crosses whole, link-local addresses too: it is compared and not believed.
    for (const mdns::PacketRecord& record : packet_->records()) {
        if (record.section != dns::Section::authority || !names.contains(record.name_hash))
            continue;
        if (!builder_.add_record(dns::Section::authority, record.name, record.type,
                                 mdns::wire_class(record.klass, record.flush), record.ttl,
                                 record.rdata))
            return false;
    }
    return true;
}

}  // namespace kith::discovery::reflector
