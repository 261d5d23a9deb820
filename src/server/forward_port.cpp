#include "server/forward_port.hpp"

#include <algorithm>

#include "discovery/dnssd/enumeration.hpp"

namespace kith::server {
namespace {

using answer::Query;
using answer::Verdict;

// Names that the configuration says nobody knows are denied for as long as NanoDNS's records live.
constexpr std::uint32_t denial_ttl = 300;

/// Clients are told apart by address; IPv6 by its /64, which is what one host has at hand.
resolve::ClientId client_id(const IpAddress& address) {
    const Bytes bytes = address.bytes();
    std::uint64_t id = 0;
    for (const std::uint8_t byte : bytes.first(std::min<std::size_t>(bytes.size(), 8)))
        id = id << 8 | byte;
    return id;
}

bool dnssec_ok(const Query& query) { return query.view.edns && query.view.edns->dnssec_ok; }

}  // namespace

Verdict WorkerForwardPort::forward(Query& query, dns::MessageBuilder& response) {
    const dns::LookupName& target = query.target();
    if (query.fetched != nullptr &&
        query.fetched->answer->is_for(target.view(), query.type(), dns::RrClass::IN)) {
        return use(*query.fetched->answer, query, response);
    }
    if (snapshot_->resolve_local && discovery::dnssd::is_link_local_name(target.view()))
        return ask_link(query);
    const cache::KeyFlags flags{dnssec_ok(query), query.view.header.has(dns::Header::cd)};
    const dns::NameView as_sent =
        query.steps == 0 ? dns::NameView::unchecked(query.view.qname) : dns::NameView();
    const resolve::AskResult result = forwarder_.ask(
        query.now, {target, query.type(), dns::RrClass::IN, flags, parking_.next_token(),
                    client_id(query.client.address), as_sent});
    switch (result.state) {
        case resolve::AskResult::State::hit: return use(result.answer, query, response);
        case resolve::AskResult::State::parked:
            parking_.park(*arrival_, query);
            return Verdict::later;
        case resolve::AskResult::State::failed:
            query.rcode = dns::Rcode::SERVFAIL;
            if (result.ede) query.explain(*result.ede);
            return Verdict::answered;
        case resolve::AskResult::State::refused: return deny(query, response);
    }
    return Verdict::next;
}

/// Names of the link are asked there, for as many clients at once as it bears, and nowhere else
/// (RFC 6762 §3, §22.1).
Verdict WorkerForwardPort::ask_link(Query& query) {
    if (!ask_local_ || query.fetched != nullptr || local_waiting_ >= local_under_way_max) {
        query.rcode = dns::Rcode::SERVFAIL;
        return Verdict::answered;
    }
    const dns::LookupName& target = query.target();
    const LocalQuestion question{parking_.next_token(), dns::Name(target.view()), query.type(),
                                 client_id(query.client.address)};
    parking_.park(*arrival_, query);
    ++local_waiting_;
    ask_local_(question);
    return Verdict::later;
}

Verdict WorkerForwardPort::use(const cache::CachedAnswer& answer, Query& query,
                               dns::MessageBuilder& response) const {
    const cache::Place place = query.steps == 0 ? cache::Place::question : cache::Place::chain;
    cache::write_answer(answer, query.now, place, response);
    query.rcode = answer.rcode();
    if (answer.ede) query.explain(*answer.ede);
    return Verdict::answered;
}

Verdict WorkerForwardPort::deny(Query& query, dns::MessageBuilder& response) const {
    const dns::LookupName& target = query.target();
    const int labels = snapshot_->answer.forward_labels(target);
    if (labels == 0) return Verdict::next;
    // A domain that is configured to have no upstreams: it does not exist beyond what is local.
    static constexpr std::uint8_t soa_rdata[] = {0, 0, 0,   0, 0, 1,  0,   0, 14, 16, 0,
                                                 0, 3, 132, 0, 9, 58, 128, 0, 0,  1,  44};
    response.add_record(dns::Section::authority, target.suffix(labels), dns::RrType::SOA,
                        dns::RrClass::IN, denial_ttl, soa_rdata);
    query.rcode = dns::Rcode::NXDOMAIN;
    query.explain(dns::EdeCode::prohibited, "not forwarded by configuration");
    return Verdict::answered;
}

}  // namespace kith::server
