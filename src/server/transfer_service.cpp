#include "server/transfer_service.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "transfer/notify.hpp"
#include "transfer/transfer_out.hpp"

namespace kith::server {
namespace {

using dns::EdeCode;
using dns::Rcode;
using dns::RrType;
using log::kv;
using transfer::Shape;

std::string_view shape_name(Shape shape) {
    switch (shape) {
        case Shape::whole: return "whole";
        case Shape::differences: return "differences";
        case Shape::current: return "current";
    }
    return "none";
}

bool is_notify(const answer::Query& query) {
    return query.view.header.opcode() == dns::Opcode::NOTIFY;
}

}  // namespace

/// A transfer on its way to a client. Keeps the keys of its signer.
class TransferService::OutStream final : public net::TcpStream {
public:
    OutStream(TransferService& service, transfer::TransferOut out,
              std::shared_ptr<const auth::KeyRing> ring, const Endpoint& client)
        : service_(service), ring_(std::move(ring)), out_(std::move(out)), client_(client) {}
    ~OutStream() override {
        const End end = out_.done() ? End::sent : End::cut;
        service_.on_end(out_, client_, end, out_.release_zone());
    }
    Bytes next(MutableBytes buffer) override { return out_.next_message(buffer); }
    bool done() const override { return out_.done(); }

private:
    TransferService& service_;
    std::shared_ptr<const auth::KeyRing> ring_;
    transfer::TransferOut out_;
    Endpoint client_;
};

/// The last message of a transfer has been made, or its client went away before.
void TransferService::on_end(const transfer::TransferOut& out, const Endpoint& client, End end,
                             zone::ZonePtr zone) {
    const bool is_whole = end == End::sent;
    ++(is_whole ? counters_.sent : counters_.cut);
    if (const auto left_out = (is_whole ? sent_lines_ : cut_lines_).take(hooks_.now())) {
        log::write(is_whole ? log::Level::info : log::Level::warning,
                   is_whole ? "transfer.sent" : "transfer.cut", kv("zone", zone->apex().to_text()),
                   kv("serial", zone->serial()), kv("client", client.to_text()),
                   kv("form", shape_name(out.shape())), kv("messages", out.counts().messages),
                   kv("records", out.counts().records), kv("bytes", out.counts().bytes),
                   kv("left_out", *left_out));
    }
    if (hooks_.give_back) hooks_.give_back(std::move(zone));
}

struct TransferService::Exchange {
    const TransferZones& zones;
    const std::shared_ptr<const auth::KeyRing>& ring;
    const answer::Query& query;
    std::size_t streams;
    MutableBytes buffer;
    auth::TsigCheck tsig;
    Answer answer;
    const TransferZone* zone = nullptr;

    transfer::Peer peer() const {
        return {query.client.address, tsig.is_good() ? &tsig.key->name : nullptr};
    }
};

bool TransferService::is_for_us(const answer::Query& query) {
    if (query.reading == answer::Reading::question) {
        return query.view.qtype == RrType::AXFR || query.view.qtype == RrType::IXFR;
    }
    return query.reading == answer::Reading::other_opcode && is_notify(query);
}

TransferService::Answer TransferService::answer(const TransferZones& zones,
                                                const std::shared_ptr<const auth::KeyRing>& ring,
                                                const answer::Query& query, std::size_t streams,
                                                MutableBytes buffer) {
    Exchange exchange{zones, ring, query, streams, buffer, {}, {}, nullptr};
    if (ring != nullptr)
        exchange.tsig = auth::check_tsig_request(query.message, *ring, hooks_.now());
    const auth::TsigVerdict verdict = exchange.tsig.verdict;
    if (verdict != auth::TsigVerdict::good && verdict != auth::TsigVerdict::unsigned_) {
        exchange.answer.is_ours = true;
        log_refused(exchange, exchange.tsig.to_text(hooks_.now()));
        refuse(exchange, exchange.tsig.answer_rcode(), EdeCode::prohibited, "");
    } else if (is_notify(query)) {
        answer_notify(exchange);
    } else {
        answer_transfer(exchange);
    }
    return std::move(exchange.answer);
}

void TransferService::log_refused(const Exchange& exchange, std::string_view why) const {
    log::write(log::Level::debug, is_notify(exchange.query) ? "notify.refused" : "transfer.refused",
               kv("client", exchange.query.client.to_text()), kv("why", why));
}

void TransferService::refuse(Exchange& exchange, Rcode rcode, EdeCode code, std::string_view why) {
    exchange.answer.is_ours = true;
    const auto signer = transfer::make_response_signer(exchange.tsig, hooks_.now);
    if (is_notify(exchange.query)) {
        ++counters_.notify_refused;
        exchange.answer.message = transfer::write_notify_reply(exchange.query.message, rcode,
                                                               signer.get(), exchange.buffer);
        return;
    }
    ++counters_.refused;
    exchange.answer.message = transfer::write_transfer_error(exchange.query.message, rcode, code,
                                                             why, signer.get(), exchange.buffer);
}

void TransferService::answer_transfer(Exchange& exchange) {
    const answer::Query& query = exchange.query;
    exchange.zone = exchange.zones.find(query.qname.view());
    if (exchange.zone == nullptr) return;
    exchange.answer.is_ours = true;
    const auto asked = transfer::read_transfer_query(query.message);
    if (!asked) return refuse(exchange, asked.error(), EdeCode::other, "");
    if (!exchange.zone->policy->allow.allows(exchange.peer())) {
        const bool is_signed = exchange.tsig.is_good();
        log_refused(exchange, "no rule of transfer.allow lets it");
        return refuse(exchange, Rcode::REFUSED, EdeCode::prohibited,
                      is_signed
                          ? "this key may not transfer the zone from this address"
                          : "transfers of the zone are not open to this address without a key");
    }
    UnixTime expires = 0;
    if (exchange.zone->expires_at != nullptr) {
        expires = exchange.zone->expires_at->load(std::memory_order_relaxed);
    }
    const bool is_old = exchange.zone->expires_at != nullptr && expires <= query.unix_now;
    if (exchange.zone->zone == nullptr || is_old) {
        return refuse(exchange, Rcode::SERVFAIL, EdeCode::not_ready,
                      "no current version has come from a primary");
    }
    if (asked->klass != exchange.zone->zone->klass()) {
        return refuse(exchange, Rcode::NOTAUTH, EdeCode::not_authoritative, "");
    }
    transfer::Source source{exchange.zone->zone, {}, {}};
    if (asked->kind == transfer::Kind::ixfr)
        source.changes = exchange.zone->history.since(asked->serial);
    if (exchange.zone->expires_at != nullptr) {
        source.expire_seconds = static_cast<std::uint32_t>(
            std::clamp<UnixTime>(expires - query.unix_now, 0, 0x7fffffff));
    }
    start(exchange, *asked, std::move(source));
}

void TransferService::start(Exchange& exchange, const transfer::TransferQuery& query,
                            transfer::Source source) {
    auto signer = transfer::make_response_signer(exchange.tsig, hooks_.now);
    if (answer::is_datagram(exchange.query.transport)) {
        if (query.kind == transfer::Kind::axfr) {
            // RFC 5936 §4.2: there is no AXFR over UDP.
            return refuse(exchange, Rcode::REFUSED, EdeCode::not_supported,
                          "ask for AXFR over TCP");
        }
        exchange.answer.message = transfer::answer_ixfr_over_udp(
            query, source, signer.get(), dns::udp_bytes_default, exchange.buffer);
        ++(exchange.answer.message.empty() ? counters_.refused : counters_.differences);
        return;
    }
    if (exchange.streams >= net::tcp_streams_max) {
        ++counters_.busy;
        return refuse(exchange, Rcode::SERVFAIL, EdeCode::other,
                      "too many transfers at once; try later");
    }
    transfer::TransferOut out(query, std::move(source), std::move(signer));
    switch (out.shape()) {
        case Shape::whole: ++counters_.whole; break;
        case Shape::differences: ++counters_.differences; break;
        case Shape::current: ++counters_.current; break;
    }
    exchange.answer.stream =
        std::make_unique<OutStream>(*this, std::move(out), exchange.ring, exchange.query.client);
}

void TransferService::answer_notify(Exchange& exchange) {
    exchange.answer.is_ours = true;
    const auto notify = transfer::read_notify(exchange.query.message);
    if (!notify) return refuse(exchange, notify.error(), EdeCode::other, "");
    exchange.zone = exchange.zones.find(notify->zone);
    const bool is_secondary = exchange.zone != nullptr && exchange.zone->policy->is_secondary();
    if (!is_secondary || notify->klass != dns::RrClass::IN) {
        log_refused(exchange, "this server is no secondary of the zone");
        return refuse(exchange, Rcode::NOTAUTH, EdeCode::not_authoritative, "");
    }
    if (!exchange.zone->policy->allow_notify.allows(exchange.peer())) {
        log_refused(exchange,
                    "it comes from no primary, and no rule of transfer.allow_notify lets it");
        return refuse(exchange, Rcode::REFUSED, EdeCode::prohibited, "");
    }
    ++counters_.notified;
    const auto signer = transfer::make_response_signer(exchange.tsig, hooks_.now);
    exchange.answer.message = transfer::write_notify_reply(exchange.query.message, Rcode::NOERROR,
                                                           signer.get(), exchange.buffer);
    if (hooks_.on_notify) hooks_.on_notify({notify->zone, exchange.query.client, notify->serial});
}

}  // namespace kith::server
