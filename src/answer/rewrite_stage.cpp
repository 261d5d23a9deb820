// Rewrites: before local data, because that is what they are for (NanoDNS: "evaluated before
// local records"), and again for the target of an alias, so that a CNAME is no way around them.
// Rewritten answers are not authoritative: AA stays clear.

#include "answer/records.hpp"

namespace kith::answer {
namespace {

constexpr std::uint32_t rewrite_ttl = 60;  // NanoDNS; short, so that a change is seen soon

Verdict deny(Exchange& exchange, const Rewrites::Match& match, dns::Rcode rcode) {
    exchange.query.rcode = rcode;
    exchange.query.explain(dns::EdeCode::blocked);
    add_made_soa(exchange, dns::Section::authority, target_suffix(exchange.query, match.labels),
                 rewrite_ttl);
    return Verdict::answered;
}

/// The addresses of the rule, and NODATA for every other type.
Verdict redirect(Exchange& exchange, const Rewrites::Match& match) {
    Query& query = exchange.query;
    query.explain(dns::EdeCode::forged_answer);
    const bool any = query.type() == dns::RrType::ANY;
    Owner owner = target_owner(query);
    if (match.rule->v4 && (any || query.type() == dns::RrType::A)) {
        add_record(exchange, dns::Section::answer, owner, dns::RrType::A, rewrite_ttl,
                   *match.rule->v4);
    } else if (match.rule->v6 && (any || query.type() == dns::RrType::AAAA)) {
        add_record(exchange, dns::Section::answer, owner, dns::RrType::AAAA, rewrite_ttl,
                   *match.rule->v6);
    } else {
        add_made_soa(exchange, dns::Section::authority, target_suffix(query, match.labels),
                     rewrite_ttl);
    }
    return Verdict::answered;
}

}  // namespace

Verdict rewrite(Exchange& exchange) {
    const Rewrites::Match match = exchange.snapshot.rewrites.find(exchange.query.target());
    if (!match) return Verdict::next;
    switch (match.rule->action) {
        case RewriteAction::nxdomain: return deny(exchange, match, dns::Rcode::NXDOMAIN);
        case RewriteAction::nodata: return deny(exchange, match, dns::Rcode::NOERROR);
        case RewriteAction::refuse:
            exchange.query.rcode = dns::Rcode::REFUSED;
            exchange.query.explain(dns::EdeCode::blocked);
            return Verdict::answered;
        case RewriteAction::redirect: return redirect(exchange, match);
    }
    return Verdict::next;
}

}  // namespace kith::answer
