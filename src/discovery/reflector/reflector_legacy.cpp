// What of Reflector is about simple resolvers (RFC 6762 §6.7): their questions are asked from a port of our
// own, and the replies to that are handed back.

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "discovery/reflector/reflector.hpp"
#include "dns/limits.hpp"

namespace kith::discovery::reflector {

void Reflector::on_legacy(Time now, const mdns::PacketInfo& info) {
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId id, Interface& target) {
        const View shown = view(target, from);
        if (shown.is_any && may_send(now, target)) reflect_legacy(now, info, id, shown);
    });
}

void Reflector::reflect_legacy(Time now, const mdns::PacketInfo& info, InterfaceId target,
                               const View& view) {
    const LegacyClient client{
        info.interface, info.source, packet_->header().id,
        std::clamp<std::size_t>(packet_->edns_payload().value_or(0), dns::udp_bytes_plain,
                                mdns::legacy_bytes_max)};
    std::vector<LegacyQuestion> questions;
    std::uint64_t hash = 0;
    // The reply repeats the questions, and must have room for them.
    builder_.start(buffer_, dns::udp_bytes_plain);
    for (const mdns::PacketQuestion& question : packet_->questions()) {
        if (questions.size() == legacy_questions_max) break;
        if (!is_shown(now, view, target, question.name, question.name_hash)) continue;
        const mdns::Flush top =
            question.wants == mdns::Wants::unicast ? mdns::Flush::yes : mdns::Flush::no;
        const dns::RrClass wire_class = mdns::wire_class(question.klass, top);
        if (!builder_.add_question(question.name, question.type, wire_class)) {
            ++stats_.oversize;
            break;
        }
        questions.push_back({question.name, question.type, wire_class});
        hash = hash * 31 + hasher_.of_set(question.name_hash, question.type, question.klass);
    }
    if (questions.empty()) {
        ++stats_.filtered;
        return;
    }
    // What we ask there ourselves comes back by another reflector.
    if (legacy_.find_same(now, key_on_link(info.interface, info.family, hash)) != nullptr) {
        ++stats_.echoes;
        return;
    }
    // Who asks the same within a second waits for the same replies.
    const std::uint64_t place = key_on_link(target, info.family, hash);
    if (LegacyQuery* const same = legacy_.find_same(now, place)) {
        if (!same->add_client(client)) ++stats_.legacy_dropped;
        return;
    }
    LegacyQuery* const query = legacy_.add(now, rng_, client);
    if (query == nullptr) {
        ++stats_.legacy_dropped;
        return;
    }
    ++stats_.legacy_queries;
    query->interface = target;
    query->family = info.family;
    query->key = place;
    query->questions = std::move(questions);
    builder_.header().id = query->id;
    send(now, {target, mdns::group(info.family, target), mdns::Destination::group,
               mdns::SocketKind::one_shot, builder_.finish()});
}

/// A packet on the port that questions of simple resolvers are asked from.
Reflector::Taken Reflector::on_reply(Time now, const mdns::PacketInfo& info) {
    if (!packet_->is_response() || info.source.port != mdns::port) return Taken::copied;
    LegacyQuery* const query = legacy_.find_id(now, packet_->header().id);
    if (query == nullptr || query->interface != info.interface || query->family != info.family)
        return Taken::copied;
    if (query->replies_left == 0) {
        ++stats_.legacy_dropped;
        return Taken::ours;
    }
    --query->replies_left;
    // Two reflectors that wait for each other hand each record on once.
    hash_records();
    bool has_news = false;
    for (const std::uint64_t record : record_hashes_) has_news |= query->is_new(record);
    if (!has_news) {
        stats_.echoes += record_hashes_.size();
        return Taken::ours;
    }
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
    builder_.start(buffer_, client.reply_bytes);
    builder_.set_flag(dns::Header::qr | dns::Header::aa);
    if (packet_->is_truncated()) builder_.set_flag(dns::Header::tc);
    builder_.header().id = client.id;
    for (const LegacyQuestion& question : query.questions)
        builder_.add_question(question.name, question.type, question.wire_class);
    bool is_any = false;
    for (const mdns::PacketRecord& record : packet_->records()) {
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
    ++stats_.legacy_replies;
    send(now, {client.interface, client.endpoint, mdns::Destination::unicast,
               mdns::SocketKind::mdns, builder_.finish()});
}

}  // namespace kith::discovery::reflector
