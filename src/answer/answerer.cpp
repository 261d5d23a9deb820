#include "answer/answerer.hpp"

#include <algorithm>

#include "answer/records.hpp"

namespace kith::answer {
namespace {

/// UDP services that answer whatever they are sent: a reply to a forged query from one of these
/// ports would start a loop between two servers. And port 0, to which nothing can be sent.
bool answers_back(std::uint16_t port) {
    switch (port) {
        case 0:
        case 7:   // echo
        case 13:  // daytime
        case 17:  // quote of the day
        case 19:  // character generator
        case 37:  // time
            return true;
        default: return false;
    }
}

/// Reads a message that has no single question: with a COOKIE option it asks for a cookie
/// (RFC 7873 §5.4), else it is malformed (RFC 9619 for more than one).
Reading read_without_question(Query& query) {
    if (query.view.header.counts[0] != 0) return Reading::malformed;
    const auto message = dns::MessageView::parse(query.message);
    if (!message || !message->edns() || !message->edns()->option(dns::OptionCode::COOKIE)) {
        return Reading::malformed;
    }
    query.view.edns = message->edns();
    query.view.question_end = dns::header_bytes;
    query.view.qname = {};
    return Reading::cookie_only;
}

/// Reads the message into query.view. Where that fails, the header is all there is to echo.
Reading read(Query& query) {
    if (query.message.size() < dns::header_bytes) return Reading::silence;
    const bool readable = dns::read_query(query.message, query.view).has_value();
    if (query.view.header.has(dns::Header::qr)) return Reading::silence;
    if (is_datagram(query.transport) && answers_back(query.client.port)) return Reading::silence;
    const bool plain = query.view.header.opcode() == dns::Opcode::QUERY;
    if (readable) return plain ? Reading::question : Reading::other_opcode;
    query.view.edns.reset();
    query.view.question_end = dns::header_bytes;
    query.view.qname = {};
    if (!plain) return Reading::other_opcode;
    return read_without_question(query);
}

std::size_t response_limit(const AnswerSnapshot& snapshot, const Query& query) {
    if (!is_datagram(query.transport)) return dns::message_bytes_max;
    if (!query.view.edns) return dns::udp_bytes_plain;
    return query.view.edns->usable_payload(snapshot.options.udp_payload_bytes_max);
}

/// Starts the response: the question is echoed where there is one.
void start(Exchange& exchange, MutableBytes buffer) {
    const Query& query = exchange.query;
    const std::size_t limit = response_limit(exchange.snapshot, query);
    exchange.response.start_response(buffer, limit, query.message, query.view);
    if (query.view.question_end == dns::header_bytes) exchange.response.header().counts[0] = 0;
    if (query.forwarding) exchange.response.set_flag(dns::Header::ra);
}

}  // namespace

void Answerer::prepare(const AnswerSnapshot& snapshot, Query& query) {
    query.rcode = dns::Rcode::NOERROR;
    query.error.reset();
    query.cookie = CookieState::absent;
    query.forwarding = snapshot.forwards_for(query.client.address);
    query.steps = 0;
    query.dname_count = 0;
    query.zone = nullptr;
    query.likely.reset();
    query.reading = read(query);
    if (query.reading != Reading::question) return;
    query.qname.assign(dns::NameView::unchecked(query.view.qname));
    query.zone = snapshot.zones.find(query.qname);
    if (query.zone != nullptr) query.zone->prefetch(query.qname.hash());
}

void Answerer::approach(Query& query) {
    if (query.zone != nullptr) query.likely = query.zone->prefetch_node(query.qname.hash());
}

Answerer::Response Answerer::respond(const AnswerSnapshot& snapshot, Query& query,
                                     MutableBytes buffer) {
    KITH_CHECK(buffer.size() >= response_bytes_min);
    Exchange exchange{snapshot, query, worker_.response, worker_};
    worker_.counters.queries[static_cast<std::size_t>(query.transport)].add();
    worker_.denial.clear();
    // There may not even be a header to start a response from.
    if (query.reading != Reading::silence) start(exchange, buffer);
    const Verdict verdict = run_stages(exchange);
    if (verdict == Verdict::answered) return {verdict, finish(exchange, buffer)};
    if (verdict == Verdict::drop) worker_.counters.silent.add();
    return {verdict, {}};
}

Bytes Answerer::finish(Exchange& exchange, MutableBytes buffer) {
    Query& query = exchange.query;
    dns::MessageBuilder& response = exchange.response;
    // Of aliases made from wildcards whose targets are not ours.
    const bool has_additional = response.header().counts[3] != 0;
    if (!worker_.denial.proofs().empty() && !has_additional &&
        !response.header().has(dns::Header::tc)) {
        add_proofs(exchange);
    }
    const bool truncated = response.header().has(dns::Header::tc);
    if (truncated && !is_datagram(query.transport)) {
        // Over a stream TC would send the client around in a circle.
        start(exchange, buffer);
        query.rcode = dns::Rcode::SERVFAIL;
        query.explain(dns::EdeCode::other, "answer over 65535 bytes");
    } else if (truncated) {
        worker_.counters.truncated.add();
    }
    response.set_rcode(query.rcode);
    if (query.reading != Reading::malformed) worker_.edns.finish(query, response);
    worker_.counters.rcodes[static_cast<std::size_t>(query.rcode) % rcode_count].add();
    return response.finish();
}

}  // namespace kith::answer
