#include "answer/records.hpp"

#include <algorithm>

#include "dns/rdata.hpp"

namespace kith::answer {
namespace {

/// Types whose RDATA may name a host that the client will want the addresses of.
bool names_hosts(dns::RrType type) {
    switch (type) {
        case dns::RrType::A:
        case dns::RrType::AAAA:
        case dns::RrType::CNAME:
        case dns::RrType::PTR:
        case dns::RrType::TXT:
        case dns::RrType::SOA: return false;
        default: return true;
    }
}

/// Targets looked up so far, by hash: many SRV records may name one host.
class SeenTargets {
public:
    /// False when it has been seen before or there have been too many.
    bool add(std::uint64_t hash) {
        const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(count_);
        if (count_ == hashes_.size() || std::find(hashes_.begin(), end, hash) != end) return false;
        hashes_[count_++] = hash;
        return true;
    }

private:
    std::array<std::uint64_t, additional_targets_max> hashes_;
    std::size_t count_ = 0;
};

/// The authoritative node that answers for `name` in a local zone; null if there is none.
zone::NodeView find_host(const AnswerSnapshot& snapshot, const dns::LookupName& name) {
    const zone::Zone* const zone = snapshot.zones.find(name);
    if (zone == nullptr) return {};
    const zone::Lookup found = zone->find(name);
    if (found.cut || found.dname) return {};
    if (found.exact) return found.exact;
    const zone::NodeView wildcard = found.wildcard;
    if (wildcard && wildcard.one_label_wildcard() &&
        name.label_count() != found.encloser_labels + 1) {
        return {};
    }
    return wildcard;
}

void add_host(Exchange& exchange, dns::NameView name) {
    dns::LookupName& lookup = exchange.worker.additional;
    const zone::NodeView node = find_host(exchange.snapshot, lookup);
    if (!node) return;
    Owner owner{name};
    for (const dns::RrType type : {dns::RrType::A, dns::RrType::AAAA}) {
        const zone::RrSetView addresses = node.find(type);
        if (!addresses) continue;
        add_signed(exchange, dns::Section::additional, owner, node, addresses, Order::stored,
                   Need::courtesy);
    }
}

/// A name in RDATA, written with a pointer to the apex where it ends with that.
struct PointedName {
    Bytes labels;  // in front of the pointer, or all of the name
    bool pointed;
};

PointedName point_to_apex(dns::NameView name, dns::NameView apex) {
    if (!name.is_under(apex)) return {name.wire(), false};
    return {name.wire().first(name.size() - apex.size()), true};
}

/// Most NXDOMAIN and NODATA answers are the question and a SOA whose owner and names end with the
/// end of the question: pointers that are known without a search. False: no room.
bool add_soa_behind_question(Exchange& exchange, const Owner& apex, std::uint32_t ttl,
                             Bytes rdata) {
    constexpr std::size_t fixed_bytes = 2 + 2 + 2 + 4 + 2;  // pointer, type, class, TTL, RDLENGTH
    const auto mname = dns::NameView::from_wire(rdata);
    if (!mname) return false;
    const auto rname = dns::NameView::from_wire(rdata.subspan(mname->size()));
    if (!rname) return false;
    const Bytes numbers = rdata.subspan(mname->size() + rname->size());
    const PointedName names[] = {point_to_apex(*mname, apex.name),
                                 point_to_apex(*rname, apex.name)};
    std::size_t bytes = numbers.size();
    for (const PointedName& name : names) bytes += name.labels.size() + (name.pointed ? 2 : 0);
    std::uint8_t* const at = exchange.response.append_records(fixed_bytes + bytes, 0, 1);
    if (at == nullptr) return false;
    const auto pointer = static_cast<std::uint16_t>(0xc000U | apex.offset);
    dns::Writer writer({at, fixed_bytes + bytes});
    writer.u16(pointer);
    writer.u16(static_cast<std::uint16_t>(dns::RrType::SOA));
    writer.u16(static_cast<std::uint16_t>(dns::RrClass::IN));
    writer.u32(ttl);
    writer.u16(static_cast<std::uint16_t>(bytes));
    for (const PointedName& name : names) {
        writer.bytes(name.labels);
        if (name.pointed) writer.u16(pointer);
    }
    writer.bytes(numbers);
    return true;
}

}  // namespace

Owner target_owner(const Query& query) {
    if (query.steps > 0) return {query.alias.view(), query.alias_offset};
    return target_suffix(query, query.target().label_count());
}

Owner target_suffix(const Query& query, int labels) {
    const dns::LookupName& target = query.target();
    if (query.steps > 0) return {target.suffix(labels)};
    // The question stands behind the header, in the client's spelling.
    return {target.suffix(labels),
            static_cast<std::uint16_t>(dns::header_bytes + target.offset(labels))};
}

bool add_record(Exchange& exchange, dns::Section section, Owner& owner, dns::RrType type,
                std::uint32_t ttl, Bytes rdata, Need need) {
    dns::MessageBuilder& response = exchange.response;
    bool added = false;
    if (owner.offset != 0) {
        added = response.add_record_at(section, owner.offset, type, dns::RrClass::IN, ttl, rdata);
    } else {
        added = response.add_record(section, owner.name, type, dns::RrClass::IN, ttl, rdata);
        if (added) owner.offset = response.last_owner_offset();
    }
    if (!added && need == Need::required) response.set_flag(dns::Header::tc);
    return added;
}

bool add_rrset(Exchange& exchange, dns::Section section, Owner& owner, const zone::RrSetView& rrset,
               Order order, Need need) {
    const std::uint32_t ttl = rrset.ttl();
    const bool is_rrsig = rrset.type() == dns::RrType::RRSIG;
    const unsigned count = rrset.count();
    if (count == 1) {
        return add_record(exchange, section, owner, rrset.type(), ttl, rrset.rdata(0), need);
    }
    const Owner before = owner;
    const dns::MessageBuilder::Mark mark = exchange.response.mark();
    zone::RrSetView::Iterator at = rrset.begin();
    if (order == Order::rotated) {
        for (unsigned skip = exchange.worker.rotation++ % count; skip > 0; --skip) ++at;
    }
    for (unsigned left = count; left > 0; --left) {
        if (!add_record(exchange, section, owner, rrset.type(),
                        is_rrsig ? rrset.record_ttl(*at) : ttl, *at, need)) {
            exchange.response.rewind(mark);
            owner = before;
            return false;
        }
        if (++at == rrset.end()) at = rrset.begin();
    }
    return true;
}

bool add_signatures(Exchange& exchange, dns::Section section, Owner& owner, zone::NodeView node,
                    dns::RrType covered, std::uint32_t ttl, Need need) {
    // RFC 4035 §2.2: glue and the NS of a cut are not the zone's own, whatever stands beside them.
    if (node.is_occluded()) return true;
    if (node.is_cut() && covered != dns::RrType::DS && covered != dns::RrType::NSEC) return true;
    const zone::RrSetView signatures = node.find(dns::RrType::RRSIG);
    if (!signatures) return true;
    for (const Bytes rdata : signatures) {
        if (rdata.size() < 2 || load_u16(rdata.data()) != static_cast<std::uint16_t>(covered))
            continue;
        if (!add_record(exchange, section, owner, dns::RrType::RRSIG, ttl, rdata, need))
            return false;
    }
    return true;
}

bool add_signed(Exchange& exchange, dns::Section section, Owner& owner, zone::NodeView node,
                const zone::RrSetView& rrset, Order order, Need need) {
    if (!exchange.query.wants_dnssec()) {
        return add_rrset(exchange, section, owner, rrset, order, need);
    }
    const Owner before = owner;
    const dns::MessageBuilder::Mark mark = exchange.response.mark();
    if (!add_rrset(exchange, section, owner, rrset, order, need)) return false;
    if (add_signatures(exchange, section, owner, node, rrset.type(), rrset.ttl(), need))
        return true;
    exchange.response.rewind(mark);
    owner = before;
    return false;
}

bool add_proofs(Exchange& exchange) {
    DenialWork& denial = exchange.worker.denial;
    for (const Proof& proof : denial.proofs()) {
        std::array<std::uint8_t, dns::name_bytes_max> name;
        const Bytes labels = proof.node.relative_owner();
        const Bytes apex = proof.zone->apex().wire();
        std::ranges::copy(labels, name.begin());
        std::ranges::copy(apex, name.begin() + static_cast<std::ptrdiff_t>(labels.size()));
        Owner owner{dns::NameView::unchecked(Bytes(name).first(labels.size() + apex.size()))};
        if (!add_signed(exchange, dns::Section::authority, owner, proof.node,
                        proof.node.find(proof.type), Order::stored, Need::required)) {
            denial.clear();
            return false;
        }
    }
    denial.clear();
    return true;
}

void add_additional(Exchange& exchange, const zone::RrSetView& rrset) {
    if (!names_hosts(rrset.type())) return;
    SeenTargets seen;
    for (const Bytes rdata : rrset) {
        const auto target = dns::additional_target(rrset.type(), rdata);
        if (!target) continue;
        exchange.worker.additional.assign(*target);
        if (seen.add(exchange.worker.additional.hash())) add_host(exchange, *target);
    }
}

bool add_zone_soa(Exchange& exchange, const zone::Zone& zone, std::uint32_t ttl, Bytes rdata) {
    constexpr dns::Section section = dns::Section::authority;
    Owner apex = target_suffix(exchange.query, zone.apex_labels());
    const dns::MessageBuilder::Mark mark = exchange.response.mark();
    if (apex.offset == 0 || apex.name.is_root() ||
        !add_soa_behind_question(exchange, apex, ttl, rdata)) {
        if (!add_record(exchange, section, apex, dns::RrType::SOA, ttl, rdata)) return false;
    }
    if (!exchange.query.wants_dnssec()) return true;
    if (add_signatures(exchange, section, apex, zone.apex_node(), dns::RrType::SOA, ttl,
                       Need::required)) {
        return true;
    }
    exchange.response.rewind(mark);
    return false;
}

void add_made_soa(Exchange& exchange, dns::Section section, Owner owner, std::uint32_t ttl) {
    constexpr std::uint8_t nobody[] = {6,   'n', 'o', 'b', 'o', 'd', 'y', 7,
                                       'i', 'n', 'v', 'a', 'l', 'i', 'd', 0};
    std::array<std::uint8_t, dns::name_bytes_max + sizeof nobody + 20> rdata;
    dns::Writer writer(rdata);
    writer.bytes(owner.name.wire());
    writer.bytes(nobody);
    for (const std::uint32_t value : {1U, 3600U, 1200U, 604800U, ttl}) writer.u32(value);
    add_record(exchange, section, owner, dns::RrType::SOA, ttl, writer.written());
}

bool add_dname_once(Exchange& exchange, int labels, zone::NodeView node,
                    const zone::RrSetView& dname) {
    Query& query = exchange.query;
    const auto begin = query.dnames.begin();
    const auto end = begin + query.dname_count;
    const std::uint64_t hash = query.target().hash(labels);
    if (std::find(begin, end, hash) != end) return true;
    *end = hash;  // there is room: at most one DNAME a step
    ++query.dname_count;
    Owner owner = target_suffix(query, labels);
    return add_signed(exchange, dns::Section::answer, owner, node, dname, Order::stored,
                      Need::required);
}

Verdict follow_alias(Exchange& exchange, dns::NameView name, std::uint16_t offset) {
    Query& query = exchange.query;
    query.seen[static_cast<std::size_t>(query.steps)] = query.target().hash();
    const auto seen_end = query.seen.begin() + query.steps + 1;
    if (query.steps == chain_steps_max) {
        exchange.worker.counters.chains_cut.add();
        query.explain(dns::EdeCode::other, "CNAME chain too long");
        return Verdict::answered;
    }
    query.alias.assign(name);
    query.alias_offset = offset;
    ++query.steps;
    if (std::find(query.seen.begin(), seen_end, query.alias.hash()) != seen_end) {
        exchange.worker.counters.chains_cut.add();
        query.explain(dns::EdeCode::other, "CNAME loop");
        return Verdict::answered;
    }
    query.zone = exchange.snapshot.zones.find(query.alias);
    return Verdict::follow;
}

}  // namespace kith::answer
