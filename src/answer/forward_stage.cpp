// Names that are not ours: looked up elsewhere for those who may, refused for all others.

#include "answer/stage.hpp"

namespace kith::answer {

Verdict forward(Exchange& exchange) {
    const Query& query = exchange.query;
    // Without RD a client wants what we know ourselves; what others asked for is not its business
    // (cache snooping).
    if (!query.forwarding || !query.wants_recursion() || exchange.worker.forward == nullptr) {
        return Verdict::next;
    }
    return exchange.worker.forward->forward(exchange.query, exchange.response);
}

/// No stage owns the name. After an alias the answer so far is right and complete as far as we
/// go (RFC 1034 §4.3.2 step 4 without a cache); else there is nothing to say.
Verdict refuse(Exchange& exchange) {
    Query& query = exchange.query;
    if (query.steps > 0) return Verdict::answered;
    query.rcode = dns::Rcode::REFUSED;
    if (exchange.snapshot.options.forwarding && !query.forwarding) {
        query.explain(dns::EdeCode::prohibited);
    } else {
        query.explain(dns::EdeCode::not_authoritative);
    }
    return Verdict::answered;
}

}  // namespace kith::answer
