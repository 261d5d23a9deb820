// What of Interface is about packets: which are believed, what concerns whom, and what is only our
// own voice.

#include <algorithm>

#include "discovery/mdns/interface.hpp"

namespace kith::discovery::mdns {

bool Interface::is_own_address(const IpAddress& address) const {
    return links_[0].has_address(address) || links_[1].has_address(address);
}

void Interface::on_packet(Time now, const PacketInfo& info, const Packet& packet, Bytes message) {
    if (packet.is_response()) {
        ++context_.stats.responses_in;
        on_response(now, info, packet, message);
    } else {
        ++context_.stats.queries_in;
        on_query(now, info, packet, message);
    }
}

// ---------------------------------------------------------------- queries

void Interface::on_query(Time now, const PacketInfo& info, const Packet& packet, Bytes message) {
    const bool is_probe = packet.is_probe();
    if (is_probe) ++context_.stats.probes_in;
    // A plain question of another host may be byte for byte one of ours; a probe may not, unless it
    // has the same records and so is no rival. Our questions are known by where they come from.
    if ((is_probe || is_own_address(info.source.address)) &&
        context_.echo.was_sent(now, context_.hasher.of_bytes(message))) {
        ++context_.stats.echoes;
        context_.trace_packet(now, Trace::Kind::echo, id_, info.source, message,
                              "our own query came back");
        return;
    }
    if (is_probe && std::ranges::any_of(packet.records(), [&](const PacketRecord& record) {
            return is_reverse_rival(info, record);
        }))
        listener_.on_reverse_rival(now);  // before we answer
    if (is_probe) prober_.on_probe(now, info, packet);
    if (info.source.port == port && info.destination == Destination::group)
        on_peer_query(now, info, packet);
    responder_.on_query(now, info, packet);
}

/// What other hosts ask and know tells us something too.
void Interface::on_peer_query(Time now, const PacketInfo& info, const Packet& packet) {
    for (const PacketQuestion& question : packet.questions()) {
        querier_.on_peer_question(now, question, packet, info.source);
        // Probes and QU questions may be answered by unicast, which we would not see.
        if (question.wants == Wants::multicast && !packet.is_probe())
            cache_.on_peer_question(now, question, info.source.address);
    }
    for (const PacketRecord& record : packet.records()) {
        if (record.section == dns::Section::answer) cache_.on_peer_known(now, record);
    }
}

// ---------------------------------------------------------------- responses

void Interface::on_response(Time now, const PacketInfo& info, const Packet& packet, Bytes message) {
    if (info.source.port != port) {
        ++context_.stats.ignored_port;
        context_.ignore(now, info, message, "a response that is not from port 5353");
        return;
    }
    if (info.destination == Destination::unicast) {
        if (!links_[at(link_of(info.family))].is_on_link(info.source.address)) {
            ++context_.stats.ignored_off_link;
            context_.ignore(now, info, message,
                            "a unicast response from a host that is not on the link");
            return;
        }
        if (!accepts_unicast(now, packet)) {
            ++context_.stats.ignored_unasked;
            context_.ignore(now, info, message, "a unicast response to nothing we asked for");
            return;
        }
    }
    const bool is_echo = context_.echo.was_sent(now, context_.hasher.of_bytes(message));
    if (is_echo) {
        ++context_.stats.echoes;
        context_.trace_packet(now, Trace::Kind::echo, id_, info.source, message,
                              "our own response came back");
    }
    for (const PacketRecord& record : packet.records())
        on_response_record(now, info, record, is_echo ? Echo::yes : Echo::no);
    if (is_echo) return;
    for (const PacketRecord& record : packet.records()) {
        if (record.flush == Flush::yes) cache_.flush_older(now, record);
    }
}

bool Interface::is_probe_answer(const PacketRecord& record) const {
    return prober_.probing(record.name, record.name_hash).has_value();
}

/// RFC 6762 §6: only what answers a QU question of the last two seconds, our probes among them.
bool Interface::accepts_unicast(Time now, const Packet& packet) const {
    return querier_.has_asked_for(now, packet) ||
           std::ranges::any_of(packet.records(),
                               [&](const PacketRecord& record) { return is_probe_answer(record); });
}

void Interface::on_response_record(Time now, const PacketInfo& info, const PacketRecord& record,
                                   Echo echo) {
    const LinkIndex link = link_of(info.family);
    const RecordKey key = record.key();
    const std::uint64_t hash = context_.hasher.of_record(key);
    const std::uint32_t name = own_.find_name(record.name, record.name_hash);
    const std::uint32_t same = name == OwnRecords::none ? OwnRecords::none : own_.find(key, hash);
    const bool is_live =
        same != OwnRecords::none && own_.record(same).state == OwnRecord::State::live;
    const bool is_group = info.destination == Destination::group;
    if (is_live) {
        // What another host says in the same bytes as we did counts; what we said ourselves does not.
        if (is_group && !is_own_address(info.source.address))
            responder_.on_same_record(now, link, same, record.ttl);
        return;
    }
    const bool owns_name = name != OwnRecords::none && own_.owns(name);
    const bool is_ours = context_.echo.is_ours(now, hash);
    if (is_ours && owns_name) {
        if (record.flush == Flush::yes && is_group)
            responder_.on_echo_of_other_interface(now, link, name, record.type);
        if (echo == Echo::no) {
            ++context_.stats.echoes;
            context_.trace_name(now, Trace::Kind::echo, id_, record.name, record.type, info.source,
                                "a record that we have on another interface, or had lately");
        }
        return;
    }
    if (echo == Echo::yes) return;
    if (name != OwnRecords::none && !is_ours) check_conflict(now, info, record, name);
    // Who owns a name needs nobody to tell what it has not.
    if (record.type == dns::RrType::NSEC && owns_name) return;
    // Nor is learned what we say on another interface. But while a name of ours is in doubt, the same
    // record may be another host's, which then keeps it.
    if (same == OwnRecords::none && context_.echo.is_held(hash)) return;
    cache_.store(now, record, info.source);
}

/// Whether a program that shares our addresses says another name of one of them.
bool Interface::is_reverse_rival(const PacketInfo& info, const PacketRecord& record) const {
    if (record.type != dns::RrType::PTR || record.ttl == 0 || !is_own_address(info.source.address))
        return false;
    const std::uint32_t name = own_.find_name(record.name, record.name_hash);
    if (name == OwnRecords::none) return false;
    return std::ranges::any_of(own_.name(name).records, [&](std::uint32_t index) {
        const OwnRecord& own = own_.record(index);
        return own.ownership == Ownership::known_unique && own.type == record.type &&
               own.state == OwnRecord::State::live && !std::ranges::equal(own.data(), record.rdata);
    });
}

/// Looks whether a record that was never ours is about a name of ours (RFC 6762 §8.1, §9).
void Interface::check_conflict(Time now, const PacketInfo& info, const PacketRecord& record,
                               std::uint32_t name) {
    // An NSEC says which types its sender has; the records themselves are what conflicts. A goodbye
    // gives a name up.
    if (record.type == dns::RrType::NSEC || record.ttl == 0) return;
    if (is_reverse_rival(info, record)) return listener_.on_reverse_rival(now);
    if (const auto registration = prober_.probing(record.name, record.name_hash)) {
        listener_.on_conflict(now, id_, *registration, InterfaceListener::Stage::probing,
                              info.source);
    } else {
        for (const std::uint32_t index : own_.name(name).records) {
            const OwnRecord& own = own_.record(index);
            const bool is_rival = own.ownership == Ownership::unique && own.type == record.type &&
                                  own.klass == record.klass && own.state == OwnRecord::State::live;
            if (!is_rival) continue;
            listener_.on_conflict(now, id_, own.registration, InterfaceListener::Stage::held,
                                  info.source);
            break;
        }
    }
}

}  // namespace kith::discovery::mdns
