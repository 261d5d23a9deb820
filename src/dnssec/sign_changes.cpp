// Incremental signing. The names that a change touches are found first, with those whose place in the
// chain depends on them; then each of them is brought to what a whole signing would make of it.

#include <algorithm>
#include <map>

#include "dnssec/signing_pass.hpp"
#include "dnssec/type_bitmap.hpp"
#include "zone/order_key.hpp"

namespace kith::dnssec {
namespace {

using zone::Cursor;
using zone::NodeView;
using zone::OrderKey;
using zone::Record;
using zone::Zone;

struct CanonicalLess {
    bool operator()(const Name& a, const Name& b) const { return a.view() < b.view(); }
};
/// Names to look at, and the types that changed at each.
using Touched = std::map<Name, Fresh, CanonicalLess>;

Fresh& touch(Touched& touched, const Name& name) {
    return touched.try_emplace(name, Fresh::none()).first->second;
}

/// A cut or a DNAME that comes or goes decides what the names below it are.
void touch_below(Touched& touched, const Zone& zone, const Name& owner) {
    const NodeView node = zone.find_node(owner);
    if (!node) return;
    const OrderKey key(node.relative_owner());
    Cursor at = zone.lower_bound(owner);
    for (at.next(); at && OrderKey(at.node().relative_owner()).starts_with(key); at.next()) {
        touch(touched, at.node().owner(zone.apex()));
    }
}

void touch_changed(Touched& touched, const Zone& zone, const std::vector<Record>& records) {
    for (const Record& record : records) {
        touch(touched, record.owner).insert(record.type);
        const bool hides = record.type == RrType::NS || record.type == RrType::DNAME;
        if (hides && record.owner.view() != zone.apex()) touch_below(touched, zone, record.owner);
    }
}

/// Empty non-terminals come and go with the names below them.
void touch_ancestors(Touched& touched, NameView apex) {
    std::vector<Name> names;
    for (const auto& [name, fresh] : touched) names.push_back(name);
    for (const Name& name : names) {
        if (name.view() == apex) continue;
        for (NameView at = name.view().parent(); at != apex; at = at.parent()) touch(touched, at);
    }
}

class NsecRepair {
public:
    NsecRepair(SigningPass& pass, const Touched& touched) : pass_(pass), touched_(touched) {}

    void run() {
        Touched chain;
        for (const auto& [name, fresh] : touched_) {
            touch(chain, name);
            if (name.view() == pass_.zone().apex()) continue;
            const NodeView before = previous_with_nsec(pass_.zone(), name);
            touch(chain, before.owner(pass_.zone().apex()));
        }
        for (const auto& [name, none] : chain) {
            if (!pass_.error()) write(name);
        }
    }

private:
    void write(const Name& name) {
        const NodeView node = pass_.zone().find_node(name);
        if (!node) return;
        const Standing standing = standing_of(pass_.zone(), node);
        if (!has_nsec(standing)) return pass_.remove_denial(node, RrType::NSEC);
        const auto fresh = touched_.find(name);
        pass_.write_nsec(node, standing, next_with_nsec(pass_.zone(), node),
                         fresh == touched_.end() ? Fresh::none() : fresh->second);
    }

    SigningPass& pass_;
    const Touched& touched_;
};

class Nsec3Repair {
public:
    Nsec3Repair(SigningPass& pass, const Touched& touched) : pass_(pass), touched_(touched) {}

    void run();

private:
    /// What becomes of one NSEC3.
    struct Place {
        bool was_there = false;
        bool is_wanted = false;
        std::optional<std::vector<std::uint8_t>> bitmap;  // none: as it is
    };
    using Places = std::map<Nsec3Hash, Place>;

    void place(const Name& name);
    bool survives(const Nsec3Hash& hash) const {
        const auto found = places_.find(hash);
        return found == places_.end() || found->second.is_wanted;
    }
    NodeView node_of(const Nsec3Hash& hash) const {
        const NodeView node = pass_.zone().find_node(nsec3_owner(hash, pass_.zone().apex()));
        return node && node.find(RrType::NSEC3) ? node : NodeView();
    }
    std::optional<Nsec3Hash> hash_at(const Cursor& at) const;
    Cursor first_not_before(const Nsec3Hash& hash) const {
        return pass_.zone().lower_bound(nsec3_owner(hash, pass_.zone().apex()));
    }
    std::optional<Nsec3Hash> old_after(const Nsec3Hash& hash) const;
    std::optional<Nsec3Hash> old_before(const Nsec3Hash& hash) const;
    Nsec3Hash next_of(const Nsec3Hash& hash) const;
    Nsec3Hash previous_of(const Nsec3Hash& hash) const;
    void write(const Nsec3Hash& hash);

    SigningPass& pass_;
    const Touched& touched_;
    Places places_;
};

void Nsec3Repair::place(const Name& name) {
    const Zone& zone = pass_.zone();
    // A name of NSEC3s itself, to be renewed: its own label is the hash.
    const NodeView node = zone.find_node(name);
    if (node && node.find(RrType::NSEC3)) {
        if (const auto hash = nsec3_hash_of(name, zone.apex()); hash && !places_.contains(*hash)) {
            places_[*hash] = {true, true, std::nullopt};
        }
    }
    const Standing standing = standing_of(zone, node);
    const Nsec3Hash hash = pass_.state().hasher.hash(name);
    Place& place = places_[hash];
    place = {static_cast<bool>(node_of(hash)), pass_.has_nsec3(standing), std::nullopt};
    if (!place.is_wanted) return;
    place.bitmap.emplace();
    append_type_bitmap(pass_.shown_types(node, standing), *place.bitmap);
}

std::optional<Nsec3Hash> Nsec3Repair::hash_at(const Cursor& at) const {
    const NodeView node = at.node();
    if (node.relative_labels() != 1 || !node.find(RrType::NSEC3)) return std::nullopt;
    return nsec3_hash_of(node.owner(pass_.zone().apex()), pass_.zone().apex());
}

/// The first NSEC3 of the old chain after `hash` that stays; none up to the end.
std::optional<Nsec3Hash> Nsec3Repair::old_after(const Nsec3Hash& hash) const {
    for (Cursor at = first_not_before(hash); at; at.next()) {
        const auto found = hash_at(at);
        if (found && *found > hash && survives(*found)) return found;
    }
    return std::nullopt;
}

std::optional<Nsec3Hash> Nsec3Repair::old_before(const Nsec3Hash& hash) const {
    Cursor at = first_not_before(hash);
    while (at.previous()) {
        const auto found = hash_at(at);
        if (found && survives(*found)) return found;
    }
    return std::nullopt;
}

Nsec3Hash Nsec3Repair::next_of(const Nsec3Hash& hash) const {
    const auto is_wanted = [](const auto& place) { return place.second.is_wanted; };
    const auto wanted_after = std::find_if(places_.upper_bound(hash), places_.end(), is_wanted);
    std::optional<Nsec3Hash> next = old_after(hash);
    if (wanted_after != places_.end() && (!next || wanted_after->first < *next)) {
        next = wanted_after->first;
    }
    if (next) return *next;
    // Around the end: the first of all.
    constexpr Nsec3Hash zero{};
    const auto wanted = std::find_if(places_.begin(), places_.end(), is_wanted);
    next = node_of(zero) && survives(zero) ? zero : old_after(zero);
    if (wanted != places_.end() && (!next || wanted->first < *next)) next = wanted->first;
    return next.value_or(hash);
}

Nsec3Hash Nsec3Repair::previous_of(const Nsec3Hash& hash) const {
    const auto last_wanted_before = [this](Places::const_iterator end) -> std::optional<Nsec3Hash> {
        while (end != places_.begin()) {
            --end;
            if (end->second.is_wanted) return end->first;
        }
        return std::nullopt;
    };
    const auto later = [](std::optional<Nsec3Hash> a, std::optional<Nsec3Hash> b) {
        return !a || (b && *b > *a) ? b : a;
    };
    const auto before = later(old_before(hash), last_wanted_before(places_.lower_bound(hash)));
    if (before) return *before;
    Nsec3Hash top;
    top.fill(0xff);
    std::optional<Nsec3Hash> last = old_before(top);
    if (node_of(top) && survives(top)) last = top;
    return later(last, last_wanted_before(places_.end())).value_or(hash);
}

void Nsec3Repair::write(const Nsec3Hash& hash) {
    const auto found = places_.find(hash);
    const NodeView node = node_of(hash);
    if (found != places_.end() && !found->second.is_wanted) {
        if (node) pass_.remove_denial(node, RrType::NSEC3);
        return;
    }
    Bytes bitmap;
    if (found != places_.end() && found->second.bitmap) {
        bitmap = *found->second.bitmap;
    } else if (node) {
        const auto head = Nsec3Head::read(node.find(RrType::NSEC3).rdata(0));
        if (head && head->rest.size() >= 1U + head->rest[0]) {
            bitmap = head->rest.subspan(1U + head->rest[0]);
        }
    }
    pass_.write_nsec3(hash, pass_.make_nsec3(next_of(hash), bitmap), Fresh::none());
}

void Nsec3Repair::run() {
    for (const auto& [name, fresh] : touched_) place(name);
    std::vector<Nsec3Hash> all;
    for (const auto& [hash, place] : places_) {
        all.push_back(hash);
        if (place.was_there != place.is_wanted) all.push_back(previous_of(hash));
    }
    std::ranges::sort(all);
    const auto [first, last] = std::ranges::unique(all);
    all.erase(first, last);
    for (const Nsec3Hash& hash : all) {
        if (!pass_.error()) write(hash);
    }
}

}  // namespace

bool touches_everything(const Zone& zone, const zone::ZoneChange& change) {
    const auto is_apex_dname = [&](const Record& record) {
        return record.type == RrType::DNAME && record.owner.view() == zone.apex();
    };
    return std::ranges::any_of(change.added, is_apex_dname) ||
           std::ranges::any_of(change.removed, is_apex_dname);
}

bool is_signed_alike(const SigningPass& pass) {
    const NodeView apex = pass.zone().apex_node();
    if (pass.policy().denial == Denial::nsec) {
        const zone::RrSetView nsec = apex.find(RrType::NSEC);
        return nsec && nsec.ttl() == pass.denial_ttl() && !apex.find(RrType::NSEC3PARAM);
    }
    const Name owner =
        nsec3_owner(Nsec3Hasher(pass.policy().nsec3).hash(pass.zone().apex()), pass.zone().apex());
    const NodeView node = pass.zone().find_node(owner);
    const zone::RrSetView nsec3 = node ? node.find(RrType::NSEC3) : zone::RrSetView();
    if (!nsec3 || nsec3.count() != 1 || nsec3.ttl() != pass.denial_ttl()) return false;
    if (apex.find(RrType::NSEC)) return false;
    const auto head = Nsec3Head::read(nsec3.rdata(0));
    const std::uint8_t flags = pass.policy().opt_out == OptOut::yes ? nsec3_opt_out : 0;
    return head && head->algorithm == nsec3_sha1 && head->flags == flags &&
           head->iterations == pass.policy().nsec3.iterations &&
           std::ranges::equal(head->salt, pass.policy().nsec3.salt);
}

void sign_changes(SigningPass& pass, const zone::ZoneChange& change, std::span<const Name> also) {
    const Zone& zone = pass.zone();
    Touched touched;
    touch_changed(touched, zone, change.removed);
    touch_changed(touched, zone, change.added);
    for (const Name& name : also) {
        if (name.is_under(zone.apex())) touch(touched, name);
    }
    Fresh& apex = touch(touched, zone.apex());
    apex.insert(RrType::SOA);
    pass.write_made_sets(apex);
    if (pass.policy().denial == Denial::nsec3) touch_ancestors(touched, zone.apex());
    for (const auto& [name, fresh] : touched) {
        const NodeView node = zone.find_node(name);
        if (node && !pass.error()) pass.sign_data(node, standing_of(zone, node), fresh);
    }
    if (pass.policy().denial == Denial::nsec) {
        NsecRepair(pass, touched).run();
    } else {
        Nsec3Repair(pass, touched).run();
    }
}

}  // namespace kith::dnssec
