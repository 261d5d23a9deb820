#include "answer/denial.hpp"

#include <algorithm>
#include <optional>

namespace kith::answer {
namespace {

using dns::NameView;
using dns::RrType;
using zone::NodeView;
using zone::RrSetView;
using zone::Zone;

constexpr std::uint8_t wildcard_label[] = {1, '*'};
constexpr std::uint8_t opt_out_flag = 1;
constexpr std::size_t nsec3_fixed_bytes = 5;  // algorithm, flags, iterations, salt length

/// Whether a bitmap (RFC 4034 §4.1.2) has the type. One that is not well-formed has none behind its fault.
bool has_type(Bytes bitmap, RrType type) {
    const unsigned window = static_cast<unsigned>(type) >> 8;
    const unsigned bit = static_cast<unsigned>(type) & 0xff;
    while (bitmap.size() >= 2 && bitmap.size() >= 2U + bitmap[1]) {
        if (bitmap[0] == window) {
            return bit / 8 < bitmap[1] && (bitmap[2 + bit / 8] & (0x80U >> bit % 8)) != 0;
        }
        bitmap = bitmap.subspan(2U + bitmap[1]);
    }
    return false;
}

/// RFC 5155 §7.2.3: neither the type nor an alias that leads elsewhere.
bool shows_neither(Bytes bitmap, RrType type) {
    return !has_type(bitmap, type) && !has_type(bitmap, RrType::CNAME);
}

/// "*" in front of a name that has another name below it, so that there is room.
class WildcardName {
public:
    explicit WildcardName(NameView parent) {
        std::ranges::copy(wildcard_label, bytes_.begin());
        std::ranges::copy(parent.wire(), bytes_.begin() + sizeof wildcard_label);
        size_ = sizeof wildcard_label + parent.size();
    }
    NameView view() const { return NameView::unchecked(Bytes(bytes_).first(size_)); }

private:
    std::array<std::uint8_t, dns::name_bytes_max + sizeof wildcard_label> bytes_;
    std::size_t size_;
};

}  // namespace

Chain find_chain(const Zone& zone) {
    const NodeView apex = zone.apex_node();
    Chain chain;
    if (const RrSetView parameters = apex.find(RrType::NSEC3PARAM)) {
        chain.kind = Chain::Kind::unusable;
        for (const Bytes rdata : parameters) {
            // RFC 5155 §4.1.2: others than those with flags 0 are not complete.
            if (rdata.size() < nsec3_fixed_bytes || rdata[0] != dnssec::nsec3_sha1 || rdata[1] != 0)
                continue;
            chain.iterations = load_u16(rdata.data() + 2);
            if (chain.iterations > nsec3_iterations_max) {
                chain.kind = Chain::Kind::too_costly;
                continue;
            }
            chain.kind = Chain::Kind::nsec3;
            chain.salt = rdata.subspan(nsec3_fixed_bytes);
            return chain;
        }
    }
    if (apex.find(RrType::NSEC)) {
        chain.kind = Chain::Kind::nsec;
    } else if (chain.kind == Chain::Kind::none && apex.find(RrType::RRSIG)) {
        chain.kind = Chain::Kind::unusable;
    }
    return chain;
}

const Chain& DenialWork::chain_of(const Zone& zone) {
    if (chain_zone_ != zone.id()) {
        chain_ = find_chain(zone);
        chain_zone_ = zone.id();
    }
    return chain_;
}

void DenialWork::add(const Proof& proof) {
    const auto known = proofs();
    if (std::ranges::find(known, proof.node, &Proof::node) != known.end()) return;
    KITH_CHECK(proof_count_ < proofs_.size());  // follows from chain_steps_max
    proofs_[proof_count_++] = proof;
}

void Denial::add(NodeView node) {
    work_.add({&zone_, node, is_nsec() ? RrType::NSEC : RrType::NSEC3});
}

bool Denial::no_data(NodeView node, int labels, RrType type) {
    if (!has_chain()) return true;
    if (is_nsec()) return no_data_nsec(node, name_.suffix(labels), type);
    if (const NodeView found = match(labels)) {
        if (!has_neither(found, type)) return false;
        add(found);
        return true;
    }
    // RFC 5155 §7.2.4: not in the chain, because it is, or leads to, a delegation that opted out.
    return add_closest(labels) != 0;
}

bool Denial::no_name(const zone::Lookup& found) {
    if (!has_chain()) return true;
    const int labels = found.encloser_labels;
    if (is_nsec()) {
        const NodeView cover = nsec_cover(name_.view());
        const NodeView wildcard = wildcard_cover(labels);
        if (!cover || !wildcard) return false;
        add(cover);
        add(wildcard);
        return true;
    }
    const int provable = add_closest(labels);
    if (provable == 0) return false;
    const NodeView wildcard = wildcard_cover(provable);
    if (wildcard) add(wildcard);
    // What opted out may be there as well as its wildcard: such an answer is not a secure one.
    return wildcard || provable < labels;
}

bool Denial::from_wildcard(const zone::Lookup& found) {
    if (!has_chain()) return true;
    if (!is_nsec()) return add_cover(name_.suffix(found.encloser_labels + 1), OptOut::allowed);
    const NodeView cover = nsec_cover(name_.view());
    if (!cover) return false;
    add(cover);
    return true;
}

bool Denial::wildcard_no_data(const zone::Lookup& found, RrType type) {
    if (!has_chain()) return true;
    if (is_nsec()) {
        const WildcardName wildcard(name_.suffix(found.encloser_labels));
        return from_wildcard(found) && no_data_nsec(found.wildcard, wildcard.view(), type);
    }
    if (add_closest(found.encloser_labels) != found.encloser_labels) return false;
    const NodeView node = wildcard_match(found.encloser_labels);
    if (!node || !has_neither(node, type)) return false;
    add(node);
    return true;
}

// NSEC

/// The NSEC that says there is nothing at `name`; none when there is no such record.
NodeView Denial::nsec_cover(NameView name) const {
    const NodeView node = zone_.nsec_before(name);
    if (!node) return {};
    const auto next = NameView::from_wire(node.find(RrType::NSEC).rdata(0));
    if (!next) return {};
    // The last one names the apex.
    return name < *next || *next == zone_.apex() ? node : NodeView();
}

bool Denial::no_data_nsec(NodeView node, NameView name, RrType type) {
    const RrSetView nsec = node.find(RrType::NSEC);
    if (!nsec) {
        // RFC 4035 §3.1.3.2: an empty non-terminal has none; the one before it names a name below it.
        const bool is_empty = node.is_empty() || node.is_hash();
        const NodeView cover = is_empty ? nsec_cover(name) : NodeView();
        if (!cover) return false;
        add(cover);
        return true;
    }
    const Bytes rdata = nsec.rdata(0);
    const auto next = NameView::from_wire(rdata);
    if (!next || !shows_neither(rdata.subspan(next->size()), type)) return false;
    add(node);
    return true;
}

/// What covers "*" below the last `labels` labels of the name.
NodeView Denial::wildcard_cover(int labels) {
    DenialCache::Entry& entry = work_.cache.at(zone_.id(), name_.hash(labels));
    if (!entry.knows_wildcard) {
        const WildcardName wildcard(name_.suffix(labels));
        entry.wildcard = is_nsec() ? nsec_cover(wildcard.view()) : find_cover(wildcard.view());
        entry.knows_wildcard = true;
    }
    return entry.wildcard;
}

// NSEC3

/// The record of `node` that is of our chain.
std::optional<Denial::Nsec3> Denial::read_nsec3(NodeView node) const {
    for (const Bytes rdata : node.find(RrType::NSEC3)) {
        if (rdata.size() < nsec3_fixed_bytes || rdata[0] != dnssec::nsec3_sha1) continue;
        if (load_u16(rdata.data() + 2) != chain_.iterations) continue;
        const Bytes rest = rdata.subspan(nsec3_fixed_bytes - 1);  // from the length of the salt on
        if (rest.size() < 1U + rest[0] + 1 + nsec3_hash_bytes) continue;
        if (!std::ranges::equal(rest.subspan(1, rest[0]), chain_.salt)) continue;
        const Bytes next = rest.subspan(1U + rest[0]);
        if (next[0] != nsec3_hash_bytes) continue;
        return Nsec3{rdata[1], next.subspan(1, nsec3_hash_bytes),
                     next.subspan(1 + nsec3_hash_bytes)};
    }
    return std::nullopt;
}

NodeView Denial::find_match(NameView name) {
    HashedName hashed;
    work_.hasher.hash(name, chain_.salt, chain_.iterations, hashed);
    const NodeView node = zone_.nsec3_at(hashed.owner());
    return node && read_nsec3(node) ? node : NodeView();
}

NodeView Denial::match(int labels) {
    DenialCache::Entry& entry = work_.cache.at(zone_.id(), name_.hash(labels));
    if (!entry.knows_match) {
        entry.match = find_match(name_.suffix(labels));
        entry.knows_match = true;
    }
    return entry.match;
}

/// The NSEC3 of "*" below the last `labels` labels of the name.
NodeView Denial::wildcard_match(int labels) {
    const std::uint64_t hash =
        dns::child_hash(Bytes(wildcard_label).subspan(1), name_.hash(labels));
    DenialCache::Entry& entry = work_.cache.at(zone_.id(), hash);
    if (!entry.knows_match) {
        entry.match = find_match(WildcardName(name_.suffix(labels)).view());
        entry.knows_match = true;
    }
    return entry.match;
}

/// The NSEC3 whose span the hash of `name` falls into. None: the chain has a hole there, or the hash
/// is that of a name that exists (RFC 5155 §7.2.9).
NodeView Denial::find_cover(NameView name) {
    HashedName hashed;
    work_.hasher.hash(name, chain_.salt, chain_.iterations, hashed);
    NodeView node = zone_.nsec3_before(hashed.owner());
    const bool wrapped = !node;
    if (wrapped) node = zone_.last_nsec3();
    std::optional<Nsec3> nsec3;
    // Records of other chains may stand between ours while a zone changes its parameters.
    for (int tries = 0; node; node = zone_.nsec3_before(node.relative_owner())) {
        nsec3 = read_nsec3(node);
        if (nsec3) break;
        if (++tries == nsec3_foreign_max) return {};
    }
    if (!nsec3) return {};
    const bool ends_behind = std::ranges::lexicographical_compare(hashed.hash, nsec3->next);
    if (!wrapped && ends_behind) return node;
    // The last of the chain covers both ends: what is behind its owner, and in front of its next.
    dnssec::Nsec3Hash owner;
    if (!read_nsec3_owner(node.relative_owner(), owner)) return {};
    const bool is_last = !std::ranges::lexicographical_compare(owner, nsec3->next);
    return is_last && (!wrapped || ends_behind) ? node : NodeView();
}

bool Denial::add_cover(NameView name, OptOut opt_out) {
    const NodeView node = find_cover(name);
    if (!node) return false;
    if (opt_out == OptOut::required && (read_nsec3(node)->flags & opt_out_flag) == 0) return false;
    add(node);
    return true;
}

/// The proof of the closest encloser (RFC 5155 §7.2.1) from the last `labels` labels of the name upwards, which
/// exist: the NSEC3 of the first that has one, and what covers the name one label longer, if there is
/// one. Returns how many labels it has; 0: there is no proof. Only what opted out has no NSEC3.
int Denial::add_closest(int labels) {
    for (int at = labels; at >= zone_.apex_labels(); --at) {
        const NodeView node = match(at);
        if (!node) continue;
        const OptOut opt_out = at < labels ? OptOut::required : OptOut::allowed;
        if (!add_cover(name_.suffix(at + 1), opt_out)) return 0;
        add(node);
        return at;
    }
    return 0;
}

/// RFC 5155 §7.2.3 of a node with NSEC3.
bool Denial::has_neither(NodeView node, RrType type) const {
    return shows_neither(read_nsec3(node)->bitmap, type);
}

}  // namespace kith::answer
