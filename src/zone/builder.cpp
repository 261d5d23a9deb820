// Records are kept packed as they come, with 8 bytes of sort key each. finish() sorts the keys if
// they are not in order already, and walks the records by owner in canonical order: parents come
// before children, so that empty non-terminals, hashes and occlusion follow from a stack of the
// names on the way down from the apex.

#include "zone/builder.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "zone/node_block.hpp"
#include "zone/order_key.hpp"
#include "zone/record_sort.hpp"
#include "zone/stable_sort.hpp"
#include "zone/zone_editor.hpp"

namespace kith::zone {

class ZoneBuilder::Work {
public:
    Work(NameView apex, dns::RrClass klass, const Bounds& bounds)
        : apex_(apex), klass_(klass), bounds_(bounds) {}

    Result<void, ZoneFault> add(NameView owner, const NodeRecord& record);
    void set_one_label_wildcard(NameView owner) { one_label_.emplace_back(owner); }
    std::size_t record_count() const { return records_.size(); }
    BuiltZone finish();

private:
    /// A name on the way from the apex to the node being made.
    struct Step {
        std::uint8_t* node;
        std::uint64_t hash;
        bool hides;  // what is below it is occluded
    };

    void add_name(ZoneEditor& editor, std::span<const StagedKey> records);
    void read_group(std::span<const StagedKey> group);
    void merge_duplicates();
    void unify_ttls();
    void report(ZoneFault fault, Bytes relative_owner, const NodeRecord& record,
                std::uint32_t other);
    void add_step(ZoneEditor& editor, Bytes relative_owner, std::span<const NodeRecord> records);
    void mark_one_label_wildcards(const ZonePtr& zone) const;

    Name apex_;
    dns::RrClass klass_;
    Bounds bounds_;
    StagedRecords records_;
    std::vector<Name> one_label_;

    // While finish() works:
    BuiltZone built_;
    bool refused_ = false;
    std::uint32_t serial_ = 0;
    std::size_t kept_ = 0;
    Bytes owner_;                    // of group_
    std::vector<NodeRecord> group_;  // records of one name
    std::vector<Step> path_;         // the apex first
    std::vector<HashedNode> nodes_;  // in canonical order
};

Result<void, ZoneFault> ZoneBuilder::Work::add(NameView owner, const NodeRecord& record) {
    if (!owner.is_under(apex_)) return std::unexpected(ZoneFault::out_of_zone);
    if (dns::is_meta_type(record.type)) return std::unexpected(ZoneFault::meta_type);
    if (record.rdata.size() > dns::rdata_bytes_max ||
        (record.type == RrType::SOA && !soa_serial(record.rdata))) {
        return std::unexpected(ZoneFault::rdata_size);
    }
    records_.add(owner.wire().first(owner.size() - apex_.size()), record);
    return {};
}

void ZoneBuilder::Work::report(ZoneFault fault, Bytes relative_owner, const NodeRecord& record,
                               std::uint32_t other) {
    if (!is_harmless(fault)) refused_ = true;
    if (built_.problems.size() >= problems_max) {
        ++built_.problems_left_out;
        return;
    }
    dns::NameBuilder owner;
    for (std::size_t at = 0; at < relative_owner.size(); at += relative_owner[at] + 1U) {
        owner.append(relative_owner.subspan(at + 1, relative_owner[at]));
    }
    owner.append(apex_.view());
    built_.problems.push_back({fault, owner.finish(), record.type, record.tag, other});
}

void ZoneBuilder::Work::read_group(std::span<const StagedKey> group) {
    group_.clear();
    for (const StagedKey& key : group) group_.push_back(StagedRecords::read(key));
    owner_ = StagedRecords::owner(group.front());
    if (group_.size() == 1) return;
    if (!std::ranges::is_sorted(group_, {}, &NodeRecord::type)) {
        stable_sort(std::span(group_),
                    [](const NodeRecord& a, const NodeRecord& b) { return a.type < b.type; });
    }
    merge_duplicates();
    unify_ttls();
}

void ZoneBuilder::Work::merge_duplicates() {
    // Compared in pairs: RRsets are small, and past its bound one is refused, not compared.
    std::size_t kept = 0;
    std::size_t rrset = 0;
    for (std::size_t i = 0; i < group_.size(); ++i) {
        const NodeRecord record = group_[i];
        if (kept > 0 && group_[kept - 1].type != record.type) rrset = kept;
        const auto end = group_.begin() + static_cast<std::ptrdiff_t>(kept);
        auto same = end;
        if (kept - rrset <= bounds_.records_per_rrset) {
            same = std::find_if(group_.begin() + static_cast<std::ptrdiff_t>(rrset), end,
                                [&](const NodeRecord& other) {
                                    return same_rdata(record.type, other.rdata, record.rdata);
                                });
        }
        if (same == end) {
            group_[kept++] = record;
            continue;
        }
        report(ZoneFault::duplicate, owner_, record, same->tag);
        same->ttl = std::min(same->ttl, record.ttl);
    }
    group_.resize(kept);
}

void ZoneBuilder::Work::unify_ttls() {
    for (std::size_t start = 0; start < group_.size();) {
        std::size_t end = start + 1;
        std::size_t lowest = start;
        bool differ = false;
        for (; end < group_.size() && group_[end].type == group_[start].type; ++end) {
            differ |= group_[end].ttl != group_[start].ttl;
            if (group_[end].ttl < group_[lowest].ttl) lowest = end;
        }
        if (differ && group_[start].type != RrType::RRSIG) {
            const std::uint32_t ttl = group_[lowest].ttl;
            const auto other =
                std::find_if(group_.begin() + static_cast<std::ptrdiff_t>(start), group_.end(),
                             [&](const NodeRecord& record) { return record.ttl != ttl; });
            report(ZoneFault::ttl_differs, owner_, *other, group_[lowest].tag);
            for (std::size_t i = start; i < end; ++i) group_[i].ttl = ttl;
        }
        start = end;
    }
}

namespace {

bool same_label(Bytes a, Bytes b) {
    return a.size() == b.size() && std::ranges::equal(a, b, {}, dns::lower, dns::lower);
}

Bytes first_label(Bytes relative_owner) { return relative_owner.subspan(1, relative_owner[0]); }

}  // namespace

void ZoneBuilder::Work::add_step(ZoneEditor& editor, Bytes relative_owner,
                                 std::span<const NodeRecord> records) {
    std::uint8_t flags = 0;
    std::uint64_t hash = 0;
    if (path_.empty()) {
        hash = dns::name_hash(apex_);
    } else {
        const Step& parent = path_.back();
        const Bytes label = first_label(relative_owner);
        hash = dns::child_hash(label, parent.hash);
        if (parent.hides) flags |= node_is_occluded;
        if (label.size() == 1 && label[0] == '*') parent.node[0] |= node_has_wildcard_child;
    }
    const NodeView node = make_node(editor.edit(), relative_owner, flags, records);
    nodes_.push_back({hash, node.data()});
    const bool hides = node.is_cut() || node.has_dname() || node.is_occluded();
    path_.push_back({const_cast<std::uint8_t*>(node.data()), hash, hides});
}

void ZoneBuilder::Work::add_name(ZoneEditor& editor, std::span<const StagedKey> records) {
    read_group(records);
    if (const auto checked = check_records(group_, owner_.empty(), bounds_); !checked) {
        const NodeFault& fault = checked.error();
        report(fault.fault, owner_, group_[fault.at],
               fault.other == fault.at ? 0 : group_[fault.other].tag);
        // Whatever else is wrong is still looked for, so the name goes in, if it can, as empty.
        group_.clear();
    }
    if (owner_.empty() && !group_.empty()) {
        const auto soa = std::ranges::find(group_, RrType::SOA, &NodeRecord::type);
        if (soa != group_.end()) serial_ = *soa_serial(soa->rdata);
    }
    // From the apex side: labels shared with the path stay, the others are empty non-terminals.
    std::array<std::uint8_t, dns::labels_max> starts;
    std::size_t labels = 0;
    for (std::size_t at = 0; at < owner_.size(); at += owner_[at] + 1U) {
        starts[labels++] = static_cast<std::uint8_t>(at);
    }
    std::size_t depth = 1;
    while (depth < path_.size() && depth <= labels) {
        const Bytes here = owner_.subspan(starts[labels - depth]);
        if (!same_label(first_label(here),
                        first_label(NodeView(path_[depth].node).relative_owner())))
            break;
        ++depth;
    }
    path_.resize(std::min(depth, path_.size()));
    while (path_.size() < labels) {
        add_step(editor, owner_.subspan(starts[labels - path_.size()]), {});
    }
    kept_ += group_.size();
    add_step(editor, owner_, group_);
}

void ZoneBuilder::Work::mark_one_label_wildcards(const ZonePtr& zone) const {
    for (const Name& owner : one_label_) {
        const NodeView node = zone->find_node(owner);
        if (!node || !owner.is_wildcard()) continue;
        const_cast<std::uint8_t*>(node.data())[0] |= node_one_label_wildcard;  // not published yet
    }
}

BuiltZone ZoneBuilder::Work::finish() {
    const std::span<const StagedKey> keys = records_.sorted();
    ZoneEditor editor(apex_, klass_);
    nodes_.reserve(keys.size() + 1);
    if (keys.empty() || !StagedRecords::owner(keys.front()).empty()) add_step(editor, {}, {});
    for (std::size_t start = 0; start < keys.size();) {
        std::size_t end = start + 1;
        while (end < keys.size() && StagedRecords::same_owner(keys[start], keys[end])) ++end;
        StagedRecords::prefetch(keys, end);
        add_name(editor, keys.subspan(start, end - start));
        start = end;
    }
    if (!NodeView(nodes_.front().node).find(RrType::SOA) && !refused_) {
        report(ZoneFault::no_soa, {}, {RrType::SOA, 0, {}, {}, 0}, 0);
    }
    if (refused_) return std::move(built_);
    editor.build(nodes_, kept_);
    built_.zone = editor.finish(serial_);
    mark_one_label_wildcards(built_.zone);
    return std::move(built_);
}

ZoneBuilder::ZoneBuilder(NameView apex, dns::RrClass klass, const Bounds& bounds)
    : work_(std::make_unique<Work>(apex, klass, bounds)),
      apex_(apex),
      klass_(klass),
      bounds_(bounds) {}

ZoneBuilder::~ZoneBuilder() = default;

Result<void, ZoneFault> ZoneBuilder::add(NameView owner, RrType type, std::uint32_t ttl,
                                         Bytes rdata, std::uint32_t tag,
                                         const Provenance& provenance) {
    return work_->add(owner, {type, ttl, rdata, provenance, tag});
}

void ZoneBuilder::set_one_label_wildcard(NameView owner) { work_->set_one_label_wildcard(owner); }

std::size_t ZoneBuilder::record_count() const { return work_->record_count(); }

BuiltZone ZoneBuilder::finish() {
    const std::unique_ptr<Work> work =
        std::exchange(work_, std::make_unique<Work>(apex_, klass_, bounds_));
    return work->finish();
}

}  // namespace kith::zone
