#include "dnssec/signing_pass.hpp"

#include <algorithm>

#include "crypto/digest.hpp"
#include "dnssec/type_bitmap.hpp"
#include "dnssec/zonemd.hpp"

namespace kith::dnssec {
namespace {

using zone::NodeView;
using zone::RrSetView;

}  // namespace

bool same_records(const RrSetView& rrset, const MadeSet& made) {
    if (!rrset || rrset.ttl() != made.ttl || rrset.count() != made.rdatas.size()) return false;
    return std::ranges::all_of(made.rdatas, [&](const auto& rdata) {
        for (const Bytes there : rrset) {
            if (std::ranges::equal(there, rdata)) return true;
        }
        return false;
    });
}

bool is_managed(const SigningPolicy& policy, RrType type) {
    if (type == RrType::CSYNC) return policy.csync != CsyncRule::keep;
    return is_key_type(type) || type == RrType::NSEC3PARAM || type == RrType::ZONEMD;
}

std::vector<MadeSet> make_apex_sets(const SignerState& state, const zone::Zone& zone,
                                    CsyncSerial csync) {
    const SigningPolicy& policy = state.policy;
    std::vector<MadeSet> out;
    for (const RrType type : {RrType::DNSKEY, RrType::CDS, RrType::CDNSKEY}) {
        auto rdatas = key_records(state.apex, state.keys, type, policy.cds_digests);
        if (!rdatas.empty()) out.push_back({type, policy.dnskey_ttl, std::move(rdatas)});
    }
    if (auto rdata = make_csync(zone, policy.csync, csync)) {
        const std::uint32_t ttl = zone.apex_node().find(RrType::NS).ttl();
        out.push_back({RrType::CSYNC, ttl, {std::move(*rdata)}});
    }
    if (policy.denial == Denial::nsec3) {
        out.push_back({RrType::NSEC3PARAM, denial_ttl(zone), {make_nsec3param(policy.nsec3)}});
    }
    if (policy.zonemd != ZonemdHash::none) {
        // Holds the place until all else is there to be digested; never equal to what it becomes.
        const auto kind = policy.zonemd == ZonemdHash::sha384 ? crypto::DigestKind::sha384
                                                              : crypto::DigestKind::sha512;
        std::vector<std::uint8_t> rdata(6 + crypto::digest_bytes(kind));
        store_u32(rdata.data(), zone.serial());
        rdata[4] = 1;
        rdata[5] = static_cast<std::uint8_t>(policy.zonemd);
        const RrSetView soa = zone.apex_node().find(RrType::SOA);
        out.push_back({RrType::ZONEMD, soa.ttl(), {std::move(rdata)}});
    }
    std::ranges::sort(out, {}, &MadeSet::type);
    return out;
}

SigningPass::SigningPass(SignerState& state, const zone::Zone& zone, UnixTime now, Rng& rng,
                         SignSink& sink, CsyncSerial csync)
    : state_(state),
      zone_(zone),
      now_(now),
      rng_(rng),
      sink_(sink),
      denial_ttl_(dnssec::denial_ttl(zone)),
      made_(make_apex_sets(state, zone, csync)) {}

void SigningPass::remove_set(NameView owner, const RrSetView& rrset) {
    for (const Bytes rdata : rrset) sink_.remove({owner, rrset.type(), rrset.ttl(), rdata});
}

void SigningPass::write_made_sets(Fresh& fresh) {
    const NodeView apex = zone_.apex_node();
    for (const RrSetView rrset : apex.rrsets()) {
        const bool is_made = std::ranges::any_of(made_, [&](const MadeSet& made) {
            return same_records(rrset, made) && made.type == rrset.type();
        });
        if (is_managed(rrset.type()) && !is_made) remove_set(state_.apex, rrset);
    }
    for (const MadeSet& made : made_) {
        const bool is_there = same_records(apex.find(made.type), made);
        if (!is_there) fresh.insert(made.type);
        for (const auto& rdata : made.rdatas) {
            const SinkRecord record{state_.apex, made.type, made.ttl, rdata};
            if (is_there) {
                sink_.keep(record);
            } else {
                sink_.add(record);
            }
        }
    }
}

void SigningPass::read_signatures(NodeView node, Heap heap) {
    old_.clear();
    const RrSetView rrsigs = node ? node.find(RrType::RRSIG) : RrSetView();
    if (!rrsigs) return;
    for (const Bytes rdata : rrsigs) {
        const auto rrsig = Rrsig::read(rdata);
        // What is no RRSIG is removed with the data's.
        const RrType covered = rrsig ? rrsig->covered : RrType{};
        const Heap its = covered == RrType::NSEC    ? Heap::nsec
                         : covered == RrType::NSEC3 ? Heap::nsec3
                                                    : Heap::data;
        if (its != heap) continue;
        old_.push_back({rrsig.value_or(Rrsig{}), rdata, rrsigs.record_ttl(rdata), false});
    }
}

void SigningPass::drop_signatures(NameView owner) {
    for (const OldSignature& old : old_) {
        if (!old.kept) sink_.remove({owner, RrType::RRSIG, old.ttl, old.rdata});
    }
}

bool SigningPass::keep_signature(NameView owner, const SignedSet& set, const ZoneKey& key) {
    if (state_.signers.is_ambiguous(key)) return false;
    for (OldSignature& old : old_) {
        if (old.kept || !is_current(old.rrsig, set, key, state_.apex, now_, policy().refresh)) {
            continue;
        }
        old.kept = true;
        sink_.keep({owner, RrType::RRSIG, old.ttl, old.rdata});
        return true;
    }
    return false;
}

SignatureTimes SigningPass::times(RrType type) {
    UnixTime validity = policy().validity;
    // The keys are few and renewed together; jitter would only shorten their signatures.
    if (!is_key_type(type) && policy().jitter > 0) {
        validity -= rng_.below(static_cast<std::uint32_t>(policy().jitter) + 1);
    }
    return {now_ - policy().inception_skew, now_ + validity};
}

template <class Canonical>
void SigningPass::sign_set(NameView owner, const SignedSet& set, const Fresh& fresh,
                           Canonical canonical) {
    std::optional<Bytes> form;
    for (RrsetSigner& signer : state_.signers.signers(set.type)) {
        if (!fresh.contains(set.type) && keep_signature(owner, set, signer.key())) continue;
        if (!form) form = canonical();
        const auto rdata = signer.sign(set, *form, times(set.type));
        if (!rdata) {
            error_ = SignError{SignFault::library, owner, set.type};
            return;
        }
        sink_.add({owner, RrType::RRSIG, set.ttl, *rdata});
    }
    if (is_key_type(set.type)) add_imported(owner, set);
}

/// Signatures from where the key signing key is. They are not checked: whoever brought them did that.
void SigningPass::add_imported(NameView owner, const SignedSet& set) {
    for (const auto& rdata : state_.keys.imported_signatures) {
        const auto rrsig = Rrsig::read(rdata);
        if (!rrsig || rrsig->covered != set.type ||
            signature_time(rrsig->expiration, now_) < now_) {
            continue;
        }
        const auto same = std::ranges::find_if(old_, [&](const OldSignature& old) {
            return !old.kept && std::ranges::equal(old.rdata, rdata);
        });
        const SinkRecord record{owner, RrType::RRSIG, rrsig->original_ttl, rdata};
        if (same != old_.end()) {
            same->kept = true;
            sink_.keep(record);
        } else {
            sink_.add(record);
        }
    }
}

void SigningPass::sign_data(NodeView node, Standing standing, const Fresh& fresh) {
    const Name owner = node.owner(state_.apex);
    const Name lower = owner.lowered();
    const bool is_apex = node.relative_owner().empty();
    read_signatures(node, Heap::data);
    for (const RrSetView rrset : node.rrsets()) {
        const RrType type = rrset.type();
        if (!is_signed_here(standing, type) || (is_apex && is_managed(type))) continue;
        const SignedSet set{lower, type, zone_.klass(), rrset.ttl()};
        sign_set(owner, set, fresh, [&] {
            return state_.canonicalizer.rrset({lower, type, set.klass, set.ttl}, rrset);
        });
    }
    if (is_apex) {
        for (const MadeSet& made : made_) {
            const SignedSet set{lower, made.type, zone_.klass(), made.ttl};
            sign_set(owner, set, fresh, [&] {
                const std::vector<Bytes> rdatas(made.rdatas.begin(), made.rdatas.end());
                return state_.canonicalizer.rrset({lower, set.type, set.klass, set.ttl}, rdatas);
            });
        }
    }
    drop_signatures(owner);
}

void SigningPass::write_denial(NameView owner, NodeView node, RrType type, Bytes rdata,
                               const Fresh& fresh) {
    const RrSetView there = node ? node.find(type) : RrSetView();
    const bool is_there = there && there.count() == 1 && there.ttl() == denial_ttl_ &&
                          std::ranges::equal(there.rdata(0), rdata);
    const SinkRecord record{owner, type, denial_ttl_, rdata};
    if (is_there) {
        sink_.keep(record);
    } else {
        if (there) remove_set(owner, there);
        sink_.add(record);
    }
    read_signatures(node, type == RrType::NSEC ? Heap::nsec : Heap::nsec3);
    const Name lower = Name(owner).lowered();
    const SignedSet set{lower, type, zone_.klass(), denial_ttl_};
    sign_set(owner, set, is_there ? fresh : Fresh::all(), [&] {
        return state_.canonicalizer.rrset({lower, type, set.klass, set.ttl}, {&rdata, 1});
    });
    drop_signatures(owner);
}

void SigningPass::write_nsec(NodeView node, Standing standing, NodeView next, const Fresh& fresh) {
    std::vector<RrType> types = shown_types(node, standing);
    types.insert(std::ranges::upper_bound(types, RrType::NSEC), RrType::NSEC);
    const Name next_owner = next.owner(state_.apex);
    std::vector<std::uint8_t> rdata(next_owner.wire().begin(), next_owner.wire().end());
    append_type_bitmap(types, rdata);
    write_denial(node.owner(state_.apex), node, RrType::NSEC, rdata, fresh);
}

void SigningPass::write_nsec3(const Nsec3Hash& hash, Bytes rdata, const Fresh& fresh) {
    const Name owner = nsec3_owner(hash, state_.apex);
    write_denial(owner, zone_.find_node(owner), RrType::NSEC3, rdata, fresh);
}

void SigningPass::remove_denial(NodeView node, RrType type) {
    const RrSetView there = node.find(type);
    read_signatures(node, type == RrType::NSEC ? Heap::nsec : Heap::nsec3);
    if (!there && old_.empty()) return;
    const Name owner = node.owner(state_.apex);
    if (there) remove_set(owner, there);
    drop_signatures(owner);
}

std::vector<RrType> SigningPass::shown_types(NodeView node, Standing standing) const {
    std::vector<RrType> types;
    const bool is_apex = node.relative_owner().empty();
    bool is_signed = policy().denial == Denial::nsec;  // by its NSEC at least
    for (const RrSetView rrset : node.rrsets()) {
        if (!is_shown_here(standing, rrset.type()) || (is_apex && is_managed(rrset.type())))
            continue;
        types.push_back(rrset.type());
        is_signed |= is_signed_here(standing, rrset.type());
    }
    if (is_apex) {
        for (const MadeSet& made : made_) types.push_back(made.type);
    }
    if (is_signed) types.push_back(RrType::RRSIG);
    std::ranges::sort(types);
    return types;
}

bool SigningPass::has_nsec3(Standing standing) const {
    if (standing == Standing::absent) return false;
    return standing != Standing::insecure_delegation || policy().opt_out == OptOut::no;
}

std::vector<std::uint8_t> SigningPass::make_nsec3(const Nsec3Hash& next, Bytes bitmap) const {
    std::vector<std::uint8_t> rdata = make_nsec3param(policy().nsec3);
    rdata[1] = policy().opt_out == OptOut::yes ? nsec3_opt_out : 0;
    rdata.push_back(static_cast<std::uint8_t>(next.size()));
    rdata.insert(rdata.end(), next.begin(), next.end());
    rdata.insert(rdata.end(), bitmap.begin(), bitmap.end());
    return rdata;
}

void SigningPass::sign_zonemd(Bytes rdata) {
    old_.clear();
    const Name lower = state_.apex.lowered();
    const auto made = std::ranges::find(made_, RrType::ZONEMD, &MadeSet::type);
    const SignedSet set{lower, RrType::ZONEMD, zone_.klass(), made->ttl};
    sign_set(zone_.apex(), set, Fresh::all(), [&] {
        return state_.canonicalizer.rrset({lower, set.type, set.klass, set.ttl}, {&rdata, 1});
    });
}

}  // namespace kith::dnssec
