#include "discovery/reflector/reflector.hpp"

#include <algorithm>
#include <unordered_map>

#include "base/glob.hpp"
#include "discovery/dnssd/enumeration.hpp"
#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/names.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::reflector {
namespace {

const dns::Name& types_name() {
    static const dns::Name name = *dnssd::type_enumeration_name(dnssd::local_domain());
    return name;
}

/// Stands for a host by its name, which has the same addresses for both families.
std::uint64_t host_key(mdns::InterfaceId interface, std::uint64_t name_hash) {
    return key_on_link(interface, IpFamily::none, name_hash);
}

}  // namespace

Reflector::Reflector(Policy policy, Rng& rng)
    : rng_(rng), hasher_(rng), buffer_(mdns::message_bytes_max) {
    set_policy(std::move(policy));
}

void Reflector::set_policy(Policy policy) {
    policy_ = std::move(policy);
    if (policy_.rules.size() > rules_max) policy_.rules.resize(rules_max);
    for (Rule& rule : policy_.rules) {
        if (rule.types.size() > rule_types_max) rule.types.resize(rule_types_max);
    }
    for (auto& [id, interface] : interfaces_) match_rules(interface);
}

void Reflector::match_rules(Interface& interface) const {
    interface.is_from.clear();
    interface.is_to.clear();
    for (const Rule& rule : policy_.rules) {
        interface.is_from.push_back(matches_any_glob(rule.from, interface.name));
        interface.is_to.push_back(matches_any_glob(rule.to, interface.name));
    }
}

void Reflector::set_link(InterfaceId id, std::string_view name, IpFamily family,
                         const mdns::LinkConfig& config) {
    auto found = interfaces_.find(id);
    if (found == interfaces_.end()) {
        if (interfaces_.size() >= mdns::interfaces_max) return;
        found = interfaces_.try_emplace(id).first;
    }
    Interface& interface = found->second;
    if (interface.name != name || interface.is_from.size() != policy_.rules.size()) {
        interface.name = name;
        match_rules(interface);
    }
    mdns::Link& link = interface.links[mdns::at(mdns::link_of(family))];
    link.config = config;
    link.is_up = true;
}

void Reflector::remove_link(InterfaceId id, IpFamily family) {
    const auto found = interfaces_.find(id);
    if (found == interfaces_.end()) return;
    std::array<mdns::Link, 2>& links = found->second.links;
    links[mdns::at(mdns::link_of(family))] = {};
    if (!links[0].is_up && !links[1].is_up) interfaces_.erase(found);
}

// ---------------------------------------------------------------- policy

bool Reflector::is_concerned(const Interface& interface) const {
    const auto is_true = [](bool is) { return is; };
    return std::ranges::any_of(interface.is_from, is_true) ||
           std::ranges::any_of(interface.is_to, is_true);
}

bool Reflector::is_own_address(const IpAddress& address) const {
    return std::ranges::any_of(interfaces_, [&](const auto& entry) {
        return entry.second.links[0].has_address(address) ||
               entry.second.links[1].has_address(address);
    });
}

Reflector::View Reflector::view(const Interface& services, const Interface& viewers) const {
    View out;
    for (std::size_t i = 0; i < policy_.rules.size(); ++i) {
        if (!services.is_from[i] || !viewers.is_to[i]) continue;
        out.is_any = true;
        const Rule& rule = policy_.rules[i];
        if (rule.types.empty()) out.is_everything = true;
        for (const dns::Name& type : rule.types) out.types.push_back(&type);
    }
    return out;
}

/// A name that is asked for, or that a record is about.
bool Reflector::is_shown(Time now, const View& view, InterfaceId services, dns::NameView name,
                         std::uint64_t name_hash) const {
    if (view.is_everything) {
        // A reverse name of a link-local address is another host's on each link.
        return name.is_under(dnssd::local_domain()) ||
               (mdns::is_reverse_name(name) && !mdns::is_multicast_name(name, {}));
    }
    if (name == types_name().view()) return true;
    return std::ranges::any_of(view.types,
                               [&](const dns::Name* type) { return name.is_under(*type); }) ||
           hosts_.has_service(now, host_key(services, name_hash));
}

bool Reflector::is_shown(Time now, const View& view, InterfaceId services,
                         const mdns::PacketRecord& record) const {
    if (!is_shown(now, view, services, record.name, record.name_hash)) return false;
    if (view.is_everything || record.name != types_name().view()) return true;
    const auto type = mdns::target_of(record.type, record.rdata);
    return type && std::ranges::any_of(
                       view.types, [&](const dns::Name* shown) { return shown->view() == *type; });
}

// ---------------------------------------------------------------- packets

/// Whether anything may be sent to `target` now: looked at before a packet is written for it.
bool Reflector::may_send(Time now, Interface& target) {
    if (target.budget.has_any(now)) return true;
    ++stats_.limited;
    return false;
}

Reflector::Taken Reflector::on_packet(Time now, const mdns::PacketInfo& info,
                                      const mdns::Packet& packet) {
    if (policy_.rules.empty() || info.family == IpFamily::none) return Taken::copied;
    const auto found = interfaces_.find(info.interface);
    if (found == interfaces_.end()) return Taken::copied;
    const Interface& from = found->second;
    const mdns::Link& link = from.links[mdns::at(mdns::link_of(info.family))];
    const bool is_reply = info.socket == mdns::SocketKind::one_shot;
    // What is sent to us alone is ours to answer, and what we sent is not to be sent again.
    if (!link.is_up || !is_concerned(from) || is_own_address(info.source.address) ||
        (!is_reply && info.destination != mdns::Destination::group))
        return Taken::copied;
    ++stats_.packets_in;
    if (!link.is_on_link(info.source.address)) {
        ++stats_.off_link;
        return Taken::copied;
    }
    source_ = hasher_.of_bytes(info.source.address.bytes());
    if (!sources_.take(now, source_)) {
        ++stats_.limited;
        return Taken::copied;
    }
    if (!packet.is_readable() || packet.header().opcode() != dns::Opcode::QUERY ||
        packet.header().rcode_low() != dns::Rcode::NOERROR) {
        ++stats_.malformed;
        return Taken::copied;
    }
    packet_ = &packet;
    if (is_reply) return on_reply(now, info);
    const bool is_from_port = info.source.port == mdns::port;
    if (packet.is_response()) {
        if (is_from_port) on_response(now, info);  // RFC 6762 §6
    } else if (is_from_port) {
        on_query(now, info);
    } else {
        on_legacy(now, info);
    }
    return Taken::copied;
}

std::optional<mdns::Transmit> Reflector::poll_transmit() {
    if (outgoing_.empty()) return std::nullopt;
    polled_ = std::move(outgoing_.front());
    outgoing_.pop_front();
    mdns::Transmit transmit = polled_.transmit;
    transmit.message = polled_.message;
    return transmit;
}

// ---------------------------------------------------------------- responses

/// Reckons what stands for each record and for its RRset.
void Reflector::hash_records() {
    record_hashes_.clear();
    set_hashes_.clear();
    for (const mdns::PacketRecord& record : packet_->records()) {
        const std::uint64_t hash = hasher_.of_record(record.key());
        // A goodbye is another thing than the record.
        record_hashes_.push_back(record.ttl == 0 ? ~hash : hash);
        set_hashes_.push_back(hasher_.of_set(record.name_hash, record.type, record.klass));
    }
}

namespace {

IpAddress address_of(const mdns::PacketRecord& record) {
    if (record.type != dns::RrType::A && record.type != dns::RrType::AAAA) return {};
    return IpAddress::from_bytes(record.rdata).value_or(IpAddress{});
}

bool is_of_one_link(const IpAddress& address) {
    return address.is_link_local() || address.is_loopback() || address.is_unspecified() ||
           address.is_multicast();
}

}  // namespace

/// Remembers whose addresses are to be shown, and who has none for others.
void Reflector::note_hosts(Time now, InterfaceId services, const View& view) {
    const auto ttl_of = [](const mdns::PacketRecord& record) -> Duration {
        return std::chrono::seconds(std::min(record.ttl, mdns::cache_ttl_max));
    };
    for (const mdns::PacketRecord& record : packet_->records()) {
        if (record.type != dns::RrType::SRV || record.ttl == 0 ||
            !is_shown(now, view, services, record))
            continue;
        const auto host = mdns::target_of(record.type, record.rdata);
        // An address lives as long as an SRV record, and is asked for a little later.
        if (host)
            hosts_.on_service(now, host_key(services, dns::name_hash(*host)), 2 * ttl_of(record));
    }
    // A packet may have the addresses before the services.
    for (const mdns::PacketRecord& record : packet_->records()) {
        const IpAddress address = address_of(record);
        if (record.ttl == 0 || address.family() == IpFamily::none) continue;
        hosts_.on_address(now, host_key(services, record.name_hash),
                          is_of_one_link(address) ? Hosts::Reach::this_link : Hosts::Reach::beyond,
                          ttl_of(record));
    }
}

/// An address, or a service on a host all of whose addresses mean nothing elsewhere.
bool Reflector::is_bound_to_link(Time now, InterfaceId services,
                                 const mdns::PacketRecord& record) const {
    const IpAddress address = address_of(record);
    if (address.family() != IpFamily::none) return is_of_one_link(address);
    if (record.type != dns::RrType::SRV || record.ttl == 0) return false;
    const auto host = mdns::target_of(record.type, record.rdata);
    return host && hosts_.is_out_of_reach(now, host_key(services, dns::name_hash(*host)));
}

Reflector::Fate Reflector::fate_of(Time now, const mdns::PacketInfo& info, InterfaceId target,
                                   const View& view, std::size_t index) const {
    const mdns::PacketRecord& record = packet_->records()[index];
    if (!is_shown(now, view, info.interface, record)) return Fate::filtered;
    if (is_bound_to_link(now, info.interface, record)) return Fate::link_local;
    const std::uint64_t hash = record_hashes_[index];
    if (sent_.within(now, key_on_link(info.interface, info.family, hash), echo_life))
        return Fate::echo;
    const std::uint64_t there = key_on_link(target, info.family, hash);
    if (heard_.within(now, there, heard_there_life) || sent_.within(now, there, repeat_gap))
        return Fate::there_already;
    return Fate::crosses;
}

void Reflector::on_response(Time now, const mdns::PacketInfo& info) {
    hash_records();
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId id, Interface& target) {
        const View shown = view(from, target);
        if (!shown.is_any) return;
        note_hosts(now, info.interface, shown);
        if (may_send(now, target)) reflect_response(now, info, id, shown);
    });
    note_heard(now, info);
}

/// Remembers which records were heard here that another link's services may be shown with here.
void Reflector::note_heard(Time now, const mdns::PacketInfo& info) {
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId id, const Interface& other) {
        const View shown = view(other, from);
        if (!shown.is_any) return;
        for (std::size_t i = 0; i < packet_->records().size(); ++i) {
            if (is_shown(now, shown, id, packet_->records()[i]))
                heard_.touch(now, key_on_link(info.interface, info.family, record_hashes_[i]));
        }
    });
}

/// Decides about each record, and about each unique RRset as a whole: the cache-flush bit of a part would
/// take the rest out of caches (RFC 6762 §10.2).
void Reflector::judge(Time now, const mdns::PacketInfo& info, InterfaceId target,
                      const View& view) {
    fates_.clear();
    std::unordered_map<std::uint64_t, Fate> sets;
    const auto& records = packet_->records();
    const auto is_judged_whole = [&](std::size_t i) {
        return records[i].flush == mdns::Flush::yes && fates_[i] != Fate::filtered &&
               fates_[i] != Fate::link_local;
    };
    for (std::size_t i = 0; i < records.size(); ++i) {
        fates_.push_back(fate_of(now, info, target, view, i));
        if (!is_judged_whole(i)) continue;
        const auto [set, is_new] = sets.try_emplace(set_hashes_[i], fates_[i]);
        if (is_new || set->second == Fate::echo) continue;
        if (fates_[i] != Fate::there_already) set->second = fates_[i];
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_judged_whole(i)) fates_[i] = sets.at(set_hashes_[i]);
    }
}

void Reflector::reflect_response(Time now, const mdns::PacketInfo& info, InterfaceId target,
                                 const View& view) {
    judge(now, info, target, view);
    const Way way{target, info.family, dns::Header::qr | dns::Header::aa};
    start_message(way);
    for (std::size_t i = 0; i < fates_.size(); ++i) {
        const mdns::PacketRecord& record = packet_->records()[i];
        if (fates_[i] == Fate::filtered) ++stats_.filtered;
        if (fates_[i] == Fate::link_local) ++stats_.link_local;
        if (fates_[i] == Fate::echo) ++stats_.echoes;
        // Also when another reflector was first: it is not that link's own.
        if (fates_[i] == Fate::there_already || fates_[i] == Fate::crosses)
            sent_.touch(now, key_on_link(target, info.family, record_hashes_[i]));
        if (fates_[i] != Fate::crosses) continue;
        const bool is_additional = record.section == dns::Section::additional;
        add_record(now, way, is_additional ? dns::Section::additional : dns::Section::answer,
                   record);
    }
    send_to_group(now, way);
}

// ---------------------------------------------------------------- writing

void Reflector::start_message(const Way& way) {
    start_message(
        way, interfaces_.at(way.target).links[mdns::at(mdns::link_of(way.family))].message_limit());
}

void Reflector::start_message(const Way& way, std::size_t limit) {
    builder_.start(buffer_, limit);
    builder_.set_compression(dns::Compression::multicast);
    builder_.set_flag(way.flags);
}

/// Adds a record, not of an earlier section than the last; one that does not fit any more begins the next
/// message.
void Reflector::add_record(Time now, const Way& way, dns::Section section,
                           const mdns::PacketRecord& record) {
    const auto add = [&] {
        return builder_.add_record(section, record.name, record.type,
                                   mdns::wire_class(record.klass, record.flush), record.ttl,
                                   record.rdata);
    };
    if (add()) return;
    if ((way.flags & dns::Header::qr) == 0) builder_.set_flag(dns::Header::tc);  // RFC 6762 §7.2
    send_to_group(now, way);
    start_message(way);
    if (add()) return;
    start_message(way, mdns::message_bytes_max);  // alone and in fragments (RFC 6762 §17)
    if (add()) {
        send_to_group(now, way);
    } else {
        ++stats_.oversize;
    }
    start_message(way);
}

void Reflector::send_to_group(Time now, const Way& way) {
    const std::uint16_t* const counts = builder_.header().counts;
    if (counts[0] + counts[1] + counts[2] + counts[3] == 0) return;
    send(now, {way.target, mdns::group(way.family, way.target), mdns::Destination::group,
               mdns::SocketKind::mdns, builder_.finish()});
}

/// The one way out, within the budget of the interface.
void Reflector::send(Time now, const mdns::Transmit& transmit) {
    if (!interfaces_.at(transmit.interface).budget.take(now)) {
        ++stats_.limited;
        return;
    }
    ++stats_.packets_out;
    outgoing_.push_back({transmit, {transmit.message.begin(), transmit.message.end()}});
}

}  // namespace kith::discovery::reflector
