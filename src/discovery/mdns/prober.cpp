#include "discovery/mdns/prober.hpp"

#include <algorithm>

#include "dns/name_hash.hpp"

namespace kith::discovery::mdns {

std::uint32_t Prober::place_of(RegistrationId registration) {
    const auto found = by_registration_.find(registration);
    if (found != by_registration_.end()) return found->second;
    std::uint32_t index = static_cast<std::uint32_t>(claims_.size());
    if (free_.empty()) {
        claims_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    by_registration_[registration] = index;
    return index;
}

void Prober::claim(Time now, RegistrationId registration, dns::NameView name, Time earliest) {
    forget(registration);
    const std::uint32_t index = place_of(registration);
    Claim& claim = claims_[index];
    claim = {registration, std::string(as_text(name.wire())), dns::name_hash(name), State::waiting,
             0};
    if (by_name_.is_full()) by_name_.grow();
    by_name_.insert(claim.name_hash, index);
    if (next_start_ <= now) next_start_ = now + context_.random(Duration{}, probe_interval);
    deadlines_.set(index, std::max(next_start_, earliest));
}

void Prober::forget(RegistrationId registration) {
    const auto found = by_registration_.find(registration);
    if (found == by_registration_.end()) return;
    const std::uint32_t index = found->second;
    by_name_.erase(claims_[index].name_hash, index);
    deadlines_.erase(index);
    claims_[index] = {};
    free_.push_back(index);
    by_registration_.erase(found);
}

Prober::State Prober::state(RegistrationId registration) const {
    const auto found = by_registration_.find(registration);
    return found == by_registration_.end() ? State::none : claims_[found->second].state;
}

std::optional<RegistrationId> Prober::probing(dns::NameView name, std::uint64_t hash) const {
    const std::uint32_t index = by_name_.find(hash, [&](std::uint32_t other) {
        return claims_[other].name_hash == hash && claims_[other].view() == name;
    });
    // What comes before the first probe is about the past (RFC 6762 §8.1).
    if (index == HashIndex::none || claims_[index].state != State::probing) return std::nullopt;
    return claims_[index].registration;
}

std::vector<std::uint32_t> Prober::proposals(const Claim& claim) const {
    std::vector<std::uint32_t> out;
    const std::uint32_t name = own_.find_name(claim.view(), claim.name_hash);
    if (name == OwnRecords::none) return out;
    for (const std::uint32_t index : own_.name(name).records) {
        const OwnRecord& record = own_.record(index);
        if (record.ownership == Ownership::unique && record.state != OwnRecord::State::leaving)
            out.push_back(index);
    }
    return out;
}

void Prober::on_probe(Time now, const PacketInfo& info, const Packet& packet) {
    for (const PacketQuestion& question : packet.questions()) {
        const auto registration = probing(question.name, question.name_hash);
        if (registration) settle_tie(now, info, packet, by_registration_.at(*registration));
    }
}

void Prober::settle_tie(Time now, const PacketInfo& info, const Packet& packet,
                        std::uint32_t index) {
    Claim& claim = claims_[index];
    std::vector<Proposal> theirs;
    bool all_ours = true;
    for (const PacketRecord& record : packet.records()) {
        if (record.section != dns::Section::authority || record.name_hash != claim.name_hash ||
            record.name != claim.view())
            continue;
        theirs.push_back({record.klass, record.type, record.rdata});
        all_ours = all_ours && context_.echo.is_ours(now, context_.hasher.of_record(record.key()));
    }
    if (theirs.empty()) return;  // an ordinary question
    if (all_ours) {              // our own probe for another interface, or a stale one
        ++context_.stats.echoes;
        context_.trace_name(now, Trace::Kind::echo, interface_, claim.view(), {}, info.source,
                            "a probe with records that are all ours");
        return;
    }
    std::vector<Proposal> ours;
    for (const std::uint32_t record : proposals(claim))
        ours.push_back(
            {own_.record(record).klass, own_.record(record).type, own_.record(record).data()});
    const Tie tie = break_tie(std::move(ours), std::move(theirs));
    if (tie == Tie::same) return;
    const bool is_lost = tie == Tie::theirs_wins;
    context_.trace_name(now, is_lost ? Trace::Kind::tie_lost : Trace::Kind::tie_won, interface_,
                        claim.view(), {}, info.source,
                        is_lost ? "its records are later" : "our records are later");
    if (!is_lost) return;
    ++context_.stats.ties_lost;
    claim.state = State::waiting;
    claim.sent = 0;
    deadlines_.set(index, now + tie_lost_wait);
}

void Prober::on_timer(Time now) {
    std::vector<std::uint32_t> to_send;
    std::vector<RegistrationId> claimed;
    for (auto due = deadlines_.first(); due && due->time <= now; due = deadlines_.first()) {
        Claim& claim = claims_[due->item];
        if (claim.sent == probe_count) {
            claim.state = State::held;
            deadlines_.erase(due->item);
            claimed.push_back(claim.registration);
            continue;
        }
        claim.state = State::probing;
        ++claim.sent;
        to_send.push_back(due->item);
        deadlines_.set(due->item, now + probe_interval);
    }
    send(now, to_send);
    for (const RegistrationId registration : claimed) listener_.on_claimed(now, registration);
}

std::optional<Time> Prober::next_timer() const {
    const auto due = deadlines_.first();
    return due ? std::optional(due->time) : std::nullopt;
}

void Prober::send(Time now, const std::vector<std::uint32_t>& claims) {
    const std::span<const std::uint32_t> all = claims;
    for (std::size_t at = 0; at < all.size();) at += send_some(now, all.subspan(at));
}

/// At most: names in the authority section point at the question.
std::size_t Prober::bytes_of(const Claim& claim) const {
    std::size_t bytes = claim.name.size() + 4;
    for (const std::uint32_t record : proposals(claim))
        bytes += 12 + own_.record(record).rdata.size();
    return bytes;
}

/// Sends one packet with as many claims as it holds, at least one; returns how many.
std::size_t Prober::send_some(Time now, std::span<const std::uint32_t> claims) {
    std::size_t limit = message_bytes_max;
    for (const Link& link : links_) {
        if (link.is_up) limit = std::min(limit, link.message_limit());
    }
    std::size_t bytes = dns::header_bytes + bytes_of(claims_[claims[0]]);
    if (bytes > limit) limit = message_bytes_max;  // alone, and in fragments
    std::size_t count = 1;
    for (; count < claims.size(); ++count) {
        bytes += bytes_of(claims_[claims[count]]);
        if (bytes > limit) break;
    }
    const bool wants_unicast = context_.config.unicast_replies == UnicastReplies::reach_us;
    dns::MessageBuilder& builder = context_.builder;
    builder.start(context_.buffer, limit);
    builder.set_compression(dns::Compression::multicast);
    for (const std::uint32_t index : claims.first(count)) {
        builder.add_question(claims_[index].view(), dns::RrType::ANY,
                             wire_class(dns::RrClass::IN, wants_unicast ? Flush::yes : Flush::no));
        ++context_.stats.questions_out;
    }
    for (const std::uint32_t index : claims.first(count)) {
        for (const std::uint32_t place : proposals(claims_[index])) {
            const OwnRecord& record = own_.record(place);
            if (!builder.add_record(dns::Section::authority, claims_[index].view(), record.type,
                                    record.klass, record.ttl, record.data()))
                ++context_.stats.oversize;
        }
    }
    const Bytes message = builder.finish();
    for (const LinkIndex link : both_links) {
        if (links_[at(link)].is_up) context_.send_to_group(now, interface_, link, message);
    }
    return count;
}

}  // namespace kith::discovery::mdns
