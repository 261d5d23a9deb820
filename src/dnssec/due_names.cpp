#include "dnssec/due_names.hpp"

#include <algorithm>

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;
using zone::Zone;

class Look {
public:
    Look(const SignerState& state, const Zone& zone, UnixTime now, DueNames& out)
        : state_(state), zone_(zone), now_(now), out_(out) {}

    bool is_due(NodeView node);

private:
    bool read_signatures(NodeView node);
    bool is_surplus(const Rrsig& rrsig) const;
    bool is_signed_well(const SignedSet& set);

    const SignerState& state_;
    const Zone& zone_;
    UnixTime now_;
    DueNames& out_;
    const std::uint32_t denial_ttl_ = denial_ttl(zone_);
    const RrType denial_ = state_.policy.denial == Denial::nsec ? RrType::NSEC : RrType::NSEC3;
    std::vector<Rrsig> rrsigs_;  // of the name looked at
};

/// Whether this is a signature by a key that does not sign such RRsets.
bool Look::is_surplus(const Rrsig& rrsig) const {
    if (is_key_type(rrsig.covered) && !state_.keys.imported_signatures.empty()) return false;
    const auto signers = state_.signers.signers(rrsig.covered);
    return std::ranges::none_of(signers, [&](const RrsetSigner& signer) {
        return signer.key().tag() == rrsig.key_tag && signer.key().algorithm() == rrsig.algorithm;
    });
}

/// False when one of them is to go.
bool Look::read_signatures(NodeView node) {
    rrsigs_.clear();
    const RrSetView there = node.find(RrType::RRSIG);
    for (int i = 0; there && i < there.count(); ++i) {
        const auto rrsig = Rrsig::read(there.rdata(i));
        if (!rrsig || is_surplus(*rrsig)) return false;
        rrsigs_.push_back(*rrsig);
    }
    return true;
}

/// By all the keys that sign it, and for long enough.
bool Look::is_signed_well(const SignedSet& set) {
    return std::ranges::all_of(state_.signers.signers(set.type), [&](const RrsetSigner& signer) {
        const auto good = std::ranges::find_if(rrsigs_, [&](const Rrsig& rrsig) {
            return is_current(rrsig, set, signer.key(), zone_.apex(), now_, state_.policy.refresh);
        });
        if (good == rrsigs_.end()) return false;
        const UnixTime due = signature_time(good->expiration, now_) - state_.policy.refresh;
        if (out_.first_due == 0 || due < out_.first_due) out_.first_due = due;
        return true;
    });
}

bool Look::is_due(NodeView node) {
    const auto any = [](RrType) { return true; };
    if (node.relative_owner().empty() && !shows_made_sets(state_, zone_, any)) return true;
    if (!read_signatures(node)) return true;
    const Standing standing = standing_of(zone_, node);
    const Name owner = node.owner(zone_.apex());
    for (const RrSetView rrset : node.rrsets()) {
        const RrType type = rrset.type();
        out_.ttl_max = std::max(out_.ttl_max, rrset.ttl());
        const bool is_signed = type == RrType::NSEC
                                   ? has_nsec(standing)
                                   : type == RrType::NSEC3 || is_signed_here(standing, type);
        if (!is_signed) continue;
        if (type == denial_ && rrset.ttl() != denial_ttl_) return true;
        if (!is_signed_well({owner, type, zone_.klass(), rrset.ttl()})) return true;
    }
    return false;
}

}  // namespace

bool shows_made_sets(const SignerState& state, const Zone& zone, bool (*which)(RrType type)) {
    const std::vector<MadeSet> made = make_apex_sets(state, zone, CsyncSerial::stays);
    const NodeView apex = zone.apex_node();
    for (const RrSetView rrset : apex.rrsets()) {
        const bool is_wanted = std::ranges::find(made, rrset.type(), &MadeSet::type) != made.end();
        if (is_managed(state.policy, rrset.type()) && which(rrset.type()) && !is_wanted)
            return false;
    }
    return std::ranges::all_of(made, [&](const MadeSet& set) {
        if (!which(set.type)) return true;
        const RrSetView there = apex.find(set.type);
        return set.type == RrType::ZONEMD ? static_cast<bool>(there) : same_records(there, set);
    });
}

DueNames find_due(const SignerState& state, const Zone& zone, NameView from, UnixTime now,
                  const DueLimits& limits) {
    DueNames out;
    Look look(state, zone, now, out);
    zone::Cursor at = zone.lower_bound(from);
    for (std::size_t nodes = 0; at && nodes < limits.nodes && out.owners.size() < limits.owners;
         at.next(), ++nodes) {
        if (look.is_due(at.node())) out.owners.push_back(at.node().owner(zone.apex()));
    }
    out.at_end = !at;
    out.next = at ? at.node().owner(zone.apex()) : Name(zone.apex());
    return out;
}

}  // namespace kith::dnssec
