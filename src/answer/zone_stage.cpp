// Answering from local zones: the algorithm of RFC 1034 §4.3.2 step 3 as amended by RFC 2308
// (negative answers), RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 8482 (ANY), RFC 9471 (glue) and, for
// queries with DO, RFC 4035 §3.1 and RFC 5155 §7.2 (signatures and proofs; denial.hpp).
//
// zone::Zone::find() has walked the tree: it knows the exact node or the closest encloser, the
// topmost cut and the topmost DNAME above the name. What is left is the order in which they count:
// whatever is higher in the tree wins, so a cut hides the DNAMEs and nodes below it.

#include "answer/records.hpp"
#include "dns/rdata.hpp"

namespace kith::answer {
namespace {

using dns::RrType;
using dns::Section;
using zone::NodeView;
using zone::RrSetView;

void set_authoritative(Exchange& exchange) {
    // RFC 1035 §4.1.1: with aliases, AA speaks of the first owner name in the answer.
    if (exchange.query.steps == 0) exchange.response.set_flag(dns::Header::aa);
}

Verdict broken_zone(Exchange& exchange, std::string_view why) {
    exchange.worker.denial.clear();
    exchange.query.rcode = dns::Rcode::SERVFAIL;
    exchange.query.explain(dns::EdeCode::invalid_data, why);
    return Verdict::answered;
}

/// The zone that answers for a name: the deepest one, but for the type DS at its apex the one
/// above, where DS records are (RFC 4035 §3.1.4.1). Without the one above, the zone says NODATA.
const zone::Zone& responsible_zone(const Exchange& exchange) {
    const Query& query = exchange.query;
    const int labels = query.target().label_count();
    if (query.type() != RrType::DS || query.zone->apex_labels() != labels) return *query.zone;
    const zone::Zone* const above = exchange.snapshot.zones.find_above(query.target(), labels);
    return above != nullptr ? *above : *query.zone;
}

/// True when upstreams are configured for a name inside the zone that is at or above the target.
bool has_upstreams_below(const Exchange& exchange) {
    const Query& query = exchange.query;
    return query.forwarding && query.wants_recursion() &&
           exchange.snapshot.forward_labels(query.target()) > query.zone->apex_labels();
}

/// Answers one name from one zone, or from the records that lie in no zone.
class ZoneAnswer {
public:
    ZoneAnswer(Exchange& exchange, const zone::Zone& zone)
        : exchange_(exchange), query_(exchange.query), zone_(zone) {}

    Verdict answer() {
        const zone::Lookup found = find_target();
        if (found.dname) return substitute(found.dname, found.dname_labels);
        if (found.cut && !answers_at_cut(found)) return refer(found.cut, found.cut_labels);
        set_authoritative(exchange_);
        if (found.exact) return answer_node(found.exact);
        if (applies(found, query_.target())) {
            expanded_ = &found;
            return answer_node(found.wildcard);
        }
        query_.rcode = dns::Rcode::NXDOMAIN;
        return deny([&](Denial& denial) { return denial.no_name(found); });
    }

    /// For the records outside all zones: only a name that owns some is answered, there are no
    /// cuts, and what denies is an SOA made for the name. The root is there to hold them together.
    Verdict answer_owned() {
        made_soa_ = true;
        if (query_.target().label_count() == 1) return Verdict::next;
        const zone::Lookup found = zone_.find(query_.target());
        if (found.dname) return substitute(found.dname, found.dname_labels);
        const NodeView node = found.exact && !found.exact.is_empty()            ? found.exact
                              : !found.exact && applies(found, query_.target()) ? found.wildcard
                                                                                : NodeView{};
        if (!node) return Verdict::next;
        set_authoritative(exchange_);
        return answer_node(node);
    }

private:
    /// What approach() found is of the question in its own zone, not of an alias or the zone above.
    zone::Lookup find_target() const {
        const bool approached = query_.likely && query_.steps == 0 && query_.zone == &zone_;
        return approached ? zone_.find(query_.qname, *query_.likely) : zone_.find(query_.target());
    }

    /// RFC 4035 §3.1.4.1: DS at a cut is the parent's.
    bool answers_at_cut(const zone::Lookup& found) const {
        return query_.type() == RrType::DS && found.cut_labels == query_.target().label_count();
    }

    /// NanoDNS wildcards cover one label, those of zone files any number (RFC 4592 §2.1.1).
    static bool applies(const zone::Lookup& found, const dns::LookupName& name) {
        return found.wildcard && (!found.wildcard.one_label_wildcard() ||
                                  name.label_count() == found.encloser_labels + 1);
    }

    /// Where the addresses of a name server are: glue, data of this zone, or a wildcard's.
    NodeView find_server(const dns::LookupName& host) const {
        if (const NodeView node = zone_.find_node(host)) return node;
        const zone::Lookup found = zone_.find(host);
        return !found.cut && !found.dname && applies(found, host) ? found.wildcard : NodeView{};
    }

    Verdict answer_node(NodeView node) {
        Owner owner = target_owner(query_);
        if (query_.type() == RrType::ANY) return answer_any(node, owner);
        const RrSetView rrset = node.find(query_.type());
        if (rrset && rrset.type() != RrType::NSEC3) {
            if (!proves_expansion()) return broken_chain();
            if (add_signed(exchange_, Section::answer, owner, node, rrset, Order::rotated,
                           Need::required) &&
                add_proofs(exchange_)) {
                add_additional(exchange_, rrset);
            }
            return Verdict::answered;
        }
        if (!node.has_cname()) return deny_type(node);
        const RrSetView cname = node.find(RrType::CNAME);
        if (!cname) return broken_zone(exchange_, "node without its CNAME");
        if (!proves_expansion()) return broken_chain();
        return add_alias(owner, cname.ttl(), cname.rdata(0), node);
    }

    /// Adds a CNAME, with its signatures when `node` has it, and goes on with its target.
    Verdict add_alias(Owner& owner, std::uint32_t ttl, Bytes rdata, NodeView node = {}) {
        const dns::MessageBuilder::Mark mark = exchange_.response.mark();
        if (!add_record(exchange_, Section::answer, owner, RrType::CNAME, ttl, rdata)) {
            return Verdict::answered;
        }
        const std::uint16_t offset = exchange_.response.last_name_offset();
        if (node && query_.wants_dnssec() &&
            !add_signatures(exchange_, Section::answer, owner, node, RrType::CNAME, ttl,
                            Need::required)) {
            exchange_.response.rewind(mark);
            return Verdict::answered;
        }
        return follow_alias(exchange_, dns::NameView::unchecked(rdata), offset);
    }

    /// RFC 8482 §4.1: one RRset of those at the name, unless the configuration wants them all. NSEC3 are
    /// at no name; with DO each RRset comes with its signatures, not these as an RRset of their own.
    Verdict answer_any(NodeView node, Owner& owner) {
        const bool all = exchange_.snapshot.options.any == AnyPolicy::all;
        RrSetView first;
        for (const RrSetView rrset : node.rrsets()) {
            if (rrset.type() == RrType::NSEC3) continue;
            const bool is_data = rrset.type() != RrType::RRSIG && rrset.type() != RrType::NSEC;
            if (!first || is_data) first = rrset;
            if (is_data) break;
        }
        if (!first) return deny_type(node);
        if (!proves_expansion()) return broken_chain();
        bool has_room = true;
        for (const RrSetView rrset : node.rrsets()) {
            if (!all && rrset.type() != first.type()) continue;
            if (rrset.type() == RrType::NSEC3) continue;
            if (all && rrset.type() == RrType::RRSIG && query_.wants_dnssec()) continue;
            has_room = has_room && add_signed(exchange_, Section::answer, owner, node, rrset,
                                              Order::rotated, Need::required);
        }
        if (has_room) add_proofs(exchange_);
        return Verdict::answered;
    }

    /// Finds the proof that the wildcard was the right answer, when one was (RFC 4035 §3.1.3.3).
    bool proves_expansion() {
        if (expanded_ == nullptr || !query_.wants_dnssec() || made_soa_) return true;
        return Denial(exchange_.worker.denial, zone_, query_.target()).from_wildcard(*expanded_);
    }

    Verdict broken_chain() {
        exchange_.worker.denial.clear();
        query_.rcode = dns::Rcode::SERVFAIL;
        query_.explain(dns::EdeCode::nsec_missing, "the zone's chain of denials is broken");
        return Verdict::answered;
    }

    /// NODATA at a name that is `node`, or that a wildcard stands for.
    Verdict deny_type(NodeView node) {
        return deny([&](Denial& denial) {
            if (expanded_ != nullptr) return denial.wildcard_no_data(*expanded_, query_.type());
            return denial.no_data(node, query_.target().label_count(), query_.type());
        });
    }

    /// Finds a proof with `find(Denial&)` if the query wants one. False: the chain is broken.
    template <class Find>
    bool prove(Find find) {
        if (!query_.wants_dnssec() || made_soa_) return true;
        Denial denial(exchange_.worker.denial, zone_, query_.target());
        if (denial.kind() == Chain::Kind::too_costly) {
            query_.explain(dns::EdeCode::unsupported_nsec3_iterations);
        } else if (denial.kind() == Chain::Kind::unusable) {
            query_.explain(dns::EdeCode::nsec_missing);
        }
        return find(denial);
    }

    /// NODATA or, with the rcode set before, NXDOMAIN: the SOA with the negative TTL (RFC 2308 §3), and
    /// the proof that `find` finds.
    template <class Find>
    Verdict deny(Find find) {
        constexpr std::uint32_t made_ttl = 300;
        if (made_soa_) {
            add_made_soa(exchange_, Section::authority, target_owner(query_), made_ttl);
            return Verdict::answered;
        }
        const RrSetView soa = zone_.apex_node().find(RrType::SOA);
        if (!soa || soa.rdata(0).size() < 20) return broken_zone(exchange_, "zone without SOA");
        const Bytes rdata = soa.rdata(0);
        const std::uint32_t minimum = load_u32(rdata.data() + rdata.size() - 4);
        if (!prove(find)) return broken_chain();
        if (add_zone_soa(exchange_, zone_, std::min(soa.ttl(), minimum), rdata)) {
            add_proofs(exchange_);
        }
        return Verdict::answered;
    }

    /// RFC 6672 §3.2 step 3C: the DNAME, and the CNAME it means for this name.
    Verdict substitute(NodeView node, int labels) {
        const RrSetView dname = node.find(RrType::DNAME);
        if (!dname) return broken_zone(exchange_, "node without its DNAME");
        set_authoritative(exchange_);
        if (!add_dname_once(exchange_, labels, node, dname)) return Verdict::answered;
        const dns::LookupName& target = query_.target();
        // In the client's spelling where there is one, so that the CNAME's labels keep their case.
        const Bytes spelled = query_.steps == 0 ? query_.view.qname : target.view().wire();
        const Bytes prefix = spelled.first(target.offset(labels));
        const Bytes new_suffix = dname.rdata(0);
        if (prefix.size() + new_suffix.size() > dns::name_bytes_max) {
            query_.rcode = dns::Rcode::YXDOMAIN;
            return Verdict::answered;
        }
        std::array<std::uint8_t, dns::name_bytes_max> name;
        std::ranges::copy(prefix, name.begin());
        std::ranges::copy(new_suffix, name.begin() + static_cast<std::ptrdiff_t>(prefix.size()));
        const Bytes substituted(name.data(), prefix.size() + new_suffix.size());
        Owner owner = target_owner(query_);
        if (query_.type() == RrType::CNAME) {
            add_record(exchange_, Section::answer, owner, RrType::CNAME, dname.ttl(), substituted);
            return Verdict::answered;  // §3.1: the CNAME is what was asked for
        }
        return add_alias(owner, dname.ttl(), substituted);
    }

    /// A referral: the NS of the cut, and the addresses without which nobody gets there. Glue for
    /// name servers at or below the cut is part of the referral: if it does not fit, TC (RFC 9471
    /// §3). Other addresses of this zone are a courtesy.
    Verdict refer(NodeView cut, int labels) {
        const RrSetView ns = cut.find(RrType::NS);
        if (!ns) return broken_zone(exchange_, "cut without NS");
        const RrSetView ds = query_.wants_dnssec() ? cut.find(RrType::DS) : RrSetView();
        // RFC 4035 §3.1.4: the DS of a cut, or the proof that it has none.
        if (!ds &&
            !prove([&](Denial& denial) { return denial.no_data(cut, labels, RrType::DS); })) {
            return broken_chain();
        }
        Owner owner = target_suffix(query_, labels);
        if (!add_rrset(exchange_, Section::authority, owner, ns, Order::stored, Need::required)) {
            return Verdict::answered;
        }
        if (ds && !add_signed(exchange_, Section::authority, owner, cut, ds, Order::stored,
                              Need::required)) {
            return Verdict::answered;
        }
        if (!add_proofs(exchange_)) return Verdict::answered;
        if (add_glue(ns, owner.name, Need::required)) add_glue(ns, owner.name, Need::courtesy);
        return Verdict::answered;
    }

    /// Adds the glue that is required, or the rest; false when the message is full.
    bool add_glue(const RrSetView& ns, dns::NameView cut, Need need) {
        dns::LookupName& lookup = exchange_.worker.additional;
        for (const Bytes rdata : ns) {
            const dns::NameView host = dns::NameView::unchecked(rdata);
            if (host.is_under(cut) != (need == Need::required)) continue;
            if (!host.is_under(zone_.apex())) continue;
            lookup.assign(host);
            const NodeView node = find_server(lookup);
            if (!node) continue;
            Owner owner{host};
            for (const RrType type : {RrType::A, RrType::AAAA}) {
                const RrSetView addresses = node.find(type);
                if (!addresses) continue;
                if (!add_signed(exchange_, Section::additional, owner, node, addresses,
                                Order::stored, need))
                    return false;
            }
        }
        return true;
    }

    Exchange& exchange_;
    Query& query_;
    const zone::Zone& zone_;
    const zone::Lookup* expanded_ = nullptr;  // whose wildcard stands for the target
    bool made_soa_ = false;
};

}  // namespace

Verdict answer_from_zones(Exchange& exchange) {
    if (exchange.query.zone == nullptr) return Verdict::next;
    if (has_upstreams_below(exchange)) return Verdict::next;
    return ZoneAnswer(exchange, responsible_zone(exchange)).answer();
}

/// Stands behind the zones: a declared zone owns all its names. Before the special-use names: a
/// record for `printer.local` or a private PTR is the user's word.
Verdict answer_from_records(Exchange& exchange) {
    const Query& query = exchange.query;
    if (exchange.snapshot.records == nullptr || query.zone != nullptr) return Verdict::next;
    return ZoneAnswer(exchange, *exchange.snapshot.records).answer_owned();
}

}  // namespace kith::answer
