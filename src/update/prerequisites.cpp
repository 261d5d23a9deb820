#include "update/prerequisites.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "zone/node_block.hpp"

namespace kith::update {
namespace {

/// A name is in use when it has a record that is not there for the signer's sake alone: NSEC3
/// owners are no names of the zone, and other servers do not keep them as such.
bool is_in_use(zone::NodeView node) {
    if (!node) return false;
    return std::ranges::any_of(node.rrsets(), [](zone::RrSetView rrset) {
        return rrset.type() != RrType::NSEC3 && rrset.type() != RrType::RRSIG &&
               rrset.type() != RrType::NSEC;
    });
}

Refusal refuse(Rcode rcode, const UpdateRecord& record, RrClass zone_class,
               std::string_view found) {
    return {rcode,
            fmt::format("'{}' does not hold: {}", prerequisite_text(record, zone_class), found),
            dns::EdeCode::other};
}

/// §3.2.1 and §3.2.2: what is asked about a name or an RRset without its data.
Refusal check_existence(const zone::Zone& zone, const UpdateRecord& record, RrClass zone_class) {
    const bool wants = record.klass == RrClass::ANY;
    const zone::NodeView node = zone.find_node(record.owner);
    if (record.type == RrType::ANY) {
        if (is_in_use(node) == wants) return {};
        return wants ? refuse(Rcode::NXDOMAIN, record, zone_class, "the name has no records")
                     : refuse(Rcode::YXDOMAIN, record, zone_class, "the name has records");
    }
    const bool has = node && node.find(record.type);
    if (has == wants) return {};
    return wants ? refuse(Rcode::NXRRSET, record, zone_class, "there is no such RRset")
                 : refuse(Rcode::YXRRSET, record, zone_class, "there is such an RRset");
}

/// §3.2.3: the records of one name and type are exactly those in the zone.
Refusal check_values(const zone::Zone& zone, const std::vector<const UpdateRecord*>& wanted,
                     RrClass zone_class) {
    const UpdateRecord& first = *wanted.front();
    const zone::NodeView node = zone.find_node(first.owner);
    const zone::RrSetView rrset = node ? node.find(first.type) : zone::RrSetView();
    const auto differs = [&] {
        return refuse(Rcode::NXRRSET, first, zone_class, "the RRset in the zone is another");
    };
    if (!rrset) return refuse(Rcode::NXRRSET, first, zone_class, "there is no such RRset");
    std::vector<bool> is_matched(rrset.count(), false);
    for (const UpdateRecord* record : wanted) {
        bool found = false;
        for (auto at = rrset.begin(); at != rrset.end() && !found; ++at) {
            found = zone::same_rdata(first.type, *at, record->rdata);
            if (found) is_matched[static_cast<std::size_t>(at.index())] = true;
        }
        if (!found) return differs();
    }
    return std::ranges::find(is_matched, false) == is_matched.end() ? Refusal{} : differs();
}

Refusal check_form(const UpdateRecord& record, const UpdateMessage& message) {
    const auto form_error = [&](std::string_view why) {
        return Refusal{Rcode::FORMERR,
                       fmt::format("prerequisite for {}: {}", record.owner.to_text(), why),
                       dns::EdeCode::other};
    };
    if (record.ttl != 0) return form_error("expected TTL 0");
    if (!record.owner.is_under(message.zone)) {
        return {Rcode::NOTZONE,
                fmt::format("prerequisite for {}: expected a name in {}", record.owner.to_text(),
                            message.zone.to_text()),
                dns::EdeCode::other};
    }
    if (record.klass == RrClass::ANY || record.klass == RrClass::NONE) {
        if (!record.rdata.empty()) return form_error("expected no data with class ANY or NONE");
        if (dns::is_meta_type(record.type) && record.type != RrType::ANY)
            return form_error("expected a type that is stored");
        return {};
    }
    if (record.klass != message.zone_class)
        return form_error("expected class ANY, NONE or that of the zone");
    if (dns::is_meta_type(record.type)) return form_error("expected a type that is stored");
    return {};
}

}  // namespace

Refusal check_prerequisites(const zone::Zone& zone, const UpdateMessage& message) {
    std::vector<const UpdateRecord*> values;
    for (const UpdateRecord& record : message.prerequisites) {
        if (Refusal refusal = check_form(record, message); refusal.rcode != Rcode::NOERROR)
            return refusal;
        if (record.klass == message.zone_class) {
            values.push_back(&record);
            continue;
        }
        Refusal refusal = check_existence(zone, record, message.zone_class);
        if (refusal.rcode != Rcode::NOERROR) return refusal;
    }
    std::ranges::stable_sort(values, [](const UpdateRecord* a, const UpdateRecord* b) {
        return a->type != b->type ? a->type < b->type : a->owner < b->owner;
    });
    for (std::size_t start = 0; start < values.size();) {
        std::size_t end = start + 1;
        while (end < values.size() && values[end]->type == values[start]->type &&
               values[end]->owner == values[start]->owner) {
            ++end;
        }
        const std::vector<const UpdateRecord*> rrset(
            values.begin() + static_cast<std::ptrdiff_t>(start),
            values.begin() + static_cast<std::ptrdiff_t>(end));
        Refusal refusal = check_values(zone, rrset, message.zone_class);
        if (refusal.rcode != Rcode::NOERROR) return refusal;
        start = end;
    }
    return {};
}

}  // namespace kith::update
