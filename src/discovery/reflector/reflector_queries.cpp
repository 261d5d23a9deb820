// What of Reflector is about questions: of full queriers, which are asked anew on the other link, and of
// simple resolvers, whose replies are handed back.

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "discovery/reflector/reflector.hpp"

namespace kith::discovery::reflector {

bool Reflector::is_probed(const mdns::PacketQuestion& question) const {
    return std::ranges::any_of(packet_.records(), [&](const mdns::PacketRecord& record) {
        return record.section == dns::Section::authority &&
               record.name_hash == question.name_hash && record.name == question.name;
    });
}

/// Of a probe with what it proposes: a rival's is not an echo of ours.
std::uint64_t Reflector::question_hash(const mdns::PacketQuestion& question) const {
    std::uint64_t hash = hasher_.of_set(question.name_hash, question.type, question.klass);
    for (const mdns::PacketRecord& record : packet_.records()) {
        if (record.section != dns::Section::authority || record.name_hash != question.name_hash ||
            record.name != question.name)
            continue;
        hash = hash * 31 + hasher_.of_record(record.key());
    }
    return hash;
}

/// Whether a question of the link it came from is one for `target`, and not our own voice.
bool Reflector::question_crosses(Time now, const mdns::PacketInfo& info, InterfaceId target,
                                 const mdns::PacketQuestion& question) {
    const std::uint64_t hash = question_hash(question);
    const Recent::Entry here = recent_.get(key(info.interface, info.family, hash));
    const std::uint64_t place = key(target, info.family, hash);
    Recent::Entry there = recent_.get(place);
    if (here.sent_within(now, question_echo_life)) {
        ++stats_.echoes;
        return false;
    }
    // Three probes come within half a second, and all of them count.
    const Duration gap = is_probed(question) ? repeat_gap : question_echo_life;
    if (there.sent_within(now, gap) ||
        (!is_probed(question) && there.heard_within(now, question_echo_life)))
        return false;
    if (!here.sent_within(now, echo_life)) {
        there.gap = question_echo_life;
    } else {
        if (there.sent_within(now, there.gap)) {
            ++stats_.echoes;
            return false;
        }
        there.gap = std::min(2 * std::max(there.gap, question_echo_life), question_gap_max);
    }
    there.sent = now;
    recent_.set(now, place, there);
    return true;
}

void Reflector::on_query(Time now, const mdns::PacketInfo& info) {
    const Interface& from = interfaces_.at(info.interface);
    const bool is_legacy = info.source.port != mdns::port;
    for_each_other(info, [&](InterfaceId id, Interface& target) {
        const View shown = view(target, from);
        if (!shown.is_any || !may_send(now, target, info)) return;
        if (is_legacy) {
            reflect_legacy(now, info, id, shown);
        } else {
            reflect_query(now, info, id, shown);
        }
    });
    if (is_legacy) return;
    for (const mdns::PacketQuestion& question : packet_.questions()) {
        const std::uint64_t place = key(info.interface, info.family, question_hash(question));
        Recent::Entry entry = recent_.get(place);
        entry.heard = now;
        recent_.set(now, place, entry);
    }
}

void Reflector::reflect_query(Time now, const mdns::PacketInfo& info, InterfaceId target,
                              const View& view) {
    const std::uint16_t flags = packet_.is_truncated() ? dns::Header::tc : std::uint16_t{0};
    std::vector<const mdns::PacketQuestion*> questions;
    for (const mdns::PacketQuestion& question : packet_.questions()) {
        if (!is_shown(now, view, target, question.name, question.name_hash)) {
            ++stats_.filtered;
        } else if (question_crosses(now, info, target, question)) {
            questions.push_back(&question);
        }
    }
    // Without questions it is the rest of a list of known answers (RFC 6762 §7.2).
    if (questions.empty() && !packet_.questions().empty()) return;
    start_message(target, info.family, 0);
    for (const mdns::PacketQuestion* question : questions)
        builder_.add_question(question->name, question->type, question->klass);
    for (const mdns::PacketRecord& record : packet_.records()) {
        const bool is_known = record.section == dns::Section::answer;
        if (is_known && !is_shown(now, view, target, record)) ++stats_.filtered;
        if (is_known && is_shown(now, view, target, record))
            add_record(target, info.family, dns::Section::answer, record, 0);
    }
    // What is proposed crosses whole, link-local addresses too: it is compared and not believed.
    for (const mdns::PacketRecord& record : packet_.records()) {
        const bool is_asked = std::ranges::any_of(questions, [&](const auto* question) {
            return question->name_hash == record.name_hash && question->name == record.name;
        });
        if (record.section == dns::Section::authority && is_asked)
            add_record(target, info.family, dns::Section::authority, record, 0);
    }
    builder_.set_flag(flags);
    send_to_group(target, info.family, mdns::SocketKind::mdns);
}

// ---------------------------------------------------------------- simple resolvers

void Reflector::reflect_legacy(Time now, const mdns::PacketInfo& info, InterfaceId target,
                               const View& view) {
    const LegacyClient client{info.interface, info.source, packet_.header().id};
    std::vector<LegacyQuestion> questions;
    std::uint64_t hash = 0;
    for (const mdns::PacketQuestion& question : packet_.questions()) {
        if (questions.size() == legacy_questions_max) break;
        if (!is_shown(now, view, target, question.name, question.name_hash)) continue;
        const mdns::Flush top =
            question.wants == mdns::Wants::unicast ? mdns::Flush::yes : mdns::Flush::no;
        questions.push_back({question.name, question.type, mdns::wire_class(question.klass, top)});
        hash = hash * 31 + hasher_.of_set(question.name_hash, question.type, question.klass);
    }
    if (questions.empty()) {
        ++stats_.filtered;
        return;
    }
    // Who asks the same within a second waits for the same replies. So two reflectors that pass on each
    // other's questions end with the first one.
    const std::uint64_t place = key(target, info.family, hash);
    if (LegacyQuery* const same = legacy_.find_same(now, place)) {
        if (same->clients.size() < legacy_clients_max &&
            std::ranges::find(same->clients, client) == same->clients.end())
            same->clients.push_back(client);
        return;
    }
    LegacyQuery* const query = legacy_.add(now, rng_);
    if (query == nullptr) {
        ++stats_.legacy_dropped;
        return;
    }
    ++stats_.legacy_queries;
    query->family = info.family;
    query->key = place;
    query->clients.push_back(client);
    query->questions = std::move(questions);
    start_message(target, info.family, 0);
    builder_.header().id = query->id;
    for (const LegacyQuestion& question : query->questions)
        builder_.add_question(question.name, question.type, question.wire_class);
    send_to_group(target, info.family, mdns::SocketKind::one_shot);
}

/// A packet on the port that questions of simple resolvers are asked from.
Reflector::Taken Reflector::on_reply(Time now, const mdns::PacketInfo& info) {
    if (!packet_.is_response() || info.source.port != mdns::port) return Taken::copied;
    LegacyQuery* const query = legacy_.find_id(now, packet_.header().id);
    if (query == nullptr || query->family != info.family) return Taken::copied;
    if (query->replies_left == 0) {
        ++stats_.legacy_dropped;
        return Taken::ours;
    }
    --query->replies_left;
    for (const LegacyClient& client : query->clients) {
        const auto viewers = interfaces_.find(client.interface);
        if (viewers == interfaces_.end() || client.interface == info.interface) continue;
        const View shown = view(interfaces_.at(info.interface), viewers->second);
        if (!shown.is_any) continue;
        note_hosts(now, info.interface, shown);
        pass_reply(now, info, *query, client, shown);
    }
    return Taken::ours;
}

void Reflector::pass_reply(Time now, const mdns::PacketInfo& info, const LegacyQuery& query,
                           const LegacyClient& client, const View& view) {
    builder_.start(buffer_, mdns::legacy_bytes_max);
    builder_.set_flag(dns::Header::qr | dns::Header::aa);
    if (packet_.is_truncated()) builder_.set_flag(dns::Header::tc);
    builder_.header().id = client.id;
    for (const LegacyQuestion& question : query.questions)
        builder_.add_question(question.name, question.type, question.wire_class);
    bool is_any = false;
    for (const mdns::PacketRecord& record : packet_.records()) {
        if (!is_shown(now, view, info.interface, record)) {
            ++stats_.filtered;
            continue;
        }
        if (is_bound_to_link(now, info.interface, record)) {
            ++stats_.link_local;
            continue;
        }
        // RFC 6762 §6.7: no cache-flush bit, and ten seconds at most.
        if (!builder_.add_record(record.section, record.name, record.type, record.klass,
                                 std::min(record.ttl, mdns::legacy_ttl_max), record.rdata)) {
            builder_.set_flag(dns::Header::tc);
            break;
        }
        is_any = true;
    }
    if (!is_any) return;
    const Bytes message = builder_.finish();
    ++stats_.legacy_replies;
    ++stats_.packets_out;
    outgoing_.push_back({{client.interface,
                          client.endpoint,
                          mdns::Destination::unicast,
                          mdns::SocketKind::mdns,
                          {}},
                         {message.begin(), message.end()}});
}

}  // namespace kith::discovery::reflector
