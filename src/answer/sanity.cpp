// What can be said about a message before its name matters: silence, header errors, EDNS,
// cookies, and query types that are operations of their own.

#include "answer/stage.hpp"

namespace kith::answer {
namespace {

Verdict answer_with(Exchange& exchange, dns::Rcode rcode) {
    exchange.query.rcode = rcode;
    return Verdict::answered;
}

/// A query without question: the client wants a cookie, or to know if the one it has is good
/// (RFC 7873 §5.4).
Verdict answer_cookie_only(Exchange& exchange) {
    const bool bad = exchange.query.cookie == CookieState::invalid;
    return answer_with(exchange, bad ? dns::Rcode::BADCOOKIE : dns::Rcode::NOERROR);
}

/// Types 128..255 and OPT ask for operations, not for records. nullopt: answered like any type.
std::optional<dns::Rcode> meta_type_rcode(dns::RrType type) {
    switch (type) {
        case dns::RrType::ANY: return std::nullopt;
        case dns::RrType::AXFR:
        case dns::RrType::IXFR:
            return dns::Rcode::REFUSED;  // what a server says to those it gives no transfers
        case dns::RrType::MAILA:
        case dns::RrType::MAILB:
        case dns::RrType::TKEY: return dns::Rcode::NOTIMP;
        default:
            // OPT, TSIG, NXNAME (RFC 9824 §3.5) and numbers nobody has given a meaning.
            return dns::is_meta_type(type) ? std::optional(dns::Rcode::FORMERR) : std::nullopt;
    }
}

}  // namespace

Verdict check_message(Exchange& exchange) {
    switch (exchange.query.reading) {
        case Reading::question:
        case Reading::cookie_only: return Verdict::next;
        case Reading::silence: return Verdict::drop;
        case Reading::other_opcode:
            return Verdict::next;  // EDNS first: BADVERS tells more than NOTIMP
        case Reading::malformed:
            exchange.worker.counters.malformed.add();
            return answer_with(exchange, dns::Rcode::FORMERR);
    }
    return Verdict::drop;
}

Verdict check_edns(Exchange& exchange) {
    Query& query = exchange.query;
    const dns::Rcode rcode =
        exchange.worker.edns.begin(exchange.snapshot, query, exchange.response);
    if (rcode != dns::Rcode::NOERROR) return answer_with(exchange, rcode);
    if (query.cookie != CookieState::absent) {
        exchange.worker.counters.cookies[static_cast<std::size_t>(query.cookie)].add();
    }
    if (query.reading == Reading::other_opcode) return answer_with(exchange, dns::Rcode::NOTIMP);
    if (query.reading == Reading::cookie_only) return answer_cookie_only(exchange);
    // RFC 7873 §5.2.3: over TCP the address is proven anyway.
    const bool unproven =
        query.cookie == CookieState::client_only || query.cookie == CookieState::invalid;
    if (unproven && is_datagram(query.transport) &&
        exchange.snapshot.options.cookie_policy == CookiePolicy::require) {
        return answer_with(exchange, dns::Rcode::BADCOOKIE);
    }
    return Verdict::next;
}

Verdict check_type(Exchange& exchange) {
    const Query& query = exchange.query;
    if (query.view.qclass != dns::RrClass::IN) return answer_with(exchange, dns::Rcode::REFUSED);
    if (const auto rcode = meta_type_rcode(query.type())) return answer_with(exchange, *rcode);
    return Verdict::next;
}

}  // namespace kith::answer
