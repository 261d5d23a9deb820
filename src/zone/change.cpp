// A change is applied name by name in canonical order. For each name its records are read, edited,
// checked and written as a new node; then what the tree needs follows: empty non-terminals above,
// flags of what a cut or DNAME hides, and names that nothing needs any more.

#include "zone/change.hpp"

#include <algorithm>
#include <optional>

#include "base/check.hpp"
#include "zone/node_block.hpp"
#include "zone/order_key.hpp"
#include "zone/stable_sort.hpp"
#include "zone/zone_editor.hpp"

namespace kith::zone {
namespace {

bool hides(NodeView node) { return node.is_cut() || node.has_dname() || node.is_occluded(); }

/// A record to remove or to add.
struct Step {
    const Record* record;
    bool is_added;
};

/// The SOA a change does not bring: the one of the zone with the change's serial.
struct SerialStep {
    std::optional<Record> removed, added;
};

class Applier {
public:
    Applier(const Zone& base, const ZoneChange& change, const Bounds& bounds)
        : change_(change), bounds_(bounds), editor_(base) {}

    Result<ZonePtr, ChangeError> run();

private:
    using Done = Result<void, ChangeError>;

    Done edit_name(std::span<const Step> steps);
    Done edit_records(NodeView old, std::span<const Step> steps, std::vector<NodeRecord>& records);
    Done remove(const Record& record, std::vector<NodeRecord>& records);
    Done add(const Record& record, std::vector<NodeRecord>& records);
    Done check(NodeView old, const Name& owner, std::span<const NodeRecord> records);
    void write(NodeView old, std::span<const NodeRecord> records);
    void insert_with_parents(std::span<const NodeRecord> records);
    void remove_name(NodeView old);
    void set_wildcard_child(int labels, bool has);
    void update_occlusion();
    bool has_names_below(NodeView node) const;
    SerialStep serial_step() const;
    Done check_serial() const;

    std::unexpected<ChangeError> fault(ZoneFault what, const Record& record) const {
        return std::unexpected(ChangeError{what, record.owner, record.type});
    }
    /// Labels of `name_` below the apex, in the case given, of its last `labels` labels.
    Bytes relative(int labels) const {
        const Bytes wire = owner_.wire();
        const std::size_t from = name_.offset(labels);
        return wire.subspan(from, wire.size() - from - editor_.zone().apex().size());
    }

    const ZoneChange& change_;
    const Bounds& bounds_;
    ZoneEditor editor_;
    Name owner_;            // being edited
    dns::LookupName name_;  // the same
};

Result<ZonePtr, ChangeError> Applier::run() {
    const SerialStep serial = serial_step();
    std::vector<Step> steps;
    for (const Record& record : change_.removed) steps.push_back({&record, false});
    if (serial.removed) steps.push_back({&*serial.removed, false});
    for (const Record& record : change_.added) steps.push_back({&record, true});
    if (serial.added) steps.push_back({&*serial.added, true});
    for (const Step& step : steps) {
        if (!step.record->owner.is_under(change_.apex))
            return fault(ZoneFault::out_of_zone, *step.record);
    }
    // Stable: what is removed from a name stays in front of what is added to it.
    stable_sort(std::span(steps), [](const Step& a, const Step& b) {
        return a.record->owner.view() < b.record->owner.view();
    });
    for (std::size_t start = 0; start < steps.size();) {
        std::size_t end = start + 1;
        while (end < steps.size() && steps[end].record->owner == steps[start].record->owner) ++end;
        KITH_TRY_VOID(edit_name(std::span<const Step>(steps).subspan(start, end - start)));
        start = end;
    }
    KITH_TRY_VOID(check_serial());
    return editor_.finish(change_.to_serial);
}

SerialStep Applier::serial_step() const {
    const auto is_soa = [](const Record& record) { return record.type == RrType::SOA; };
    if (std::ranges::any_of(change_.removed, is_soa) ||
        std::ranges::any_of(change_.added, is_soa)) {
        return {};
    }
    const RrSetView soa = editor_.zone().apex_node().find(RrType::SOA);
    const Bytes rdata = soa.rdata(0);
    SerialStep step;
    step.removed = Record{editor_.zone().apex(),
                          RrType::SOA,
                          soa.ttl(),
                          {rdata.begin(), rdata.end()},
                          soa.provenance(0)};
    step.added = step.removed;
    set_soa_serial(step.added->rdata, change_.to_serial);
    return step;
}

Result<void, ChangeError> Applier::check_serial() const {
    const RrSetView soa = editor_.zone().apex_node().find(RrType::SOA);
    if (!soa) return std::unexpected(ChangeError{ZoneFault::no_soa, change_.apex, RrType::SOA});
    if (soa_serial(soa.rdata(0)) != change_.to_serial) {
        return std::unexpected(ChangeError{ZoneFault::wrong_serial, change_.apex, RrType::SOA});
    }
    return {};
}

Result<void, ChangeError> Applier::edit_name(std::span<const Step> steps) {
    owner_ = steps.front().record->owner;
    name_.assign(owner_);
    const NodeView old = editor_.find(name_, name_.label_count());
    std::vector<NodeRecord> records;
    KITH_TRY_VOID(edit_records(old, steps, records));
    KITH_TRY_VOID(check(old, owner_, records));
    std::ptrdiff_t more = static_cast<std::ptrdiff_t>(records.size());
    if (old) {
        for (const RrSetView rrset : old.rrsets()) more -= rrset.count();
    }
    const bool hid = old && hides(old);
    write(old, records);
    editor_.count_records(more);
    const NodeView now = editor_.find(name_, name_.label_count());
    if (now && hides(now) != hid) update_occlusion();
    return {};
}

Result<void, ChangeError> Applier::edit_records(NodeView old, std::span<const Step> steps,
                                                std::vector<NodeRecord>& records) {
    if (old) read_records(old, records);
    for (const Step& step : steps) {
        if (step.is_added) {
            KITH_TRY_VOID(add(*step.record, records));
        } else {
            KITH_TRY_VOID(remove(*step.record, records));
        }
    }
    return {};
}

Result<void, ChangeError> Applier::remove(const Record& record, std::vector<NodeRecord>& records) {
    const auto at = std::ranges::find_if(records, [&](const NodeRecord& other) {
        return other.type == record.type && same_rdata(record.type, other.rdata, record.rdata);
    });
    if (at == records.end()) return fault(ZoneFault::not_there, record);
    records.erase(at);
    return {};
}

Result<void, ChangeError> Applier::add(const Record& record, std::vector<NodeRecord>& records) {
    if (dns::is_meta_type(record.type)) return fault(ZoneFault::meta_type, record);
    if (record.rdata.size() > dns::rdata_bytes_max ||
        (record.type == RrType::SOA && !soa_serial(record.rdata))) {
        return fault(ZoneFault::rdata_size, record);
    }
    const auto rrset = std::ranges::equal_range(records, record.type, {}, &NodeRecord::type);
    if (record.type != RrType::RRSIG) {
        for (NodeRecord& other : rrset) other.ttl = record.ttl;
    }
    const auto same = std::ranges::find_if(rrset, [&](const NodeRecord& other) {
        return same_rdata(record.type, other.rdata, record.rdata);
    });
    if (same != rrset.end()) {
        same->provenance = record.provenance;
        return {};
    }
    records.insert(rrset.end(), {record.type, record.ttl, record.rdata, record.provenance, 0});
    return {};
}

/// Bounds hold for what grows: a name that was larger before may still shrink, or change elsewhere.
Result<void, ChangeError> Applier::check(NodeView old, const Name& owner,
                                         std::span<const NodeRecord> records) {
    const bool is_apex = name_.label_count() == editor_.zone().apex_labels();
    if (const auto checked = check_records(records, is_apex, file_bounds); !checked) {
        return std::unexpected(
            ChangeError{checked.error().fault, owner, records[checked.error().at].type});
    }
    std::size_t types = 0;
    for (std::size_t start = 0; start < records.size(); ++types) {
        const RrType type = records[start].type;
        std::size_t end = start + 1;
        while (end < records.size() && records[end].type == type) ++end;
        const RrSetView before = old ? old.find(type) : RrSetView();
        const std::size_t count = end - start;
        if (count > bounds_.records_per_rrset && count > (before ? before.count() : 0U)) {
            return std::unexpected(ChangeError{ZoneFault::too_many_records, owner, type});
        }
        start = end;
    }
    const std::size_t types_before = old ? static_cast<std::size_t>(old.rrset_count()) : 0;
    if (types > bounds_.types_per_name && types > types_before) {
        return std::unexpected(ChangeError{ZoneFault::too_many_types, owner, records.back().type});
    }
    return {};
}

void Applier::write(NodeView old, std::span<const NodeRecord> records) {
    if (!old) {
        if (!records.empty()) insert_with_parents(records);
        return;
    }
    const bool is_apex = old.relative_owner().empty();
    if (records.empty() && !is_apex && !has_names_below(old)) return remove_name(old);
    // The owner keeps the case it has.
    const NodeView now = make_node(editor_.edit(), old.relative_owner(), old.flags(), records);
    editor_.replace(name_.hash(), old, now);
}

void Applier::insert_with_parents(std::span<const NodeRecord> records) {
    const int apex_labels = editor_.zone().apex_labels();
    const int labels = name_.label_count();
    int have = labels - 1;
    while (!editor_.find(name_, have)) --have;
    KITH_CHECK(have >= apex_labels);
    for (int next = have + 1; next <= labels; ++next) {
        const Bytes owner = relative(next);
        if (owner[0] == 1 && owner[1] == '*') set_wildcard_child(next - 1, true);
        const std::uint8_t flags =
            hides(editor_.find(name_, next - 1)) ? node_is_occluded : node_plain;
        const NodeView node = make_node(editor_.edit(), owner, flags,
                                        next == labels ? records : std::span<const NodeRecord>());
        editor_.insert(name_.hash(next), node);
    }
}

/// Removes `old`, and the empty non-terminals above that were there for its sake.
void Applier::remove_name(NodeView old) {
    int labels = name_.label_count();
    NodeView node = old;
    do {
        const bool is_wildcard = node.relative_owner()[0] == 1 && node.relative_owner()[1] == '*';
        editor_.erase(name_.hash(labels), node);
        --labels;
        if (is_wildcard) set_wildcard_child(labels, false);
        node = editor_.find(name_, labels);
    } while (labels > editor_.zone().apex_labels() && node.is_empty() && !has_names_below(node));
}

void Applier::set_wildcard_child(int labels, bool has) {
    const NodeView node = editor_.find(name_, labels);
    const unsigned rest = node.flags() & ~unsigned{node_has_wildcard_child};
    const auto flags = static_cast<std::uint8_t>(has ? rest | node_has_wildcard_child : rest);
    editor_.replace(name_.hash(labels), node, copy_node(editor_.edit(), node, flags));
}

bool Applier::has_names_below(NodeView node) const {
    const OrderKey key(node.relative_owner());
    Cursor at = editor_.zone().lower_bound(node.owner(editor_.zone().apex()));
    at.next();
    return at && OrderKey(at.node().relative_owner()).starts_with(key);
}

/// Sets the flag of all names below `name_` anew, parents first.
void Applier::update_occlusion() {
    const Zone& zone = editor_.zone();
    const OrderKey key(relative(name_.label_count()));
    std::vector<NodeView> below;
    Cursor at = zone.lower_bound(owner_);
    for (at.next(); at && OrderKey(at.node().relative_owner()).starts_with(key); at.next()) {
        below.push_back(at.node());
    }
    dns::LookupName name;
    for (const NodeView node : below) {
        name.assign(node.owner(zone.apex()));
        const bool occluded = hides(editor_.find(name, name.label_count() - 1));
        if (occluded == node.is_occluded()) continue;
        const auto flags = static_cast<std::uint8_t>(node.flags() ^ node_is_occluded);
        editor_.replace(name.hash(), node, copy_node(editor_.edit(), node, flags));
    }
}

}  // namespace

Result<ZonePtr, ChangeError> apply_change(const ZonePtr& base, const ZoneChange& change,
                                          const Bounds& bounds) {
    if (change.apex.view() != base->apex()) {
        return std::unexpected(ChangeError{ZoneFault::wrong_zone, change.apex, RrType::SOA});
    }
    if (change.from_serial != base->serial()) {
        return std::unexpected(ChangeError{ZoneFault::wrong_serial, change.apex, RrType::SOA});
    }
    // The copy, when there is one, is the new lineage's first version and dies at once.
    const ZonePtr from = can_follow(*base) ? base : copy_zone(*base);
    return Applier(*from, change, bounds).run();
}

}  // namespace kith::zone
