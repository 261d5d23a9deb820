#include "server/secondary_catalog.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "dns/wire.hpp"

namespace kith::server {
namespace {

using log::kv;
using transfer::CatalogMember;
using transfer::CatalogMembers;
using transfer::Ownership;

constexpr std::string_view store_space = "catalog";

void put_bytes(std::vector<std::uint8_t>& out, Bytes bytes) {
    out.push_back(static_cast<std::uint8_t>(bytes.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(bytes.size()));
    out.insert(out.end(), bytes.begin(), bytes.end());
}

/// What the store keeps of a member: the catalog, the unique label, the next owner or nothing, groups;
/// each after two bytes of length.
store::KeyValue note_of(const dns::Name& catalog, const CatalogMember& member) {
    store::KeyValue note{member.zone.lowered().to_text(), {}};
    put_bytes(note.value, catalog.wire());
    put_bytes(note.value, as_bytes(member.id));
    put_bytes(note.value, member.new_owner ? member.new_owner->wire() : Bytes());
    for (const std::string& group : member.groups) put_bytes(note.value, as_bytes(group));
    return note;
}

/// Reads what note_of() wrote; nullopt for anything else.
std::optional<Ownership> read_note(const store::KeyValue& note) {
    dns::Reader reader(note.value);
    const auto take = [&reader]() -> std::optional<Bytes> {
        const auto size = reader.u16();
        if (!size) return std::nullopt;
        const auto bytes = reader.take(*size);
        return bytes ? std::optional(*bytes) : std::nullopt;
    };
    const auto zone = dns::Name::from_text(note.key);
    const auto catalog_wire = take();
    const auto id = take();
    const auto coo_wire = take();
    if (!zone || !catalog_wire || !id || !coo_wire) return std::nullopt;
    const auto catalog = dns::NameView::from_wire(*catalog_wire);
    if (!catalog) return std::nullopt;
    Ownership out{*catalog, {*zone, std::string(as_text(*id)), {}, {}}};
    if (!coo_wire->empty()) {
        const auto coo = dns::NameView::from_wire(*coo_wire);
        if (!coo) return std::nullopt;
        out.member.new_owner = dns::Name(*coo);
    }
    while (!reader.at_end()) {
        const auto group = take();
        if (!group) return std::nullopt;
        out.member.groups.emplace_back(as_text(*group));
    }
    return out;
}

}  // namespace

CatalogZones::CatalogZones(net::Loop& loop, ZoneKeeper& keeper, store::Store& store, Hooks hooks)
    : keeper_(keeper),
      store_(store),
      hooks_(std::move(hooks)),
      timer_(loop, [this] { look(); }),
      loop_(loop) {}

void CatalogZones::load() {
    is_loaded_ = true;
    const auto notes = store_.list(store_space);
    if (!notes) {
        log::write(log::Level::error, "catalog.state_not_read", kv("text", notes.error().text));
        return;
    }
    for (const store::KeyValue& note : *notes) {
        if (auto ownership = read_note(note)) {
            const dns::Name zone = ownership->member.zone;
            owned_.emplace(zone, std::move(*ownership));
        }
    }
}

void CatalogZones::set_catalogs(const std::vector<dns::Name>& catalogs) {
    const std::set<dns::Name> next(catalogs.begin(), catalogs.end());
    if (!is_loaded_ && !next.empty()) load();
    std::vector<store::KeyValue> notes;
    std::vector<dns::Name> gone;
    for (const auto& [zone, ownership] : owned_) {
        const bool is_new =
            next.contains(ownership.catalog) && !catalogs_.contains(ownership.catalog);
        if (!next.contains(ownership.catalog) || hooks_.is_configured(zone)) {
            gone.push_back(zone);
        } else if (is_new) {
            hooks_.add(zone, ownership.catalog);
        }
    }
    for (const dns::Name& zone : gone) {
        // What the configuration has now is no longer the catalog's, and must not be forgotten with it.
        if (hooks_.is_configured(zone)) {
            notes.push_back({zone.lowered().to_text(), {}});
            owned_.erase(zone);
        } else {
            drop(zone, notes);
        }
    }
    keep_notes(notes);
    for (const dns::Name& catalog : next) {
        if (!catalogs_.contains(catalog)) changed_.insert(catalog);
    }
    catalogs_ = next;
    if (!changed_.empty()) timer_.arm(loop_.now());
}

void CatalogZones::on_version(const dns::Name& zone) {
    if (!catalogs_.contains(zone)) return;
    changed_.insert(zone);
    timer_.arm(loop_.now());
}

void CatalogZones::look() {
    for (const dns::Name& catalog : std::exchange(changed_, {})) {
        const ZonePtr zone = keeper_.serving(catalog);
        if (zone == nullptr || !catalogs_.contains(catalog)) continue;
        const auto members = transfer::read_catalog(*zone);
        if (members) {
            apply(catalog, *members);
            continue;
        }
        // RFC 9432 §5.1: its members stay as they are.
        ++counters_.broken;
        log::write(log::Level::error, "catalog.broken", kv("catalog", catalog.to_text()),
                   kv("serial", zone->serial()), kv("owner", members.error().owner.to_text()),
                   kv("why", members.error().text),
                   kv("effect", std::string_view("its members stay as they were")));
    }
}

/// The members, and of the configuration's zones those that the catalog would have.
std::map<dns::Name, Ownership> CatalogZones::all_owned(const CatalogMembers& wanted) const {
    std::map<dns::Name, Ownership> out = owned_;
    for (const auto& [zone, member] : wanted) {
        if (!out.contains(zone) && (hooks_.is_configured(zone) || keeper_.keeps(zone)))
            out[zone] = {dns::Name(), {}};
    }
    return out;
}

void CatalogZones::own(const dns::Name& catalog, const CatalogMember& member,
                       std::vector<store::KeyValue>& notes) {
    owned_[member.zone] = {catalog, member};
    notes.push_back(note_of(catalog, member));
}

void CatalogZones::drop(const dns::Name& zone, std::vector<store::KeyValue>& notes) {
    notes.push_back({zone.lowered().to_text(), {}});
    owned_.erase(zone);
    hooks_.remove(zone);
    ++counters_.removed;
}

void CatalogZones::keep_notes(const std::vector<store::KeyValue>& notes) {
    if (notes.empty()) return;
    if (const auto stored = store_.put(store_space, notes); !stored) {
        log::write(log::Level::error, "catalog.state_not_kept", kv("text", stored.error().text));
    }
}

void CatalogZones::apply(const dns::Name& catalog, const CatalogMembers& members) {
    const transfer::CatalogPlan plan = transfer::plan_catalog(catalog, members, all_owned(members));
    std::vector<store::KeyValue> notes;
    for (const dns::Name& zone : plan.remove) drop(zone, notes);
    for (const CatalogMember& member : plan.reset) {
        hooks_.remove(member.zone);
        own(catalog, member, notes);
        hooks_.add(member.zone, catalog);
        ++counters_.reset;
    }
    for (const CatalogMember& member : plan.take) {
        // RFC 9432 §4.3.1: its state goes along only with the same unique label.
        if (owned_.at(member.zone).member.id != member.id) hooks_.remove(member.zone);
        own(catalog, member, notes);
        hooks_.add(member.zone, catalog);
    }
    for (const CatalogMember& member : plan.regroup) own(catalog, member, notes);
    for (const CatalogMember& member : plan.add) {
        own(catalog, member, notes);
        hooks_.add(member.zone, catalog);
        ++counters_.added;
    }
    keep_notes(notes);
    for (const dns::Name& zone : plan.conflicts) {
        ++counters_.conflicts;
        log::write(log::Level::error, "catalog.conflict", kv("catalog", catalog.to_text()),
                   kv("zone", zone.to_text()),
                   kv("effect", std::string_view("the zone stays with whom it belongs to")));
    }
    log::write(log::Level::info, "catalog.applied", kv("catalog", catalog.to_text()),
               kv("members", members.size()), kv("added", plan.add.size()),
               kv("removed", plan.remove.size()), kv("reset", plan.reset.size()),
               kv("taken", plan.take.size()));
}

const dns::Name* CatalogZones::catalog_of(const dns::Name& zone) const {
    const auto found = owned_.find(zone);
    return found == owned_.end() ? nullptr : &found->second.catalog;
}

std::vector<dns::Name> CatalogZones::members() const {
    std::vector<dns::Name> out;
    for (const auto& [zone, ownership] : owned_) out.push_back(zone);
    return out;
}

}  // namespace kith::server
