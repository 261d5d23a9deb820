// Zones of which this server is a secondary, and of which it has no version that may be told: never
// transferred, or expired (RFC 1034 §4.3.5). To say that their names do not exist, or to ask elsewhere
// for them, would be wrong; SERVFAIL sends the client to another server.

#include "answer/stage.hpp"

namespace kith::answer {

Verdict check_available(Exchange& exchange) {
    if (exchange.snapshot.unavailable == nullptr) return Verdict::next;
    Query& query = exchange.query;
    const auto match = exchange.snapshot.unavailable->closest(query.target());
    if (!match) return Verdict::next;
    // A zone of ours further down knows better.
    if (query.zone != nullptr && query.zone->apex_labels() > match.labels) return Verdict::next;
    query.rcode = dns::Rcode::SERVFAIL;
    query.explain(dns::EdeCode::not_ready, "no current version of the zone");
    return Verdict::answered;
}

}  // namespace kith::answer
