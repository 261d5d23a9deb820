// Special-use names (special_names.hpp), answered here so that they never leak: behind local
// data, which may serve any of them, and before forwarding. Names that the configuration gives
// upstreams of their own pass (RFC 6303 §3: it must be possible, zone by zone).

#include "answer/records.hpp"

namespace kith::answer {
namespace {

constexpr std::uint32_t special_ttl = 10800;  // RFC 6303 §3
constexpr std::uint8_t localhost_name[] = {9, 'l', 'o', 'c', 'a', 'l', 'h', 'o', 's', 't', 0};
constexpr std::uint8_t loopback_v4[] = {127, 0, 0, 1};
constexpr std::uint8_t loopback_v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

Verdict answer(Exchange& exchange, dns::RrType type, Bytes rdata) {
    Owner owner = target_owner(exchange.query);
    add_record(exchange, dns::Section::answer, owner, type, special_ttl, rdata);
    return Verdict::answered;
}

Verdict deny(Exchange& exchange, int apex_labels) {
    add_made_soa(exchange, dns::Section::authority, target_suffix(exchange.query, apex_labels),
                 special_ttl);
    return Verdict::answered;
}

/// Answers at or below the apex of a zone that has SOA and NS only.
Verdict answer_empty_zone(Exchange& exchange, int apex_labels) {
    Query& query = exchange.query;
    if (query.target().label_count() != apex_labels) {
        query.rcode = dns::Rcode::NXDOMAIN;
        return deny(exchange, apex_labels);
    }
    if (query.type() == dns::RrType::SOA || query.type() == dns::RrType::ANY) {
        add_made_soa(exchange, dns::Section::answer, target_owner(query), special_ttl);
        return Verdict::answered;
    }
    if (query.type() == dns::RrType::NS) {
        return answer(exchange, dns::RrType::NS, query.target().view().wire());
    }
    return deny(exchange, apex_labels);
}

Verdict answer_localhost(Exchange& exchange, int apex_labels) {
    const dns::RrType type = exchange.query.type();
    const bool any = type == dns::RrType::ANY;
    if (any || type == dns::RrType::A) return answer(exchange, dns::RrType::A, loopback_v4);
    if (type == dns::RrType::AAAA) return answer(exchange, dns::RrType::AAAA, loopback_v6);
    return deny(exchange, apex_labels);
}

Verdict answer_loopback(Exchange& exchange, int apex_labels) {
    const Query& query = exchange.query;
    const bool pointer = query.type() == dns::RrType::PTR || query.type() == dns::RrType::ANY;
    if (pointer && query.target().label_count() == apex_labels) {
        return answer(exchange, dns::RrType::PTR, localhost_name);
    }
    return answer_empty_zone(exchange, apex_labels);
}

/// The special name that decides about the target. DS at the name itself is a question about its
/// parent, which the public DNS can answer: validators need to see that nothing is signed here.
SpecialNames::Match find_special(const Exchange& exchange) {
    const Query& query = exchange.query;
    const int labels = query.target().label_count();
    const SpecialNames& names = exchange.snapshot.special_names;
    const SpecialNames::Match match = names.find(query.target(), labels);
    if (match.labels == labels && query.type() == dns::RrType::DS) {
        return names.find(query.target(), labels - 1);
    }
    return match;
}

/// The empty zone that a name inside one belongs to.
SpecialNames::Match zone_around(const Exchange& exchange, SpecialNames::Match match) {
    while (match.kind == SpecialKind::inside) {
        match = exchange.snapshot.special_names.find(exchange.query.target(), match.labels - 1);
    }
    return match;
}

}  // namespace

Verdict answer_special(Exchange& exchange) {
    const Query& query = exchange.query;
    const SpecialNames::Match match = find_special(exchange);
    if (!match) return Verdict::next;
    if (exchange.snapshot.forward_labels(query.target()) != 0) return Verdict::next;
    if (query.steps == 0) exchange.response.set_flag(dns::Header::aa);
    switch (match.kind) {
        case SpecialKind::empty_zone: return answer_empty_zone(exchange, match.labels);
        case SpecialKind::no_data: return deny(exchange, match.labels);
        case SpecialKind::localhost: return answer_localhost(exchange, match.labels);
        case SpecialKind::loopback: return answer_loopback(exchange, match.labels);
        case SpecialKind::inside: break;
    }
    if (query.target().label_count() > match.labels) exchange.query.rcode = dns::Rcode::NXDOMAIN;
    return deny(exchange, zone_around(exchange, match).labels);
}

}  // namespace kith::answer
