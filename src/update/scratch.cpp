#include "update/scratch.hpp"

#include <algorithm>

#include "zone/node_block.hpp"

namespace kith::update {
namespace {

zone::Record record_of(const Name& owner, const Item& item) {
    return {owner, item.type, item.ttl, item.rdata, item.provenance};
}

void append_difference(const Name& owner, const ScratchName& name, zone::ZoneChange& change) {
    std::vector<bool> is_kept(name.before.size(), false);
    for (const Item& item : name.now) {
        if (item.origin < 0) continue;
        is_kept[static_cast<std::size_t>(item.origin)] = true;
    }
    for (std::size_t i = 0; i < is_kept.size(); ++i) {
        if (!is_kept[i]) change.removed.push_back(record_of(owner, name.before[i]));
    }
    for (const Item& item : name.now) {
        if (item.origin >= 0) {
            const Item& before = name.before[static_cast<std::size_t>(item.origin)];
            const bool same_ttl = before.ttl == item.ttl;
            if (same_ttl && before.provenance == item.provenance) continue;
            if (!same_ttl) change.removed.push_back(record_of(owner, before));
        }
        change.added.push_back(record_of(owner, item));
    }
}

}  // namespace

bool ScratchName::has(RrType type) const {
    return std::ranges::any_of(now, [&](const Item& item) { return item.type == type; });
}

std::size_t ScratchName::count(RrType type) const {
    return static_cast<std::size_t>(std::ranges::count(now, type, &Item::type));
}

Item* ScratchName::find(RrType type, Bytes rdata) {
    const auto at = std::ranges::find_if(now, [&](const Item& item) {
        return item.type == type && zone::same_rdata(type, item.rdata, rdata);
    });
    return at == now.end() ? nullptr : &*at;
}

Item& ScratchName::add(RrType type, std::uint32_t ttl, Bytes rdata) {
    Item item{type, ttl, {rdata.begin(), rdata.end()}, {}, -1};
    // Deleted earlier in this update: it is the same record again, and nothing has happened to it.
    for (std::size_t i = 0; i < before.size(); ++i) {
        if (before[i].type != type || !zone::same_rdata(type, before[i].rdata, rdata)) continue;
        item.origin = static_cast<int>(i);
        item.rdata = before[i].rdata;
        break;
    }
    now.push_back(std::move(item));
    return now.back();
}

void ScratchName::set_ttl(RrType type, std::uint32_t ttl) {
    for (Item& item : now) {
        if (item.type == type) item.ttl = ttl;
    }
}

bool ScratchName::is_changed() const {
    zone::ZoneChange change;
    append_difference(Name(), *this, change);
    return !change.removed.empty() || !change.added.empty();
}

ScratchName& Scratch::name(NameView owner) {
    const auto [at, is_new] = names_.try_emplace(Name(owner));
    if (!is_new) return at->second;
    const zone::NodeView node = zone_.find_node(owner);
    if (!node) return at->second;
    std::vector<zone::NodeRecord> records;
    zone::read_records(node, records);
    for (const zone::NodeRecord& record : records) {
        at->second.before.push_back({record.type,
                                     record.ttl,
                                     {record.rdata.begin(), record.rdata.end()},
                                     record.provenance,
                                     static_cast<int>(at->second.before.size())});
    }
    at->second.now = at->second.before;
    return at->second;
}

std::ptrdiff_t Scratch::growth() const {
    std::ptrdiff_t more = 0;
    for (const auto& [owner, name] : names_) {
        more += std::ssize(name.now) - std::ssize(name.before);
    }
    return more;
}

zone::ZoneChange Scratch::difference() const {
    zone::ZoneChange change{Name(zone_.apex()), zone_.serial(), zone_.serial(), {}, {}};
    for (const auto& [owner, name] : names_) append_difference(owner, name, change);
    return change;
}

}  // namespace kith::update
