#include "update/lease.hpp"

#include <algorithm>

#include "update/limits.hpp"
#include "update/scratch.hpp"
#include "update/timeout.hpp"

namespace kith::update {
namespace {

/// The earliest end of a lease at one name; nullopt: none.
std::optional<std::uint32_t> earliest(zone::NodeView node) {
    std::optional<std::uint32_t> out;
    for (const zone::RrSetView rrset : node.rrsets()) {
        if (!rrset.has_provenance()) continue;
        for (int i = 0; i < rrset.count(); ++i) {
            const std::uint32_t end = rrset.provenance(i).lease_end;
            if (end != 0 && (!out || end < *out)) out = end;
        }
    }
    return out;
}

/// Takes what is over out of one name; returns how many records went.
std::size_t expire(ScratchName& name, UnixTime now) {
    const std::size_t before = name.now.size();
    name.remove_if([&](const Item& item) {
        return item.provenance.lease_end != 0 && item.provenance.lease_end <= now;
    });
    return before - name.now.size();
}

zone::ZoneChange finish(Scratch& scratch, dns::RrType timeout_type) {
    if (timeout_type != dns::RrType{}) write_timeouts(scratch, timeout_type);
    return scratch.difference();
}

}  // namespace

Expiry expired(const zone::Zone& zone, UnixTime now, dns::RrType timeout_type) {
    Scratch scratch(zone);
    Expiry out;
    std::size_t removed = 0;
    const auto note = [&](std::uint32_t end) {
        if (!out.next || UnixTime{end} < *out.next) out.next = end;
    };
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        const auto end = earliest(node);
        if (!end) return;
        if (*end > now || removed >= expired_per_change_max) return note(*end);
        ScratchName& name = scratch.name(owner);
        removed += expire(name, now);
        for (const Item& item : name.now) {
            if (item.provenance.lease_end != 0) note(item.provenance.lease_end);
        }
    });
    out.change = finish(scratch, timeout_type);
    return out;
}

LeaseIndex::LeaseIndex(const zone::Zone& zone) {
    zone.for_each_in_order([&](const dns::Name& owner, zone::NodeView node) {
        if (const auto end = earliest(node)) note(owner, *end);
    });
}

void LeaseIndex::note(dns::NameView owner, std::uint32_t end) {
    const Name lowered = Name(owner).lowered();
    const std::string key(as_text(lowered.wire()));
    const auto [at, is_new] = earliest_.try_emplace(key, end);
    // A later end is found when the earlier one has come.
    if (!is_new && at->second <= end) return;
    if (!is_new) ends_.erase({at->second, at->first});
    at->second = end;
    ends_.emplace(end, at->first);
}

LeaseIndex::Ends::iterator LeaseIndex::forget(Ends::iterator at) {
    const std::string owner(at->second);
    const auto next = ends_.erase(at);
    earliest_.erase(owner);
    return next;
}

void LeaseIndex::on_change(const zone::ZoneChange& change) {
    // One entry for neighbors of the same owner with the same end, which most are.
    const zone::Record* last = nullptr;
    for (const zone::Record& record : change.added) {
        const std::uint32_t end = record.provenance.lease_end;
        if (end == 0) continue;
        const bool is_known =
            last != nullptr && last->provenance.lease_end == end && last->owner == record.owner;
        last = &record;
        if (!is_known) note(record.owner, end);
    }
}

std::optional<UnixTime> LeaseIndex::next() const {
    if (ends_.empty()) return std::nullopt;
    return ends_.begin()->first;
}

Expiry LeaseIndex::expired(const zone::Zone& zone, UnixTime now, dns::RrType timeout_type) {
    Scratch scratch(zone);
    std::size_t removed = 0;
    std::vector<std::pair<std::string, std::uint32_t>> later;
    for (auto at = ends_.begin();
         at != ends_.end() && at->first <= now && removed < expired_per_change_max;) {
        const NameView owner = NameView::unchecked(as_bytes(at->second));
        const zone::NodeView node = zone.find_node(owner);
        const auto end = node ? earliest(node) : std::nullopt;
        if (end && *end <= now) {
            removed += expire(scratch.name(owner), now);
            ++at;
            continue;
        }
        if (end) later.emplace_back(at->second, *end);
        at = forget(at);
    }
    for (const auto& [owner, end] : later) note(NameView::unchecked(as_bytes(owner)), end);
    return {finish(scratch, timeout_type), next()};
}

}  // namespace kith::update
