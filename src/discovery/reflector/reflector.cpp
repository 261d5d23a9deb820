#include "discovery/reflector/reflector.hpp"

#include <algorithm>

#include "discovery/mdns/limits.hpp"
#include "discovery/mdns/names.hpp"
#include "dns/name_hash.hpp"

namespace kith::discovery::reflector {
namespace {

/// `local.` and `_services._dns-sd._udp.local.` (RFC 6762 §3, RFC 6763 §9).
const dns::Name& local_domain() {
    static const dns::Name name = *dns::Name::from_text("local.");
    return name;
}
const dns::Name& types_name() {
    static const dns::Name name = *dns::Name::from_text("_services._dns-sd._udp.local.");
    return name;
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
        interface.is_from.push_back(matches_any(rule.from, interface.name));
        interface.is_to.push_back(matches_any(rule.to, interface.name));
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
        return name.is_under(local_domain()) ||
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

std::uint64_t Reflector::key(InterfaceId interface, IpFamily family, std::uint64_t thing) const {
    std::uint8_t bytes[13];
    std::memcpy(bytes, &thing, 8);
    std::memcpy(bytes + 8, &interface, 4);
    bytes[12] = static_cast<std::uint8_t>(family);
    return hasher_.of_bytes(bytes);
}

std::uint64_t Reflector::host_key(InterfaceId interface, std::uint64_t name_hash) const {
    return key(interface, IpFamily::none, name_hash);
}

// ---------------------------------------------------------------- packets

bool Reflector::may_send(Time now, Interface& target, const mdns::PacketInfo& info) {
    if (sources_.take(now, hasher_.of_bytes(info.source.address.bytes())) &&
        target.budget.take(now))
        return true;
    ++stats_.limited;
    return false;
}

Reflector::Taken Reflector::on_packet(Time now, const mdns::PacketInfo& info, Bytes message) {
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
    if (!packet_.read(message) || packet_.header().opcode() != dns::Opcode::QUERY ||
        packet_.header().rcode_low() != dns::Rcode::NOERROR) {
        ++stats_.malformed;
        return Taken::copied;
    }
    if (is_reply) return on_reply(now, info);
    if (!packet_.is_response()) {
        on_query(now, info);
    } else if (info.source.port == mdns::port) {  // RFC 6762 §6
        on_response(now, info);
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

std::uint64_t Reflector::record_hash(const mdns::PacketRecord& record) const {
    // A goodbye is another thing than the record.
    const std::uint64_t hash = hasher_.of_record(record.key());
    return record.ttl == 0 ? ~hash : hash;
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
    for (const mdns::PacketRecord& record : packet_.records()) {
        if (record.ttl == 0) continue;
        const Duration ttl = std::chrono::seconds(std::min(record.ttl, mdns::cache_ttl_max));
        const IpAddress address = address_of(record);
        if (address.family() != IpFamily::none) {
            hosts_.on_address(
                now, host_key(services, record.name_hash),
                is_of_one_link(address) ? Hosts::Reach::this_link : Hosts::Reach::beyond, ttl);
        }
        if (record.type != dns::RrType::SRV || !is_shown(now, view, services, record)) continue;
        const auto host = mdns::target_of(record.type, record.rdata);
        // An address lives as long as an SRV record, and is asked for a little later.
        if (host) hosts_.on_service(now, host_key(services, dns::name_hash(*host)), 2 * ttl);
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
                                   const View& view, const mdns::PacketRecord& record) const {
    if (!is_shown(now, view, info.interface, record)) return Fate::filtered;
    if (is_bound_to_link(now, info.interface, record)) return Fate::link_local;
    const std::uint64_t hash = record_hash(record);
    if (recent_.get(key(info.interface, info.family, hash)).sent_within(now, echo_life))
        return Fate::echo;
    const Recent::Entry there = recent_.get(key(target, info.family, hash));
    if (there.heard_within(now, heard_there_life) || there.sent_within(now, repeat_gap))
        return Fate::there_already;
    return Fate::crosses;
}

void Reflector::on_response(Time now, const mdns::PacketInfo& info) {
    const Interface& from = interfaces_.at(info.interface);
    for_each_other(info, [&](InterfaceId id, Interface& target) {
        const View shown = view(from, target);
        if (!shown.is_any) return;
        note_hosts(now, info.interface, shown);
        if (may_send(now, target, info)) reflect_response(now, info, id, shown);
    });
    for (const mdns::PacketRecord& record : packet_.records()) {
        const std::uint64_t place = key(info.interface, info.family, record_hash(record));
        Recent::Entry entry = recent_.get(place);
        entry.heard = now;
        recent_.set(now, place, entry);
    }
}

void Reflector::reflect_response(Time now, const mdns::PacketInfo& info, InterfaceId target,
                                 const View& view) {
    std::vector<Fate> fates;
    // Of a unique RRset all goes or nothing: the cache-flush bit of a part would take the rest out of
    // caches (RFC 6762 §10.2).
    std::unordered_map<std::uint64_t, Fate> sets;
    const auto set_of = [&](const mdns::PacketRecord& record) {
        return hasher_.of_set(record.name_hash, record.type, record.klass);
    };
    for (const mdns::PacketRecord& record : packet_.records()) {
        fates.push_back(fate_of(now, info, target, view, record));
        if (record.flush == mdns::Flush::no || fates.back() == Fate::filtered ||
            fates.back() == Fate::link_local)
            continue;
        const auto [set, is_new] = sets.try_emplace(set_of(record), fates.back());
        if (is_new || set->second == Fate::echo) continue;
        if (fates.back() != Fate::there_already) set->second = fates.back();
    }
    constexpr std::uint16_t flags = dns::Header::qr | dns::Header::aa;
    start_message(target, info.family, flags);
    for (std::size_t i = 0; i < fates.size(); ++i) {
        const mdns::PacketRecord& record = packet_.records()[i];
        Fate fate = fates[i];
        if (const auto set = sets.find(set_of(record));
            record.flush == mdns::Flush::yes && set != sets.end() && fate != Fate::link_local)
            fate = set->second;
        if (fate == Fate::filtered) ++stats_.filtered;
        if (fate == Fate::link_local) ++stats_.link_local;
        if (fate == Fate::echo) ++stats_.echoes;
        if (fate == Fate::there_already || fate == Fate::crosses) {
            const std::uint64_t place = key(target, info.family, record_hash(record));
            Recent::Entry entry = recent_.get(place);
            entry.sent = now;  // also when another reflector was first: it is not that link's own
            recent_.set(now, place, entry);
        }
        if (fate != Fate::crosses) continue;
        const dns::Section section = record.section == dns::Section::additional
                                         ? dns::Section::additional
                                         : dns::Section::answer;
        add_record(target, info.family, section, record, flags);
    }
    send_to_group(target, info.family, mdns::SocketKind::mdns);
}

// ---------------------------------------------------------------- writing

void Reflector::start_message(InterfaceId target, IpFamily family, std::uint16_t flags) {
    builder_.start(buffer_,
                   interfaces_.at(target).links[mdns::at(mdns::link_of(family))].message_limit());
    builder_.set_compression(dns::Compression::multicast);
    builder_.set_flag(flags);
}

/// Adds a record; one that does not fit any more begins the next message.
void Reflector::add_record(InterfaceId target, IpFamily family, dns::Section section,
                           const mdns::PacketRecord& record, std::uint16_t flags) {
    const auto add = [&] {
        return builder_.add_record(section, record.name, record.type,
                                   mdns::wire_class(record.klass, record.flush), record.ttl,
                                   record.rdata);
    };
    // Sections are written in order: an answer after additional records begins a message, too.
    const bool is_in_order = section != dns::Section::answer || builder_.header().counts[3] == 0;
    if (is_in_order && add()) return;
    if ((flags & dns::Header::qr) == 0) builder_.set_flag(dns::Header::tc);  // RFC 6762 §7.2
    send_to_group(target, family, mdns::SocketKind::mdns);
    start_message(target, family, flags);
    if (add()) return;
    builder_.start(buffer_, mdns::message_bytes_max);  // alone and in fragments (RFC 6762 §17)
    builder_.set_compression(dns::Compression::multicast);
    builder_.set_flag(flags);
    if (!add()) ++stats_.oversize;
}

void Reflector::send_to_group(InterfaceId target, IpFamily family, mdns::SocketKind socket) {
    const std::uint16_t* const counts = builder_.header().counts;
    if (counts[0] + counts[1] + counts[2] + counts[3] == 0) return;
    const Bytes message = builder_.finish();
    ++stats_.packets_out;
    outgoing_.push_back(
        {{target, mdns::group(family, target), mdns::Destination::group, socket, {}},
         {message.begin(), message.end()}});
}

}  // namespace kith::discovery::reflector
