#include "discovery/dnssd/unicast_backend.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "discovery/dnssd/enumeration.hpp"
#include "discovery/dnssd/limits.hpp"
#include "dns/message_builder.hpp"
#include "dns/rdata.hpp"

namespace kith::discovery::dnssd {

using dns::RrClass;
using dns::RrType;
using dns::Section;

UnicastBackend::UnicastBackend(const Endpoint& server, std::vector<dns::Name> domains, Rng& rng)
    : server_(server), domains_(std::move(domains)), rng_(rng) {}

std::string UnicastBackend::describe() const { return fmt::format("dns {}", server_.to_text()); }

bool UnicastBackend::serves(dns::NameView name) const {
    if (domains_.empty()) return !is_link_local_name(name);
    return std::ranges::any_of(domains_,
                               [name](const dns::Name& domain) { return name.is_under(domain); });
}

std::optional<QueryToken> UnicastBackend::start_query(Time now, const RecordQuestion& question,
                                                      Scope) {
    if (queries_.size() >= unicast_queries_max) return std::nullopt;
    const QueryToken token = ++last_token_;
    Query& query = queries_[token];
    query.question = question;
    ask(now, token, query, Transport::udp);
    return token;
}

void UnicastBackend::stop_query(Time, QueryToken token) {
    const auto found = queries_.find(token);
    if (found == queries_.end()) return;
    close(found->second);
    queries_.erase(found);
}

void UnicastBackend::reconfirm(Time now, const RecordEvent& record) {
    for (auto& [token, query] : queries_) {
        if (query.exchange == 0 && query.question.name == record.owner &&
            query.question.type == record.type) {
            query.tries = 0;
            ask(now, token, query, Transport::udp);
        }
    }
}

dns::Text<PublicationToken> UnicastBackend::publish(Time, std::span<const ServiceRecord>, Scope,
                                                    RenamePolicy) {
    return std::unexpected(dns::TextError{fmt::format(
        "names of {} are registered at the server (dynamic update), not here", describe())});
}

std::optional<BackendEvent> UnicastBackend::poll_event() {
    if (events_.empty()) return std::nullopt;
    BackendEvent out = std::move(events_.front());
    events_.pop_front();
    return out;
}

void UnicastBackend::ask(Time now, QueryToken token, Query& query, Transport transport) {
    close(query);
    std::array<std::uint8_t, 512> buffer;
    dns::MessageBuilder builder;
    query.id = static_cast<std::uint16_t>(rng_.next());
    builder.start_query(buffer, query.id, query.question.name, query.question.type, RrClass::IN);
    builder.set_flag(dns::Header::rd);
    builder.add_opt(dns::udp_bytes_default, dns::Rcode::NOERROR, 0, 0, {});
    const Bytes message = builder.finish();
    query.exchange = ++last_exchange_;
    exchanges_[query.exchange] = token;
    ++query.tries;
    query.at = now + unicast_wait_first * (1 << std::min(query.tries - 1, 4));
    transmits_.push_back({query.exchange, transport, server_, {message.begin(), message.end()}});
}

void UnicastBackend::close(Query& query) {
    if (query.exchange == 0) return;
    transmits_.push_back({query.exchange, Transport::udp, server_, {}});
    exchanges_.erase(query.exchange);
    query.exchange = 0;
}

std::optional<UnicastBackend::Transmit> UnicastBackend::poll_transmit() {
    if (transmits_.empty()) return std::nullopt;
    Transmit out = std::move(transmits_.front());
    transmits_.pop_front();
    return out;
}

void UnicastBackend::on_reply(Time now, std::uint64_t exchange, Bytes message) {
    const auto found = exchanges_.find(exchange);
    if (found == exchanges_.end()) return;
    const QueryToken token = found->second;
    Query& query = queries_.at(token);
    const auto view = dns::MessageView::parse(message);
    if (!view || !view->header().has(dns::Header::qr) || view->header().id != query.id)
        return;  // forged or broken: the right one may follow
    const auto question = view->question();
    if (view->header().counts[0] != 1 || question->name != query.question.name ||
        question->type != query.question.type)
        return;
    if (view->header().has(dns::Header::tc)) {
        query.tries = std::max(0, query.tries - 1);  // the same try goes on
        ask(now, token, query, Transport::tcp);
        return;
    }
    const Answer answer = read(query, message);
    if (!answer.is_good) return retry(now, token, query, answer.why);
    close(query);
    take(now, token, query, answer);
}

UnicastBackend::Answer UnicastBackend::read(const Query& query, Bytes message) const {
    Answer out;
    const auto view = dns::MessageView::parse(message);
    if (!view) return out;
    if (view->rcode() != dns::Rcode::NOERROR && view->rcode() != dns::Rcode::NXDOMAIN) {
        out.why = fmt::format("{} answers {}", describe(), dns::rcode_name(view->rcode()));
        return out;
    }
    out.is_good = true;
    out.ttl_min = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(unicast_poll_max).count());
    dns::Name owner = query.question.name;
    std::vector<std::uint8_t> buffer(dns::rdata_bytes_max);
    const auto expand = [&](const dns::RecordView& record) -> std::optional<Rdata> {
        dns::Writer writer(buffer);
        if (!dns::expand_rdata(message, record, writer)) return std::nullopt;
        return Rdata(writer.written().begin(), writer.written().end());
    };
    for (int alias = 0; alias <= unicast_aliases_max; ++alias) {
        std::optional<dns::Name> next;
        view->for_each(Section::answer, [&](const dns::RecordView& record) {
            if (record.klass != RrClass::IN || record.owner != owner) return;
            const bool wanted =
                record.type == query.question.type || query.question.type == RrType::ANY;
            if (!wanted && record.type != RrType::CNAME) return;
            const auto rdata = expand(record);
            if (!rdata) return;
            out.ttl_min = std::min(out.ttl_min, record.effective_ttl());
            if (wanted) {
                if (out.records.size() < unicast_records_max)
                    out.records.emplace(*rdata, record.effective_ttl());
            } else if (!next) {
                next = dns::Name(*dns::NameView::from_wire(*rdata));
            }
        });
        if (!out.records.empty() || !next) break;
        owner = *next;
    }
    if (!out.records.empty()) return out;
    // How long it may be believed that there is nothing (RFC 2308 §5).
    view->for_each(Section::authority, [&](const dns::RecordView& record) {
        if (record.type != RrType::SOA) return;
        const auto rdata = expand(record);
        if (!rdata || rdata->size() < 4) return;
        out.ttl_min = std::min(
            {out.ttl_min, record.effective_ttl(), load_u32(rdata->data() + rdata->size() - 4)});
    });
    return out;
}

void UnicastBackend::take(Time now, QueryToken token, Query& query, const Answer& answer) {
    const auto event = [&](RecordChange change, const Rdata& rdata, std::uint32_t ttl) {
        events_.push_back(RecordEvent{token, change, 0, IpFamily::none, query.question.name,
                                      query.question.type, ttl, rdata});
    };
    for (const auto& [rdata, ttl] : query.known) {
        if (!answer.records.contains(rdata)) event(RecordChange::removed, rdata, 0);
    }
    for (const auto& [rdata, ttl] : answer.records) {
        if (!query.known.contains(rdata)) event(RecordChange::added, rdata, ttl);
    }
    if (answer.records.empty() && !query.said_absent) event(RecordChange::absent, {}, 0);
    query.said_absent = answer.records.empty();
    query.said_failed = false;
    query.known = answer.records;
    query.tries = 0;
    const Duration life = std::chrono::seconds(answer.ttl_min) * 9 / 10;
    query.at = now + std::clamp(life, unicast_poll_min, unicast_poll_max);
}

void UnicastBackend::retry(Time now, QueryToken token, Query& query, const std::string& why) {
    if (query.tries < unicast_tries) return ask(now, token, query, Transport::udp);
    close(query);
    if (!query.said_failed) events_.push_back(QueryFailure{token, why});
    query.said_failed = true;
    query.tries = 0;
    query.at = now + unicast_failed_wait;
}

void UnicastBackend::on_failed(Time, std::uint64_t exchange) {
    // The timer tries again: at once would be a loop with a server that refuses connections.
    const auto found = exchanges_.find(exchange);
    if (found != exchanges_.end()) close(queries_.at(found->second));
}

std::optional<Time> UnicastBackend::next_deadline() const {
    std::optional<Time> out;
    for (const auto& [token, query] : queries_) {
        if (!out || query.at < *out) out = query.at;
    }
    return out;
}

void UnicastBackend::on_timer(Time now) {
    for (auto& [token, query] : queries_) {
        if (query.at > now) continue;
        if (query.tries == 0) {
            ask(now, token, query, Transport::udp);
        } else {
            retry(now, token, query, fmt::format("{} says nothing", describe()));
        }
    }
}

}  // namespace kith::discovery::dnssd
