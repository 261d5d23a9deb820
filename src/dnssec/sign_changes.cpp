// Incremental signing. The names that a change touches are found first, with those whose place in the
// chain depends on them; then each of them is brought to what a whole signing would make of it.

#include <algorithm>
#include <map>

#include "dnssec/nsec3_chain.hpp"
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
        Fresh& fresh = touch(touched, record.owner);
        const bool is_first = !fresh.contains(record.type);
        fresh.insert(record.type);
        const bool hides = record.type == RrType::NS || record.type == RrType::DNAME;
        if (is_first && hides && record.owner.view() != zone.apex())
            touch_below(touched, zone, record.owner);
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
        Name last = pass_.zone().apex();  // comes first of all
        for (const auto& [name, fresh] : touched_) {
            touch(chain, name);
            // What the one before it is followed by changes too. Back to the name looked at last only: it
            // is written anyway, or has touched the one before itself.
            const NodeView before = previous_with_nsec(pass_.zone(), name, last);
            if (before) touch(chain, before.owner(pass_.zone().apex()));
            last = name;
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
    Nsec3Repair(SigningPass& pass, const Touched& touched)
        : pass_(pass), touched_(touched), old_(pass.zone()) {}

    void run();

private:
    /// What becomes of one NSEC3.
    struct Place {
        bool was_there = false;
        bool is_wanted = false;
        std::optional<std::vector<std::uint8_t>> bitmap;  // none: as it is
        // Its neighbors in the new chain; none: it is the first, or the last.
        std::optional<Nsec3Hash> before, after;
    };
    using Places = std::map<Nsec3Hash, Place>;

    void place(const Name& name);
    void link();
    std::optional<Nsec3Hash> before(Places::const_iterator place) const;
    std::optional<Nsec3Hash> after(const Nsec3Hash& hash, Places::const_iterator above) const;
    void write(const Nsec3Hash& hash);

    SigningPass& pass_;
    const Touched& touched_;
    Nsec3Chain old_;
    Places places_;
    std::optional<Nsec3Hash> first_, last_;  // of the new chain
};

void Nsec3Repair::place(const Name& name) {
    const Zone& zone = pass_.zone();
    // A name of NSEC3s itself, to be renewed: its own label is the hash.
    const NodeView node = zone.find_node(name);
    if (node && node.find(RrType::NSEC3)) {
        if (const auto hash = nsec3_hash_of(name, zone.apex()); hash && !places_.contains(*hash)) {
            Place& renewed = places_[*hash];
            renewed.was_there = renewed.is_wanted = true;
        }
    }
    const Standing standing = standing_of(zone, node);
    const Nsec3Hash hash = pass_.state().hasher.hash(name);
    Place& place = places_[hash];
    place.was_there = static_cast<bool>(old_.find(hash));
    place.is_wanted = pass_.has_nsec3(standing);
    place.bitmap.reset();
    if (!place.is_wanted) return;
    place.bitmap.emplace();
    append_type_bitmap(pass_.shown_types(node, standing), *place.bitmap);
}

/// Of what stood before a place in the old chain, and of the place below it: what stays. Asks the places
/// below, which have been linked.
std::optional<Nsec3Hash> Nsec3Repair::before(Places::const_iterator place) const {
    const auto settled = [this](const Nsec3Hash& hash) {
        const auto found = places_.find(hash);
        const bool goes = found != places_.end() && !found->second.is_wanted;
        return goes ? found->second.before : std::optional(hash);
    };
    std::optional<Nsec3Hash> out;
    if (const auto old = old_.before(place->first)) out = settled(*old);
    if (place == places_.begin()) return out;
    const auto below = settled(std::prev(place)->first);
    return std::max(out, below);  // none is the least
}

/// The same the other way. `above`: the first place after `hash`.
std::optional<Nsec3Hash> Nsec3Repair::after(const Nsec3Hash& hash,
                                            Places::const_iterator above) const {
    const auto settled = [this](const Nsec3Hash& at) {
        const auto found = places_.find(at);
        const bool goes = found != places_.end() && !found->second.is_wanted;
        return goes ? found->second.after : std::optional(at);
    };
    std::optional<Nsec3Hash> out;
    if (const auto old = old_.after(hash)) out = settled(*old);
    if (above == places_.end()) return out;
    const auto next = settled(above->first);
    return out && next ? std::min(out, next) : std::max(out, next);
}

/// Finds the neighbors of all places. Each asks the one beside it, so that a run of names that go is not
/// walked over for each of them.
void Nsec3Repair::link() {
    for (auto at = places_.begin(); at != places_.end(); ++at) at->second.before = before(at);
    for (auto at = places_.end(); at != places_.begin();) {
        const auto above = at--;
        at->second.after = after(at->first, above);
    }
    // The apex is among the places, and stays.
    const auto& [lowest, low] = *places_.begin();
    const auto& [highest, high] = *places_.rbegin();
    constexpr Nsec3Hash zero{};
    const auto first = old_.find(zero) ? std::optional(zero) : old_.after(zero);
    const auto last = old_.last();
    first_ = first && *first < lowest ? first : low.is_wanted ? std::optional(lowest) : low.after;
    last_ = last && *last > highest ? last : high.is_wanted ? std::optional(highest) : high.before;
}

void Nsec3Repair::write(const Nsec3Hash& hash) {
    const auto found = places_.find(hash);
    const NodeView node = old_.find(hash);
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
    const auto next =
        found != places_.end() ? found->second.after : after(hash, places_.upper_bound(hash));
    pass_.write_nsec3(hash, pass_.make_nsec3(next.value_or(*first_), bitmap), Fresh::none());
}

void Nsec3Repair::run() {
    for (const auto& [name, fresh] : touched_) place(name);
    link();
    std::vector<Nsec3Hash> all;
    for (const auto& [hash, place] : places_) {
        all.push_back(hash);
        if (place.was_there != place.is_wanted) all.push_back(place.before.value_or(*last_));
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
        return apex.find(RrType::NSEC) && !apex.find(RrType::NSEC3PARAM);
    }
    const Name owner =
        nsec3_owner(Nsec3Hasher(pass.policy().nsec3).hash(pass.zone().apex()), pass.zone().apex());
    const NodeView node = pass.zone().find_node(owner);
    const zone::RrSetView nsec3 = node ? node.find(RrType::NSEC3) : zone::RrSetView();
    if (!nsec3 || nsec3.count() != 1) return false;
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
